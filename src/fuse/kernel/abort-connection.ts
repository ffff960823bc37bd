/** Cutting off a mount from those who are in it: what they ask, and have asked, is answered with an error. */
import { writeFile } from 'node:fs/promises'
import { mountedAt, readMountTable } from '../mount-table.ts'
import { forceUnmount } from '../run-unmount.ts'

/** Of the file system that controls FUSE; whoever mounted may write there. */
const CONNECTIONS = '/sys/fs/fuse/connections'

/** Does what can be done: by the control file system, where it is mounted, and as root by a forced unmount. */
export async function abortConnection(mountpoint: string): Promise<void> {
  const device = mountedAt(await readMountTable(), mountpoint)?.device
  const minor = device?.split(':')[1]
  if (minor === undefined) return
  try {
    await writeFile(`${CONNECTIONS}/${minor}/abort`, '1', { flag: 'r+' })
  } catch {
    await forceUnmount(mountpoint)
  }
}
