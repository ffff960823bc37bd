/** What lies in an earlier tree at a path, held against what the source has there now. */
import { lstatSync } from 'node:fs'
import { requireSystemErrorCode } from '../errors/system-error.ts'
import { type BytePath, systemPath } from '../model/entry-name.ts'
import { type ExpectedEntry, type KeptAttributes, looksAsExpected } from '../model/link-block.ts'
import { isFile, isSameKind, type SourceStatus } from './source-status.ts'

export interface StoredEntry {
  readonly inode: bigint
  readonly links: number
}

export interface Lookalike extends StoredEntry {
  /** The ctime of the copy, not of the source. */
  readonly changedNs: bigint
}

/**
 * The entry that is known to have been stored, or undefined when it is gone or was altered by hand: then
 * it must not be passed on to another snapshot.
 */
export function storedAsItWas(
  path: BytePath,
  source: SourceStatus,
  keeps: KeptAttributes,
): StoredEntry | undefined {
  const stored = lookQuietly(() => lstatSync(systemPath(path), { throwIfNoEntry: false }))
  if (stored === undefined || !looksAsExpected(stored, expectedOf(source), keeps)) return undefined
  return { inode: BigInt(stored.ino), links: stored.nlink }
}

/** What a stored copy of an entry looks like. */
export function expectedOf({ mode, size, mtimeNs, uid, gid }: SourceStatus): ExpectedEntry {
  return {
    mode: Number(mode),
    sizeBytes: Number(size),
    modifiedMs: Number(mtimeNs) / 1e6,
    owner: Number(uid),
    group: Number(gid),
  }
}

/** How the entry at a path compares; alike is what rsync's quick check would take for the source's. */
export type Look =
  | { readonly kind: 'alike'; readonly stored: Lookalike }
  | { readonly kind: 'absent' | 'otherSize' | 'otherTime' }

export function compareWith(path: BytePath, source: SourceStatus, keeps: KeptAttributes): Look {
  const then = lookQuietly(() =>
    lstatSync(systemPath(path), { bigint: true, throwIfNoEntry: false }),
  )
  if (then === undefined || !isSameKind(then, source)) return { kind: 'absent' }
  const stored = { inode: then.ino, links: Number(then.nlink), changedNs: then.ctimeNs }
  if (!isFile(source)) return { kind: 'alike', stored }
  if (then.size !== source.size) return { kind: 'otherSize' }
  const sameTime = keeps.nanoseconds
    ? then.mtimeNs === source.mtimeNs
    : then.mtimeNs / 1_000_000_000n === source.mtimeNs / 1_000_000_000n
  return sameTime ? { kind: 'alike', stored } : { kind: 'otherTime' }
}

/** What cannot be looked at is not there, as far as links go. */
function lookQuietly<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    requireSystemErrorCode(error)
    return undefined
  }
}
