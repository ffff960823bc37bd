/**
 * The remembered states of the source, as files beside the snapshots: a cache. What is in them is the
 * business of `scan/`. Whatever is wrong with one costs time and nothing else, so nothing here fails a backup.
 */
import { link, readdir, rm } from 'node:fs/promises'
import { requireSystemErrorCode } from '../errors/system-error.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import { type SeriesPlace, stateDirectory } from './layout.ts'
import { makeDirectory } from './make-directory.ts'
import { removeTree } from './remove-tree.ts'

/** Where the state lies that was kept for a snapshot, if one was. */
export function stateFile(place: SeriesPlace, id: SnapshotId): string {
  return `${stateDirectory(place)}/${id}`
}

/**
 * Keeps a state for a snapshot that is about to be published.
 * @param file on the same file system; it stays where it is, too
 * @throws the operating system's error
 */
export async function keepStateFile(
  place: SeriesPlace,
  id: SnapshotId,
  file: string,
): Promise<void> {
  const directory = stateDirectory(place)
  await makeDirectory(directory)
  await rm(stateFile(place, id), { force: true })
  await link(file, stateFile(place, id))
}

/** Of so many newest snapshots the state is kept: the newest may be removed by hand. */
export const STATES_KEPT = 2

/** Removes all of them, for the room they take. */
export async function removeStates(place: SeriesPlace): Promise<void> {
  await removeTree(stateDirectory(place))
}

/** Removes the states of all but the newest snapshots. @param ids of the series, oldest first */
export async function removeOldStates(
  place: SeriesPlace,
  ids: readonly SnapshotId[],
): Promise<void> {
  const kept: ReadonlySet<string> = new Set(ids.slice(-STATES_KEPT))
  try {
    for (const name of await readdir(stateDirectory(place))) {
      if (!kept.has(name)) await rm(`${stateDirectory(place)}/${name}`, { force: true })
    }
  } catch (error) {
    requireSystemErrorCode(error)
  }
}
