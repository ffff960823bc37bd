/** The part of a status that the scan needs, and what kind of entry it is of. */
import type { BigIntStats } from 'node:fs'

/** A whole `BigIntStats` takes twice the memory, and many may have to be kept. */
export type SourceStatus = Pick<
  BigIntStats,
  'dev' | 'ino' | 'mode' | 'nlink' | 'uid' | 'gid' | 'size' | 'mtimeNs' | 'ctimeNs'
>

export type EntryKind = 'file' | 'symlink' | 'special'

/** The bits of a mode that tell the kind of an entry. */
const KIND_BITS = 0o170_000n
const FILE = 0o100_000n
const SYMLINK = 0o120_000n

/** Of everything but a directory. */
export function entryKind({ mode }: Pick<SourceStatus, 'mode'>): EntryKind {
  const bits = mode & KIND_BITS
  return bits === FILE ? 'file' : bits === SYMLINK ? 'symlink' : 'special'
}

export function isFile({ mode }: Pick<SourceStatus, 'mode'>): boolean {
  return (mode & KIND_BITS) === FILE
}

/** Whether both are files, or both symbolic links, and so on. */
export function isSameKind(
  one: Pick<SourceStatus, 'mode'>,
  other: Pick<SourceStatus, 'mode'>,
): boolean {
  return (one.mode & KIND_BITS) === (other.mode & KIND_BITS)
}

/** A copy that can be kept. */
export function keptStatus(status: SourceStatus): SourceStatus {
  const { dev, ino, mode, nlink, uid, gid, size, mtimeNs, ctimeNs } = status
  return { dev, ino, mode, nlink, uid, gid, size, mtimeNs, ctimeNs }
}

/** Whether it has other names; not asked of directories. Symbolic links and pipes may have several, too. */
export function hasTwins({ nlink }: Pick<SourceStatus, 'nlink'>): boolean {
  return nlink > 1n
}
