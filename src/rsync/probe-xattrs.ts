/**
 * Whether a file system keeps extended attributes. Node cannot set any, but `rsync --fake-super` stores
 * a mode that would lock its owner out in one, so copying a read-only file is a test.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { runRsync } from './run-rsync.ts'

/** @param parent a directory of the file system in question; what is made there is removed again */
export async function probeXattrs(parent: string, signal: AbortSignal): Promise<boolean> {
  const directory = await mkdtemp(`${parent}/.probe-`)
  try {
    await writeFile(`${directory}/from`, '', { mode: 0o400 })
    const end = await runRsync({
      arguments: ['--perms', '--fake-super', '--', `${directory}/from`, `${directory}/to`],
      signal,
      onLine: () => undefined,
    })
    return end.exitCode === 0
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
