/**
 * Linking the entries of one block, a system call at a time: a promise for each link costs more than the link. Runs
 * in the thread of whoever calls.
 */
import { linkSync, lstatSync } from 'node:fs'
import { requireSystemErrorCode, systemErrorCode } from '../errors/system-error.ts'
import { type BytePath, joinPath, systemPath } from '../model/entry-name.ts'
import {
  type KeptAttributes,
  type LinkBlock,
  LINKS_LIMIT,
  looksAsExpected,
  readExpected,
} from '../model/link-block.ts'

export interface LinkPlace {
  /** The root of the tree that is filled; undefined: it is only looked what would be linked. */
  readonly tree: BytePath | undefined
  readonly keeps: KeptAttributes
}

/** What came of blocks, added up. */
export interface LinkTally {
  linked: number
  readonly altered: string[]
  readonly refused: string[]
  reason: string | undefined
}

export function emptyTally(): LinkTally {
  return { linked: 0, altered: [], refused: [], reason: undefined }
}

/** Why one link may be impossible while others are not: no room, a foreign file, or it has gone. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['EMLINK', 'EPERM', 'EACCES', 'ENOENT', 'ENOTDIR', 'ENOTSUP', 'ELOOP'],
])

/**
 * @param onEntry is called before each entry; when it returns false the rest is left
 * @throws the operating system's error when the file system fails, not when one entry cannot be linked
 */
export function linkBlock(
  block: LinkBlock,
  { tree, keeps }: LinkPlace,
  tally: LinkTally,
  onEntry: () => boolean,
): void {
  const { directory, names, lies, olderNames = names, expected } = block
  for (const [index, name] of names.entries()) {
    if (!onEntry()) return
    const stored = systemPath(joinPath(lies, olderNames[index] ?? name))
    const path = directory === '' ? name : `${directory}/${name}`
    if (expected !== undefined && !isIntact(stored, expected, index, keeps)) {
      tally.altered.push(path)
      continue
    }
    try {
      if (tree !== undefined) linkSync(stored, systemPath(joinPath(tree, path)))
      tally.linked += 1
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === undefined || !REFUSALS.has(code)) throw error
      tally.reason ??= code
      tally.refused.push(path)
    }
  }
}

/** What cannot be looked at is not there, as far as links go. */
function isIntact(
  stored: Buffer | string,
  expected: Float64Array,
  index: number,
  keeps: KeptAttributes,
): boolean {
  try {
    const found = lstatSync(stored, { throwIfNoEntry: false })
    return (
      found !== undefined &&
      found.nlink < LINKS_LIMIT &&
      looksAsExpected(found, readExpected(expected, index), keeps)
    )
  } catch (error) {
    requireSystemErrorCode(error)
    return false
  }
}
