/** Node has no syncfs(2); coreutils has. Cheaper than an fsync of every file, and stronger. */
import { execa } from 'execa'
import { SnapfsError } from '../errors/snapfs-error.ts'

/** Writes everything cached for the file system of `path` to the disk. @throws SnapfsError */
export async function syncFileSystem(path: string): Promise<void> {
  const result = await execa('sync', ['-f', '--', path], { stdin: 'ignore', reject: false })
  if (!result.failed) return
  throw new SnapfsError(
    'REPOSITORY_UNUSABLE',
    'The snapshot could not be written to the disk for certain, so it was not published.',
    { details: [result.stderr || result.shortMessage || 'sync -f failed'] },
  )
}
