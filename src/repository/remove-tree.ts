/**
 * Deleting a tree whose files share inodes with published snapshots: names are unlinked, and no file
 * is ever chmod-ed, since that would show in every snapshot. Directories are never shared; those that
 * forbid their own emptying (mode 0500, as a source may have them) are opened first.
 */
import { chmod, lstat, readdir, rmdir, unlink } from 'node:fs/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import { showLife } from '../model/sign-of-life.ts'
import { type BytePath, bytePathFromText, joinPath, systemPath } from '../model/entry-name.ts'

/** Removes a file or a whole tree; absence is fine. @throws the operating system's error */
export async function removeTree(path: string): Promise<void> {
  await removeEntry(bytePathFromText(path))
}

async function removeEntry(path: BytePath): Promise<void> {
  const status = await lstat(systemPath(path)).catch(ignoreAbsence)
  if (status === undefined) return
  if (status.isDirectory()) await removeDirectory(path)
  else await unlink(systemPath(path))
}

async function removeDirectory(path: BytePath): Promise<void> {
  const system = systemPath(path)
  const status = await lstat(system)
  if ((status.mode & 0o700) !== 0o700) await chmod(system, 0o700)
  const entries = await readdir(system, { withFileTypes: true, encoding: 'latin1' })
  for (const entry of entries) {
    showLife()
    const child = joinPath(path, entry.name)
    if (entry.isDirectory()) await removeDirectory(child)
    else await unlink(systemPath(child))
  }
  await rmdir(system)
}

function ignoreAbsence(error: unknown): undefined {
  if (systemErrorCode(error) === 'ENOENT') return undefined
  throw error
}
