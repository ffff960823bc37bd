/**
 * Counts what the snapshots of a series hold on the disk, exactly, and remembers it: a snapshot is looked through once, and
 * after that each file is looked at once for all the snapshots that share it. Reads only, and takes no lock; what is remembered lies in
 * the cache of the user.
 */
import { createHash } from 'node:crypto'
import { access, lstat, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { readSeries } from '../catalog/read-series.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import { bytePathFromText } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import type { World } from '../model/world.ts'
import { type SeriesPlace, snapshotDirectory } from '../repository/layout.ts'
import { makeDirectoriesAbove } from '../repository/make-directory.ts'
import type { Repository } from '../repository/open-repository.ts'
import { decodeSpaceTable, encodeSpaceTable } from '../space/space-file.ts'
import { type CountedSnapshot, type SnapshotKey, SpaceTable } from '../space/space-table.ts'
import { lookAgain, walkSnapshot } from '../space/walk-snapshot.ts'
import { throwIfInterrupted } from './interruption.ts'

export interface Measuring {
  readonly signal: AbortSignal
  readonly onProgress: (progress: MeasuringProgress) => void
}

export interface MeasuringProgress {
  /** Snapshots that were looked through, of those that have to be. */
  readonly snapshots: number
  readonly of: number
  /** Names that were looked at. */
  readonly names: number
}

export interface Measured {
  readonly table: SpaceTable
  /** In the order of the table. */
  readonly ids: readonly SnapshotId[]
  /** Sentences. */
  readonly warnings: readonly string[]
}

/** So often a series may change under way before that is an error. */
const TRIES = 3

const WORK = { outcome: 'nothing was counted', hint: 'Nothing was changed.' }

/** @throws the operating system's error, or SnapfsError after a signal */
export async function measureSeries(
  { id }: Repository,
  place: SeriesPlace,
  measuring: Measuring,
  { cacheDirectory }: World,
): Promise<Measured> {
  const file = spaceFile(cacheDirectory, id, place.profile)
  for (let tries = 1; ; tries += 1) {
    try {
      const { snapshots, damaged } = readSeries(place)
      const counted = await count(place, snapshots, await remembered(file), measuring)
      const warnings = [
        ...damaged.map(({ id: damagedId }) => `Snapshot ${damagedId} is damaged, and not counted.`),
        ...closedSentences(counted.table),
        ...(counted.isNew ? await remember(file, counted.table) : []),
      ]
      return { table: counted.table, ids: snapshots.map((snapshot) => snapshot.id), warnings }
    } catch (error) {
      // A snapshot is being removed.
      if (systemErrorCode(error) !== 'ENOENT' || tries === TRIES) throw error
    }
  }
}

/** Whether a series was counted before, so that only what is new takes its time. */
export async function hasCounted(
  { id }: Repository,
  place: SeriesPlace,
  { cacheDirectory }: World,
): Promise<boolean> {
  return access(spaceFile(cacheDirectory, id, place.profile)).then(
    () => true,
    () => false,
  )
}

interface Counted {
  readonly table: SpaceTable
  /** Whether there is more in it than was remembered, or less. */
  readonly isNew: boolean
}

async function count(
  place: SeriesPlace,
  snapshots: readonly Snapshot[],
  known: SpaceTable | undefined,
  { signal, onProgress }: Measuring,
): Promise<Counted> {
  const keys = await Promise.all(snapshots.map((snapshot) => keyOf(place, snapshot)))
  const kept = known && stillThere(known, keys)
  const table = kept ?? new SpaceTable()
  const first = table.snapshots.length
  let names = 0
  const told = (): void =>
    onProgress({ snapshots: table.snapshots.length - first, of: keys.length - first, names })
  const walk = {
    signal,
    onNames: (more: number) => {
      names += more
      told()
    },
  }
  for (const key of keys.slice(first)) {
    await walkSnapshot(table, key, directoryOf(place, key), walk)
    throwIfInterrupted(signal, WORK)
    told()
  }
  const isRight = await lookAgain(
    table,
    (snapshot) => directoryOf(place, table.snapshots[snapshot]?.key),
    { ...walk, before: first },
  )
  throwIfInterrupted(signal, WORK)
  if (!isRight) {
    if (first === 0) {
      throw new SnapfsError(
        'REPOSITORY_UNUSABLE',
        `The snapshots of ${place.profile} changed while they were counted.`,
        { hint: 'Run again when nothing removes any of them.' },
      )
    }
    // Somebody has changed what never changes, or a file has another name in another snapshot.
    return count(place, snapshots, undefined, { signal, onProgress })
  }
  return { table, isNew: kept === undefined || kept !== known || first < keys.length }
}

/** What is known of snapshots that are still there; undefined when one is in between that is not known. */
function stillThere(known: SpaceTable, keys: readonly SnapshotKey[]): SpaceTable | undefined {
  const present = new Set(keys.map(textOf))
  const isGone = ({ key }: CountedSnapshot): boolean => !present.has(textOf(key))
  const kept = known.snapshots.some(isGone) ? known.without(isGone) : known
  const isInOrder = kept.snapshots.every(({ key }, number) => {
    const other = keys[number]
    return other !== undefined && textOf(key) === textOf(other)
  })
  return isInOrder ? kept : undefined
}

async function keyOf(place: SeriesPlace, { id, sequence }: Snapshot): Promise<SnapshotKey> {
  const status = await lstat(snapshotDirectory(place, id), { bigint: true })
  return { id, sequence, inode: `${status.ino}` }
}

function textOf({ id, sequence, inode }: SnapshotKey): string {
  return `${id} ${sequence} ${inode}`
}

function directoryOf(place: SeriesPlace, key: SnapshotKey | undefined) {
  if (key === undefined) throw new Error('a file is in a snapshot that is not in the table')
  return bytePathFromText(snapshotDirectory(place, key.id))
}

function closedSentences({ snapshots }: SpaceTable): readonly string[] {
  const closed = snapshots.filter((snapshot) => snapshot.closed > 0)
  const [first] = closed
  if (first === undefined) return []
  return [
    `Directories of ${closed.length === 1 ? `snapshot ${first.key.id}` : `${closed.length} snapshots`} are closed to this user; what is in them is not counted.`,
  ]
}

function spaceFile(cacheDirectory: string, repositoryId: string, profile: string): string {
  const name = createHash('sha256').update(`${repositoryId}/${profile}`).digest('hex').slice(0, 32)
  return `${cacheDirectory}/space/${name}`
}

async function remembered(file: string): Promise<SpaceTable | undefined> {
  try {
    return decodeSpaceTable(await readFile(file))
  } catch (error) {
    // There is none, or none that can be read: it is made anew.
    if (systemErrorCode(error) === undefined) throw error
    return undefined
  }
}

/** @returns a sentence when it cannot be kept; the next one who asks then waits as long */
async function remember(file: string, table: SpaceTable): Promise<readonly string[]> {
  const bytes = encodeSpaceTable(table)
  if (bytes === undefined) return []
  const draft = `${file}.${process.pid}`
  try {
    await makeDirectoriesAbove(file)
    await writeFile(draft, bytes, { mode: 0o600 })
    await rename(draft, file)
    return []
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    await rm(draft, { force: true }).catch(() => undefined)
    return [`What was counted cannot be remembered for the next time: ${messageOf(error)}.`]
  }
}
