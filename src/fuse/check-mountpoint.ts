/** Whether a directory can be mounted on, decided before anything is mounted. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import { contains } from '../model/absolute-path.ts'
import { MOUNT_TYPE } from './driver.ts'
import { mountedAt, readMountTable } from './mount-table.ts'
import { probeMount } from './probe-mount.ts'
import { runUnmount } from './run-unmount.ts'

/**
 * The absolute path of a mountpoint without symbolic links above it. Looks at the parent only, since
 * a look at a hanging mount hangs.
 */
export async function resolveMountpoint(path: string): Promise<string> {
  const absolute = resolve(path)
  try {
    const parent = await realpath(dirname(absolute))
    return absolute === '/' ? '/' : join(parent, basename(absolute))
  } catch (error) {
    throw refused(path, error)
  }
}

/**
 * Checks a mountpoint and clears a mount that a killed snapfs left there.
 * @returns the absolute path without symbolic links
 * @throws SnapfsError MOUNT_FAILED with the reason
 */
export async function checkMountpoint(path: string, repository: string): Promise<string> {
  await clearStaleMount(await resolveMountpoint(path), path)
  const mountpoint = await realDirectory(path)
  // Where the path is a link to it.
  await clearStaleMount(mountpoint, path)
  const mounted = mountedAt(await readMountTable(), mountpoint)
  if (mounted !== undefined) {
    throw new SnapfsError(
      'MOUNT_FAILED',
      `${path} is the root of another mounted file system (${mounted.type}).`,
      { hint: 'Choose an empty directory inside it.' },
    )
  }
  if (contains(repository, mountpoint) || contains(mountpoint, repository)) {
    throw new SnapfsError(
      'MOUNT_FAILED',
      `The mountpoint ${path} and the repository ${repository} lie inside one another.`,
      { hint: 'Mount somewhere else: the process that serves the mount would wait for itself.' },
    )
  }
  if ((await readdir(mountpoint)).length > 0) {
    throw new SnapfsError('MOUNT_FAILED', `The mountpoint ${path} is not empty.`, {
      hint: 'A mount would hide what is in it. Choose an empty directory.',
    })
  }
  return mountpoint
}

async function realDirectory(path: string): Promise<string> {
  try {
    const mountpoint = await realpath(path)
    if ((await stat(mountpoint)).isDirectory()) return mountpoint
  } catch (error) {
    throw refused(path, error)
  }
  throw new SnapfsError('MOUNT_FAILED', `The mountpoint ${path} is not a directory.`)
}

/** A snapfs that was killed leaves a mount that answers ENOTCONN to everything. */
async function clearStaleMount(mountpoint: string, path: string): Promise<void> {
  if (mountedAt(await readMountTable(), mountpoint)?.type !== MOUNT_TYPE) return
  switch (await probeMount(mountpoint)) {
    case 'dead':
      await runUnmount(mountpoint, 'lazily')
      return
    case 'answers':
      throw new SnapfsError('MOUNT_FAILED', `snapfs is already mounted on ${path}.`, {
        hint: `To unmount it: snapfs unmount ${path}`,
      })
    case 'silent':
      throw new SnapfsError('MOUNT_FAILED', `snapfs is mounted on ${path} and does not answer.`, {
        hint: `Its process may have been stopped, or its disk hangs; "snapfs status" names it. To take it away: snapfs unmount --lazy ${path}`,
      })
  }
}

function refused(path: string, error: unknown): SnapfsError {
  const code = systemErrorCode(error)
  if (code === 'ENOENT') {
    return new SnapfsError('MOUNT_FAILED', `The mountpoint ${path} does not exist.`, {
      hint: `Make it first: mkdir ${path}`,
    })
  }
  return new SnapfsError(
    'MOUNT_FAILED',
    `The mountpoint ${path} cannot be used: ${messageOf(error)}.`,
    { cause: error },
  )
}
