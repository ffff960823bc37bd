/** Node has no syncfs(2); coreutils has. Cheaper than an fsync of every file, and stronger. */
import { execa } from 'execa'
import { stat } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { giveSign } from '../model/sign-of-life.ts'

/** Writes everything cached for the file system of `path` to the disk. @throws SnapfsError */
export async function syncFileSystem(path: string): Promise<void> {
  giveSign({ kind: 'disk', device: (await stat(path)).dev })
  const result = await execa('sync', ['-f', '--', path], {
    stdin: 'ignore',
    env: { LC_ALL: 'C' },
    reject: false,
  })
  if (!result.failed) return
  // Where space is only promised until then (a network, a thin volume), this is the first to hear of it.
  if (/No space left on device|Disk quota exceeded/u.test(result.stderr)) {
    throw new SnapfsError(
      'DESTINATION_FULL',
      'The file system of the repository ran out of space while the snapshot was written to the disk.',
      { hint: 'Make room and run again; nothing was published.', details: [result.stderr] },
    )
  }
  throw new SnapfsError(
    'REPOSITORY_UNUSABLE',
    'The snapshot could not be written to the disk for certain, so it was not published.',
    { details: [result.stderr || result.shortMessage || 'sync -f failed'] },
  )
}
