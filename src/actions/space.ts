/** `snapfs du`: what the snapshots of a series hold on the disk, and where it grows. */
import { readLabels, readSeries } from '../catalog/read-series.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { findSnapshot, SNAPSHOT_EXAMPLES } from '../model/find-snapshot.ts'
import { epochMsOf, type SnapshotId } from '../model/snapshot-id.ts'
import type { World } from '../model/world.ts'
import type { SeriesPlace } from '../repository/layout.ts'
import { openRepository } from '../repository/open-repository.ts'
import { inRepository } from '../repository/storage-error.ts'
import { type Grower, largestGrowers } from '../space/growers.ts'
import { freedBytes, type SnapshotSpace, sumSpace } from '../space/space-sums.ts'
import { type Measured, type Measuring, measureSeries } from './measure-space.ts'
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
  readonly files: number
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
    const removing = request.removing.map((text) => snapshotOf(text, place, world))
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
      return { id: key.id, timeMs: epochMsOf(key.id), files: names, directories, ...space }
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

function snapshotOf(text: string, place: SeriesPlace, { clock, timeZone }: World): SnapshotId {
  const { snapshots } = readSeries(place)
  const labels = readLabels(place) ?? new Map()
  const finding = findSnapshot(text, snapshots, labels, { nowMs: clock.now(), timeZone })
  if (finding.kind === 'found') return finding.snapshot.id
  throw new SnapfsError(
    'USAGE',
    finding.kind === 'absent'
      ? `${place.profile} has no snapshot "${text}".`
      : `"${text}" names no snapshot.`,
    {
      hint: `Write ${SNAPSHOT_EXAMPLES}. "snapfs list ${place.profile}" shows what there is.`,
    },
  )
}
