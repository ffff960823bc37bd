/**
 * Names that exist only in by-file. Programs trust an extension only when it comes last, so the time
 * goes before it: `report@2026-11-20_09-00-00.odt`. Names are bytes, one per character.
 */
import { createHash } from 'node:crypto'
import { type EntryName, nameFromBytes } from '../model/entry-name.ts'

/** NAME_MAX of every Linux file system; cp, tar and a restore fail on longer ones. */
const NAME_LIMIT_BYTES = 255
const COMPOUND = /\.tar\.(?:gz|xz|zst|bz2|lz4|lz|lzma|Z)$/u
const EXTENSION = /\.[A-Za-z0-9_+~-]{1,16}$/u

/** Splits a name before its extension. A leading dot belongs to the stem, `.tar.gz` is one extension. */
export function splitExtension(name: EntryName): {
  readonly stem: string
  readonly extension: string
} {
  for (const pattern of [COMPOUND, EXTENSION]) {
    const extension = pattern.exec(name)?.[0]
    if (extension === undefined) continue
    const stem = name.slice(0, name.length - extension.length)
    if (!/^\.*$/u.test(stem)) return { stem, extension }
  }
  return { stem: name, extension: '' }
}

/** The name of a version that was first seen at a time, given as text. */
export function versionName(name: EntryName, time: string): EntryName {
  const { stem, extension } = splitExtension(name)
  return withStemCut(stem, `@${time}${extension}`)
}

export const WAS_FILE = ' (was file)'

/**
 * Where the versions of a path are shown whose plain name is taken by the directory it also was.
 * @param isTaken whether a stored entry has a name; stored entries keep theirs
 */
export function wasFileName(name: EntryName, isTaken: (name: EntryName) => boolean): EntryName {
  let candidate = withStemCut(name, WAS_FILE)
  for (let count = 2; isTaken(candidate); count += 1) {
    candidate = withStemCut(name, `${WAS_FILE} (${count})`)
  }
  return candidate
}

/** Appends, and keeps within 255 bytes: the stem is cut at a character, and a hash stands for the rest. */
function withStemCut(stem: string, suffix: string): EntryName {
  if (stem.length + suffix.length <= NAME_LIMIT_BYTES) return nameFromBytes(stem + suffix)
  const hash = createHash('sha256').update(stem, 'latin1').digest('hex').slice(0, 6)
  let length = NAME_LIMIT_BYTES - suffix.length - hash.length - 1
  // 10xxxxxx is never the first byte of a UTF-8 character.
  while (length > 0 && (stem.charCodeAt(length) & 0xc0) === 0x80) length -= 1
  return nameFromBytes(`${stem.slice(0, length)}~${hash}${suffix}`)
}
