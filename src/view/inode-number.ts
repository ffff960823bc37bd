/**
 * Inode numbers of the view. A stored file keeps its own, whatever path leads to it, so that du, tar
 * and rsync see what is shared. Directories exist once per path of the view, or find would report
 * loops; their numbers are made from the path, with the highest bit set, where no disk numbers inodes.
 */
import { hash } from 'node:crypto'
import type { Entry } from '../model/entry.ts'
import type { StoredNode } from './view-node.ts'

const SYNTHETIC_BIT = 1n << 63n

/** 0 means "no inode" to readers of directories, 1 is the root of a FUSE mount. */
const RESERVED_BELOW = 2n

/** A directory is asked for its number several times, by itself and by what is in it. */
const REMEMBERED = 1000
const remembered = new Map<string, bigint>()

/**
 * The number of something only the view has, from a text that names it. From a cryptographic hash, or who names files could
 * have one directory stand for another.
 */
export function syntheticInode(key: string): bigint {
  const known = remembered.get(key)
  if (known !== undefined) return known
  const digest = hash('sha256', Buffer.from(key, 'latin1'), 'buffer')
  const inode = digest.readBigUInt64LE(0) | SYNTHETIC_BIT
  if (remembered.size >= REMEMBERED) remembered.clear()
  remembered.set(key, inode)
  return inode
}

/** The number of an entry of a snapshot. */
export function storedInode({ series, snapshot, path, entry, way }: StoredNode): bigint {
  if (entry.kind === 'directory') {
    return syntheticInode(`${way}/${series.profile}/${snapshot.id}/${path.join('/')}`)
  }
  return versionInode(entry)
}

/** The number of a stored entry that is no directory, which is the same everywhere. */
export function versionInode({ inode }: Entry): bigint {
  return inode >= RESERVED_BELOW ? inode : syntheticInode(`inode/${inode}`)
}
