/** `snapfs unmount`: end a mount. Asks the kernel's table only: a hanging mount must not hang this. */
import { SnapfsError } from '../errors/snapfs-error.ts'
import { resolveMountpoint } from '../fuse/check-mountpoint.ts'
import { MOUNT_TYPE } from '../fuse/driver.ts'
import { mountedAt, readMountTable } from '../fuse/mount-table.ts'
import { runUnmount } from '../fuse/run-unmount.ts'
import { findHolders } from './find-holders.ts'

/**
 * @param lazily also when files are open: they stay readable until the serving process ends
 * @throws SnapfsError MOUNT_FAILED or FUSE_UNAVAILABLE
 */
export async function unmount(path: string, lazily: 'lazily' | 'plainly'): Promise<void> {
  const mountpoint = await resolveMountpoint(path)
  const mounted = mountedAt(await readMountTable(), mountpoint)
  if (mounted?.type !== MOUNT_TYPE) {
    throw new SnapfsError(
      'MOUNT_FAILED',
      mounted === undefined
        ? `Nothing is mounted on ${path}.`
        : `What is mounted on ${path} is not snapfs but ${mounted.type}.`,
    )
  }
  const result = await runUnmount(mountpoint, lazily)
  switch (result.kind) {
    case 'unmounted':
      return
    case 'busy': {
      const holders = await findHolders(mountpoint)
      throw new SnapfsError('MOUNT_FAILED', `${path} is in use.`, {
        hint:
          holders.length === 0
            ? 'No process is seen that has something open there; one may be asking just now. Try again, or use --lazy.'
            : 'Close what is open there, or use --lazy: what is open then stays readable.',
        details: holders.map(({ pid, name, has }) => `${name} (process ${pid}): ${has}`),
      })
    }
    case 'no-fusermount':
      throw new SnapfsError('FUSE_UNAVAILABLE', 'The program fusermount is not installed.', {
        hint: 'On Debian and Ubuntu: apt-get install fuse3.',
      })
    case 'failed':
      throw new SnapfsError('MOUNT_FAILED', `${path} could not be unmounted.`, {
        details: [result.message],
      })
  }
}
