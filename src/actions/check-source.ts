/** The guards before a backup: a source that is not what it was must not become the newest snapshot. */
import { access, constants, readdir, realpath, stat } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import { contains } from '../model/absolute-path.ts'
import type { Snapshot } from '../model/snapshot.ts'

/**
 * @returns the source without symbolic links
 * @throws SnapfsError SOURCE_REFUSED
 */
export async function checkSource(source: string, repository: string): Promise<string> {
  let real: string
  try {
    real = await realpath(source)
    if (!(await stat(real)).isDirectory()) {
      throw new SnapfsError('SOURCE_REFUSED', `The source ${source} is not a directory.`, {
        hint: 'snapfs backs up directories; give the one that holds it.',
      })
    }
    await access(real, constants.R_OK | constants.X_OK)
  } catch (error) {
    if (error instanceof SnapfsError) throw error
    throw new SnapfsError(
      'SOURCE_REFUSED',
      systemErrorCode(error) === 'ENOENT'
        ? `The source ${source} does not exist.`
        : `The source ${source} cannot be read: ${messageOf(error)}.`,
      { hint: 'Nothing was done. If it is on another disk, is that mounted?', cause: error },
    )
  }
  if (contains(repository, real)) {
    throw new SnapfsError(
      'SOURCE_REFUSED',
      `The source ${source} lies inside the repository ${repository}.`,
      { hint: 'A repository cannot back itself up. To copy it, use rsync -aH.' },
    )
  }
  return real
}

/**
 * An unmounted disk leaves an empty directory behind; a snapshot of that would be right and useless,
 * and in time retention would remove the last good one.
 * @throws SnapfsError SOURCE_REFUSED
 */
export async function refuseSuddenlyEmpty(
  source: string,
  newest: Snapshot | undefined,
): Promise<void> {
  const hadEntries = (newest?.manifest.counts.entries ?? 0) > 1
  if (!hadEntries) return
  let names: readonly string[]
  try {
    names = await readdir(source)
  } catch (error) {
    throw new SnapfsError(
      'SOURCE_REFUSED',
      `The source ${source} cannot be read: ${messageOf(error)}.`,
      { cause: error },
    )
  }
  if (names.length > 0) return
  throw suddenlyEmpty(source)
}

export function suddenlyEmpty(source: string): SnapfsError {
  return new SnapfsError(
    'SOURCE_REFUSED',
    `The source ${source} is empty, but its last snapshot was not.`,
    {
      hint: 'Is its disk mounted? If it is meant to be empty, run once with --accept-shrink.',
    },
  )
}
