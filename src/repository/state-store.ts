/**
 * The remembered states of the source, as files beside the snapshots: a cache. What is in them is the
 * business of `scan/`. Whatever is wrong with one costs time and nothing else, so nothing here fails a backup.
 */
import { chmod, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import { type SeriesPlace, stateDirectory } from './layout.ts'

/** The state that was kept for a snapshot, or undefined. */
export async function readState(
  place: SeriesPlace,
  id: SnapshotId,
  limitBytes: number,
): Promise<Buffer | undefined> {
  return readStateFile(`${stateDirectory(place)}/${id}`, limitBytes)
}

/** A state file anywhere; one that is missing, too large or unreadable is no state. */
export async function readStateFile(file: string, limitBytes: number): Promise<Buffer | undefined> {
  try {
    const status = await stat(file)
    return status.isFile() && status.size <= limitBytes ? await readFile(file) : undefined
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return undefined
  }
}

/** Keeps a state for a snapshot that is about to be published. @throws the operating system's error */
export async function writeState(
  place: SeriesPlace,
  id: SnapshotId,
  parts: readonly Uint8Array[],
): Promise<void> {
  const directory = stateDirectory(place)
  await mkdir(directory, { mode: 0o700, recursive: true })
  await chmod(directory, 0o700)
  await writeStateFile(`${directory}/${id}`, parts)
}

/** @throws the operating system's error */
export async function writeStateFile(file: string, parts: readonly Uint8Array[]): Promise<void> {
  await rm(file, { force: true })
  await using handle = await open(file, 'wx', 0o600)
  for (const part of parts) await handle.writeFile(part)
}

/** Of so many newest snapshots the state is kept: the newest may be removed by hand. */
export const STATES_KEPT = 2

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
    if (systemErrorCode(error) === undefined) throw error
  }
}
