/**
 * The words in which it is said what is to be linked: by the directory, since an entry alone is too little to be
 * passed on to another thread.
 */
import type { Stats } from 'node:fs'
import type { BytePath } from './entry-name.ts'

/** From so many links on an inode is not linked any more; ext4 ends at 65,000, btrfs at 65,535. */
export const LINKS_LIMIT = 64_000

/** What the repository keeps, so that a stored entry can be asked whether it is still what it was. */
export interface KeptAttributes {
  readonly nanoseconds: boolean
  readonly modes: boolean
  readonly owners: boolean
}

/** What a stored entry must look like. */
export interface ExpectedEntry {
  /** With the bits of the kind. */
  readonly mode: number
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly owner: number
  readonly group: number
}

/** Entries to be linked into one directory, from one directory. Bytes as characters. */
export interface LinkBlock {
  /** Below the tree that is filled; empty for its root. */
  readonly directory: string
  readonly names: readonly string[]
  /** The directory they lie in, absolute. */
  readonly lies: BytePath
  /** The names they have there, when those are others. */
  readonly olderNames?: readonly string[]
  /** What each must look like; absent where that has been made sure of. */
  readonly expected?: Float64Array
}

/** Paths are below the tree. */
export interface LinkOutcome {
  readonly linked: number
  /** Not linked: what lies there is not what was expected, or has no room for one more link. */
  readonly altered: readonly string[]
  /** Not linked, since the file system would not. */
  readonly refused: readonly string[]
  /** Why the first was refused, as errno name. */
  readonly reason: string | undefined
}

/** Whoever links, now or later. */
export interface Linker {
  /** @throws the operating system's error of this block or of an earlier one */
  add(block: LinkBlock): void
  /** Waits until all that was added is done. @returns what came of it since the last time */
  settle(): Promise<LinkOutcome>
}

const NUMBERS_PER_ENTRY = 5

/** Room for what so many entries must look like. */
export function expectations(entries: number): Float64Array {
  return new Float64Array(entries * NUMBERS_PER_ENTRY)
}

export function writeExpected(into: Float64Array, index: number, expected: ExpectedEntry): void {
  const { mode, sizeBytes, modifiedMs, owner, group } = expected
  const at = index * NUMBERS_PER_ENTRY
  into[at] = mode
  into[at + 1] = sizeBytes
  into[at + 2] = modifiedMs
  into[at + 3] = owner
  into[at + 4] = group
}

export function readExpected(from: Float64Array, index: number): ExpectedEntry {
  const at = index * NUMBERS_PER_ENTRY
  const [mode = 0, sizeBytes = 0, modifiedMs = 0, owner = 0, group = 0] = from.subarray(
    at,
    at + NUMBERS_PER_ENTRY,
  )
  return { mode, sizeBytes, modifiedMs, owner, group }
}

/** Whether a stored entry is what was stored: one that was altered by hand must not be passed on. */
export function looksAsExpected(
  found: Pick<Stats, 'mode' | 'size' | 'mtimeMs' | 'uid' | 'gid'>,
  expected: ExpectedEntry,
  keeps: KeptAttributes,
): boolean {
  const sameTime = keeps.nanoseconds
    ? // The exact comparison was made against the state; a double holds a present time to a microsecond.
      Math.abs(found.mtimeMs - expected.modifiedMs) < 1
    : Math.floor(found.mtimeMs / 1000) === Math.floor(expected.modifiedMs / 1000)
  return (
    (found.mode & KIND_BITS) === (expected.mode & KIND_BITS) &&
    found.size === expected.sizeBytes &&
    sameTime &&
    (!keeps.modes || found.mode === expected.mode) &&
    (!keeps.owners || (found.uid === expected.owner && found.gid === expected.group))
  )
}

/** The bits of a mode that tell the kind of an entry. */
const KIND_BITS = 0o170_000
