/**
 * Removing published snapshots. One leaves the series whole, by one rename into `.trash/`, and is deleted there: whatever
 * happens, what has a snapshot's name is whole. What an interrupted removal left is finished by the next. No file is written or
 * changed for it, so that it works on a full disk. The caller holds the lock.
 */
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import { parseSnapshotId, type SnapshotId } from '../model/snapshot-id.ts'
import {
  seriesDirectory,
  type SeriesPlace,
  snapshotDirectory,
  trashDirectory,
  verificationsFile,
} from './layout.ts'
import { type RemoveOptions, removeTree } from './remove-tree.ts'
import { syncDirectory } from './staged-snapshot.ts'
import { removeStates, stateFile } from './state-store.ts'

/**
 * Takes a snapshot out of the series, for good once this returns.
 * @throws the operating system's error; then it is still there
 */
export async function moveToTrash(place: SeriesPlace, id: SnapshotId): Promise<void> {
  await makeTrash(place)
  await rename(snapshotDirectory(place, id), `${trashDirectory(place)}/${id}`)
  await syncDirectory(trashDirectory(place))
  await syncDirectory(seriesDirectory(place))
}

/** Ids of what lies in the trash, by name; nothing else in it is ours. */
export async function trashedIds(place: SeriesPlace): Promise<readonly SnapshotId[]> {
  try {
    const names = await readdir(trashDirectory(place))
    return names
      .map(parseSnapshotId)
      .filter((id) => id !== undefined)
      .sort()
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw error
  }
}

/** Deletes what is in the trash under this id, and what was written down beside the snapshot. */
export async function deleteTrashed(
  place: SeriesPlace,
  id: SnapshotId,
  options: RemoveOptions,
): Promise<void> {
  await removeTree(`${trashDirectory(place)}/${id}`, options)
  if (options.signal?.aborted === true) return
  // A clock that was set back may have given the id to another.
  if (await isThere(snapshotDirectory(place, id))) return
  await rm(verificationsFile(place, id), { force: true })
  await rm(stateFile(place, id), { force: true })
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false
    throw error
  }
}

/** Where a disk has no block left for one more directory, a cache gives its own. */
async function makeTrash(place: SeriesPlace): Promise<void> {
  const make = async (): Promise<void> => {
    await mkdir(trashDirectory(place), { mode: 0o700 }).catch((error: unknown) => {
      if (systemErrorCode(error) !== 'EEXIST') throw error
    })
  }
  try {
    await make()
  } catch (error) {
    if (!isFull(error)) throw error
    await removeStates(place)
    await make()
  }
}

/** Whether an error says that there is no room left. */
export function isFull(error: unknown): boolean {
  const code = systemErrorCode(error)
  return code === 'ENOSPC' || code === 'EDQUOT'
}
