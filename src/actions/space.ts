/** `snapfs du`: what the snapshots of a series hold on the disk, and where it grows. */
import { readLabels, readSeries } from '../catalog/read-series.ts'
import type { Label } from '../model/labels.ts'
import { epochMsOf, type SnapshotId } from '../model/snapshot-id.ts'
import type { World } from '../model/world.ts'
import type { SeriesPlace } from '../repository/layout.ts'
import { openRepository } from '../repository/open-repository.ts'
import { inRepository } from '../repository/storage-error.ts'
import { type Grower, largestGrowers } from '../space/growers.ts'
import { freedBytes, type SnapshotSpace, sumSpace } from '../space/space-sums.ts'
import { type Measured, type Measuring, measureSeries } from './measure-space.ts'
import { namedSnapshot } from './named-snapshot.ts'
import { observeSeries } from './observe-series.ts'

export interface SpaceRequest extends Measuring {
  readonly repository: string
  readonly profile: string
  /** Snapshots as they were written, of which is asked what removing all of them would free. */
  readonly removing: readonly string[]
}

export interface MeasuredSnapshot extends Omit<SnapshotSpace, 'snapshot'> {
  readonly id: SnapshotId
  /** In milliseconds since 1970. */
  readonly timeMs: number
  /** Names of all that is not a directory. */
  readonly names: number
  readonly directories: number
}

export interface SpaceReport {
  readonly profile: string
  readonly repository: string
  /** Oldest first. */
  readonly snapshots: readonly MeasuredSnapshot[]
  readonly totalBytes: number
  /** Of that what has names outside of the snapshots, and stays when all of them go. */
  readonly elsewhereBytes: number
  readonly removing:
    | { readonly ids: readonly SnapshotId[]; readonly freedBytes: number }
    | undefined
  /** Largest first. */
  readonly growers: readonly Grower[]
  readonly warnings: readonly string[]
}

/** @throws SnapfsError USAGE for a snapshot that there is none of, or when the repository cannot be read */
export async function spaceOf(request: SpaceRequest, world: World): Promise<SpaceReport> {
  const repository = await openRepository(request.repository)
  const place = { repository: repository.path, profile: request.profile }
  return inRepository(repository.path, async () => {
    const removing = namedSnapshots(request.removing, place, world)
    const measured = await measureSeries(repository, place, request, world)
    const { running, unfinished } = await observeSeries(place)
    const isStaged = running !== undefined || unfinished.length > 0
    return {
      profile: place.profile,
      repository: repository.path,
      ...reportOf(measured),
      removing: removing.length === 0 ? undefined : freedBy(measured, removing),
      warnings: [
        ...measured.warnings,
        ...(isStaged ? ['What an unfinished backup has linked counts as held elsewhere.'] : []),
      ],
    }
  })
}

function reportOf({ table }: Measured) {
  const { snapshots, totalBytes, elsewhereBytes } = sumSpace(table)
  return {
    snapshots: snapshots.map(({ snapshot, ...space }): MeasuredSnapshot => {
      const { key, names, directories } = snapshot
      return { id: key.id, timeMs: epochMsOf(key.id), names, directories, ...space }
    }),
    ...{ totalBytes, elsewhereBytes },
    growers: largestGrowers(table),
  }
}

/** What removing snapshots would free, all of them together. */
function freedBy(
  { table }: Measured,
  ids: readonly SnapshotId[],
): { readonly ids: readonly SnapshotId[]; readonly freedBytes: number } {
  const removed = new Set(ids)
  const numbers = table.snapshots.flatMap(({ key }, number) =>
    removed.has(key.id) ? [number] : [],
  )
  return { ids: [...removed], freedBytes: freedBytes(table, new Set(numbers)) }
}

function namedSnapshots(
  texts: readonly string[],
  place: SeriesPlace,
  world: World,
): readonly SnapshotId[] {
  if (texts.length === 0) return []
  const { snapshots } = readSeries(place)
  // Labels that cannot be read name nothing.
  const labels = readLabels(place) ?? new Map<string, Label>()
  const { profile } = place
  return texts.map((text) => namedSnapshot(text, snapshots, labels, { profile, world }).id)
}
