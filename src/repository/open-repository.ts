/** Finding a repository that is there, and saying plainly when it is not. */
import { realpath, stat } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import { readMarker } from './marker.ts'

export interface Repository {
  /** Absolute, without symbolic links. */
  readonly path: string
  readonly id: string
}

/**
 * Opens the repository at a path. Never creates anything: a disk that is not mounted must not become a
 * fresh, empty repository on the disk below.
 * @throws SnapfsError REPOSITORY_NOT_FOUND or REPOSITORY_UNUSABLE
 */
export async function openRepository(path: string): Promise<Repository> {
  try {
    const real = await realpath(path)
    if (!(await stat(real)).isDirectory()) {
      throw new SnapfsError('REPOSITORY_NOT_FOUND', `${path} is not a directory.`, {
        hint: 'A repository is a directory made by: snapfs init REPO.',
      })
    }
    const reading = await readMarker(real)
    switch (reading.kind) {
      case 'marker':
        return { path: real, id: reading.marker.id }
      case 'newer':
        throw new SnapfsError(
          'REPOSITORY_UNUSABLE',
          `The repository ${path} has format ${reading.format}, which this snapfs does not know.`,
          { hint: 'It was made by a newer snapfs; update this one.' },
        )
      case 'damaged':
        throw new SnapfsError(
          'REPOSITORY_UNUSABLE',
          `The marker ${path}/snapfs.json is damaged: ${reading.reason}.`,
          {
            hint: 'The snapshots can still be copied with cp; README.txt in the repository says how.',
          },
        )
    }
  } catch (error) {
    if (error instanceof SnapfsError) throw error
    throw notOpened(path, error)
  }
}

function notOpened(path: string, error: unknown): unknown {
  switch (systemErrorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new SnapfsError('REPOSITORY_NOT_FOUND', `There is no repository at ${path}.`, {
        hint: `If its disk is not mounted, mount it. For a new repository: snapfs init ${path}`,
        cause: error,
      })
    case 'EACCES':
    case 'EPERM':
    case 'EIO':
    case 'ENOTCONN':
    case 'ESTALE':
    case 'ELOOP':
      return new SnapfsError(
        'REPOSITORY_UNUSABLE',
        `The repository ${path} cannot be read: ${messageOf(error)}.`,
        { cause: error },
      )
    default:
      return error
  }
}
