/** What a failed write to the repository means for the user. */
import { access } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import { MARKER_NAME } from './layout.ts'

/** Turns an error of the operating system into a sentence with the right exit code; others pass through. */
export function storageError(error: unknown, repository: string): unknown {
  if (error instanceof SnapfsError) return error
  const code = systemErrorCode(error)
  switch (code) {
    case 'ENOSPC':
      return new SnapfsError(
        'DESTINATION_FULL',
        `The file system of the repository ${repository} has no space or no inodes left.`,
        { hint: 'Make room and run again; nothing was published.', cause: error },
      )
    case 'EDQUOT':
      return new SnapfsError(
        'DESTINATION_FULL',
        `The quota of the file system of the repository ${repository} is used up.`,
        { hint: 'Make room and run again; nothing was published.', cause: error },
      )
    case 'EROFS':
      return unusable(`The repository ${repository} is on a read-only file system.`, error)
    case 'EACCES':
    case 'EPERM':
      return unusable(
        `The repository ${repository} may not be written: ${messageOf(error)}.`,
        error,
      )
    case 'EIO':
    case 'ESTALE':
    case 'ENOTCONN':
    case 'ENODEV':
    case 'EUCLEAN':
      return unusable(
        `The disk of the repository ${repository} failed: ${messageOf(error)}.`,
        error,
      )
    case 'EMLINK':
    case 'EINTR':
    case 'EINVAL':
    case 'EFBIG':
    case 'EBUSY':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
      return unusable(
        `The repository ${repository} could not be written: ${messageOf(error)}.`,
        error,
      )
    default:
      return error
  }
}

function unusable(message: string, cause: unknown): SnapfsError {
  return new SnapfsError('REPOSITORY_UNUSABLE', message, { cause })
}

/** Runs a step that writes to the repository, with its failures translated. */
export async function withStorageErrors<T>(repository: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw storageError(error, repository)
  }
}

/** The same for a repository that was there when the step began. */
export async function inRepository<T>(repository: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw (await wentAway(error, repository)) ?? storageError(error, repository)
  }
}

/** How what is missing shows itself: to us, to sync, to rsync. */
const SIGNS: ReadonlySet<string | undefined> = new Set([
  ...['ENOENT', 'ENOTDIR', 'REPOSITORY_UNUSABLE', 'RSYNC_FAILED'],
])

/** What is missing in a repository that is there is a defect; a disk that was taken away is none. */
async function wentAway(error: unknown, repository: string): Promise<SnapfsError | undefined> {
  const sign = error instanceof SnapfsError ? error.code : systemErrorCode(error)
  if (!SIGNS.has(sign)) return undefined
  try {
    await access(`${repository}/${MARKER_NAME}`)
    return undefined
  } catch (absence) {
    // A disk that fails is there, and has a sentence of its own.
    if (systemErrorCode(absence) !== 'ENOENT') return undefined
    return new SnapfsError(
      'REPOSITORY_NOT_FOUND',
      `The repository ${repository} went away in the middle of the work.`,
      {
        hint: 'Nothing was published. If its disk was unmounted, mount it, and run again.',
        ...(error instanceof SnapfsError ? { details: error.details } : {}),
        cause: error,
      },
    )
  }
}
