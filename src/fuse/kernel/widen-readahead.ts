/** Larger reads for a mount of root: the kernel reads ahead by 128 KiB, and each of these is a question. */
import { writeFile } from 'node:fs/promises'
import { mountedAt, readMountTable } from '../mount-table.ts'

/** As much as one answer holds. */
const READAHEAD_KIB = 1024

/** Where it cannot be done, nothing is lost but time. */
export async function widenReadahead(mountpoint: string): Promise<void> {
  const device = mountedAt(await readMountTable(), mountpoint)?.device
  if (device === undefined) return
  await writeFile(`/sys/class/bdi/${device}/read_ahead_kb`, `${READAHEAD_KIB}\n`).catch(
    () => undefined,
  )
}
