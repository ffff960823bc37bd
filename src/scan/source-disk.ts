/**
 * What a source lies on, in terms that outlive a reboot: the number that `stat` gives for a device may change, and
 * so may the name of a disk. A directory that a file system made has an inode number and a time of birth that stay
 * for good; those of its root are as good as a name for the whole of it, and go with every copy of the blocks.
 */
import { lstat } from 'node:fs/promises'
import { type BytePath, bytePathFromText, systemPath } from '../model/entry-name.ts'
import type { SourceDisk } from '../model/manifest.ts'
import { mountAround } from '../model/mount-around.ts'

/** Paths as bytes, one character each. */
export interface MountWithRoot {
  readonly mountpoint: string
  readonly type: string
  readonly source: string
  /** Which directory of the file system is seen at the mountpoint. */
  readonly root: string
}

/**
 * File systems whose root is made once, by mkfs. Not those whose subvolumes and data sets are made anew by a
 * rollback (btrfs, zfs, bcachefs), those that live in memory, are put together from others, or are elsewhere.
 */
const MADE_ONCE: ReadonlySet<string> = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'f2fs', 'jfs'])

/** @returns undefined when the table of mounts does not tell */
export async function readSourceDisk(
  source: string,
  mounts: readonly MountWithRoot[],
): Promise<SourceDisk | undefined> {
  const path = bytePathFromText(source)
  const mount = mountAround(mounts, path)
  if (mount === undefined) return undefined
  const { mountpoint, type } = mount
  const isMadeOnce = MADE_ONCE.has(type) && mount.root === '/'
  const root = isMadeOnce ? await identityOf(mountpoint as BytePath) : undefined
  const directory = await identityOf(path)
  return {
    mountpoint: Buffer.from(mountpoint, 'latin1').toString('utf8'),
    type,
    mounted: Buffer.from(mount.source, 'latin1').toString('utf8'),
    ...(root === undefined ? {} : { root }),
    ...(directory === undefined ? {} : { directory }),
  }
}

/**
 * Inode number and time of birth. Where a file system keeps no such time it comes as 0, and from an old kernel as
 * the time of the last change.
 */
async function identityOf(path: BytePath): Promise<string | undefined> {
  const { ino, birthtimeNs, ctimeNs } = await lstat(systemPath(path), { bigint: true })
  return birthtimeNs === 0n || birthtimeNs === ctimeNs ? undefined : `${ino} ${birthtimeNs}`
}
