/**
 * Inode numbers of the view. A stored file keeps its own, whatever path leads to it, so that du, tar
 * and rsync see what is shared. Directories exist once per path of the view, or find would report
 * loops; their numbers are made from the path, with the highest bit set, where no disk numbers inodes.
 */
import { createHash } from 'node:crypto'
import type { Entry } from '../model/entry.ts'
import type { EntryPath } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'

const SYNTHETIC_BIT = 1n << 63n

/** 0 means "no inode" to readers of directories, 1 is the root of a FUSE mount. */
const RESERVED_BELOW = 2n

/** The number of something only the view has, from a text that names it. */
export function syntheticInode(key: string): bigint {
  const digest = createHash('sha256').update(key, 'latin1').digest()
  return digest.readBigUInt64LE(0) | SYNTHETIC_BIT
}

/** The number of an entry of a snapshot, at its path in by-date. */
export function storedInode(
  profile: string,
  snapshot: Snapshot,
  path: EntryPath,
  entry: Entry,
): bigint {
  if (entry.kind === 'directory') {
    return syntheticInode(`date/${profile}/${snapshot.id}/${path.join('/')}`)
  }
  if (entry.inode >= RESERVED_BELOW) return entry.inode
  return syntheticInode(`inode/${entry.inode}`)
}
