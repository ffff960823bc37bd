/** Small file systems of our own, on loop devices and in memory. */
/* global performance */
import { mkdir, rm, statfs, truncate, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from './processes.mjs'

const MIB = 1024 * 1024
/** mkfs.xfs refuses less. */
const XFS_MIB = 300
const BUSY_LIMIT_MS = 10_000
const NAMESPACE_LIMIT_MS = 60_000

/** @typedef {'ext4' | 'xfs' | 'tmpfs'} Kind */

/**
 * A sparse file that holds an empty file system.
 * @param {string} image
 * @param {'ext4' | 'xfs'} kind
 * @param {{ sizeMiB?: number, inodes?: number }} [options]
 */
export async function makeImage(image, kind, { sizeMiB = 96, inodes } = {}) {
  await writeFile(image, '')
  await truncate(image, (kind === 'xfs' ? Math.max(sizeMiB, XFS_MIB) : sizeMiB) * MIB)
  if (kind === 'xfs') await run('mkfs.xfs', ['-q', image])
  else {
    const extra = inodes === undefined ? [] : ['-N', String(inodes)]
    await run('mkfs.ext4', ['-q', '-m', '0', '-I', '256', ...extra, image])
  }
}

/**
 * Mounts what is on an image, from the image.
 * @param {string} image
 * @param {string} mountpoint is made
 */
export async function mountImage(image, mountpoint) {
  await mkdir(mountpoint, { recursive: true })
  await released(image)
  await run('mount', ['-o', 'loop', image, mountpoint])
}

/**
 * Waits until an image is mounted nowhere. Whoever had a mount namespace made while it was mounted has a copy of that
 * mount; while it lives, a second mount would get the same file system, with all that it has in memory, and one of a
 * copy of an xfs is refused for its equal UUID.
 * @param {string} image
 */
export async function released(image) {
  const end = performance.now() + NAMESPACE_LIMIT_MS
  while ((await run('losetup', ['--associated', image])) !== '') {
    if (performance.now() > end) throw new Error(`${image} is still mounted somewhere`)
    await sleep(50)
  }
}

/**
 * @param {string} mountpoint is made
 * @param {{ sizeMiB: number, inodes?: number }} size
 */
export async function mountMemory(mountpoint, { sizeMiB, inodes }) {
  await mkdir(mountpoint, { recursive: true })
  const extra = inodes === undefined ? '' : `,nr_inodes=${inodes}`
  await run('mount', [
    '-t',
    'tmpfs',
    '-o',
    `mode=755,size=${sizeMiB}m${extra}`,
    'tmpfs',
    mountpoint,
  ])
}

/** Takes a mount away; waits for those who have just been killed in it. */
export async function unmount(/** @type {string} */ mountpoint) {
  const end = performance.now() + BUSY_LIMIT_MS
  for (;;) {
    try {
      await run('umount', ['--', mountpoint])
      return
    } catch (error) {
      if (performance.now() > end || !/busy/u.test(String(error))) throw error
      await sleep(50)
    }
  }
}

/**
 * A power cut: what is not on the disk never gets there. Whoever calls it has to look at what it gives.
 * @param {string} mountpoint
 * @param {'as it is' | 'journal first'} what whether what the journal holds in memory still gets to the disk,
 *   without the data of the files it speaks of
 * @returns {Promise<boolean>} whether the file system is down, which is seen by asking it for a file
 */
export async function cutPower(mountpoint, what) {
  const command = what === 'as it is' ? 'shutdown' : 'shutdown -f'
  await run('xfs_io', ['-x', '-c', command, mountpoint])
  const asked = `${mountpoint}/after-the-cut`
  try {
    await writeFile(asked, '', { flag: 'wx' })
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EIO'
  }
  await rm(asked)
  return false
}

/** @param {string} mountpoint */
export async function roomIn(mountpoint) {
  const { bavail, bsize, blocks, bfree, files, ffree } = await statfs(mountpoint)
  return {
    freeBytes: bavail * bsize,
    usedBytes: (blocks - bfree) * bsize,
    freeInodes: ffree,
    usedInodes: files - ffree,
  }
}

/**
 * Fills a file system until so many bytes are left.
 * @param {string} mountpoint
 * @param {number} leaveBytes
 */
export async function fillBytes(mountpoint, leaveBytes) {
  await mkdir(`${mountpoint}/filler`)
  let before = Infinity
  for (let part = 0, refused = 0; refused < 24; part += 1) {
    const { freeBytes } = await roomIn(mountpoint)
    const surplus = freeBytes - leaveBytes
    if (surplus <= 0) return
    // What takes nothing is as good as refused, or this would go on for ever.
    if (freeBytes >= before) refused += 1
    before = freeBytes
    const bytes = Math.max(4096, Math.floor(surplus / 2 ** refused / 4096) * 4096)
    const file = `${mountpoint}/filler/${part}`
    // The map of a file takes blocks too, so the last ones may have to be asked for in smaller pieces.
    await run('fallocate', ['-l', String(bytes), file]).catch(() => (refused += 1))
  }
}

/**
 * Makes empty files until so many inodes are left.
 * @param {string} mountpoint
 * @param {number} leave
 */
export async function fillInodes(mountpoint, leave) {
  await mkdir(`${mountpoint}/filler`)
  for (let left = (await roomIn(mountpoint)).freeInodes; left > leave; left -= 1) {
    await writeFile(`${mountpoint}/filler/${left}`, '')
  }
}

/** @param {string} mountpoint */
export async function makeRoom(mountpoint) {
  await rm(`${mountpoint}/filler`, { recursive: true, force: true })
}
