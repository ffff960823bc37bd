/** `snapfs open-versions`: the versions of a file in a file manager. */
import type { FileManager } from '../desktop/menu-files.ts'
import { showDirectory, showMessage } from '../desktop/start-file-manager.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { printableSentence } from '../model/entry-name.ts'
import { findVersions } from './find-versions.ts'

export interface OpenRequest {
  /** Absolute. */
  readonly path: string
  readonly fileManager: FileManager | undefined
  /** Where snapfs keeps what it knows of this user's mounts. */
  readonly stateDirectory: string
}

/** @throws SnapfsError as `findVersions`, and when no file manager starts */
export async function openVersions(request: OpenRequest): Promise<void> {
  const directory = await findVersions(request.path, request.stateDirectory)
  const inVain = await showDirectory(directory, request.fileManager)
  if (inVain === undefined) return
  throw new SnapfsError('USAGE', 'No file manager could be started.', {
    hint: `The versions are in ${directory}`,
    details: [`Tried: ${inVain.join(', ')}.`],
  })
}

/** On the desktop, for who chose a menu entry and sees no standard error. */
export async function showFailure({ message, hint }: SnapfsError): Promise<void> {
  await showMessage(printableSentence(hint === undefined ? message : `${message} ${hint}`))
}
