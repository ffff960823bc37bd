/**
 * What a backup would do, found out without writing anything: no lock, no series, no staged directory. The guards
 * are those of a backup, so what it would refuse is refused here with the same words.
 */
import { readSeries, snapshotIdsIn } from '../catalog/read-series.ts'
import { systemErrorCode } from '../errors/system-error.ts'
import { clockRemark } from '../model/clock-remark.ts'
import { bytePathFromText } from '../model/entry-name.ts'
import { bytesText, countText } from '../model/figures.ts'
import { outcomeOf, type Problem } from '../model/manifest.ts'
import { nextFreeId, type SnapshotId } from '../model/snapshot-id.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { SourceLocation } from '../model/source-location.ts'
import { DEFAULT_STALL_MS } from '../model/stall-limit.ts'
import type { World } from '../model/world.ts'
import { readRoom } from '../repository/free-room.ts'
import { type SeriesPlace, treeDirectory } from '../repository/layout.ts'
import { findLeftovers, type Leftover } from '../repository/leftovers.ts'
import { openRepository } from '../repository/open-repository.ts'
import { inRepository } from '../repository/storage-error.ts'
import { probeRsync } from '../rsync/run-rsync.ts'
import type { RsyncVersion } from '../rsync/version.ts'
import { listPlan, type PlannedTransfer } from '../scan/planned-transfer.ts'
import type { BackUpRequest } from './back-up.ts'
import { BackupProgress } from './backup-progress.ts'
import { refuseWithoutRoom } from './check-room.ts'
import { chooseBases } from './choose-bases.ts'
import { chooseComparison } from './choose-comparison.ts'
import { unreadableProblem } from './fill-by-scan.ts'
import { guardAgainstShrink, guardBeforeCopy } from './guard-source.ts'
import { locateSource } from './locate-source.ts'
import { observeSeries } from './observe-series.ts'
import { planRemoteTransfer } from './plan-remote-transfer.ts'
import { scanForBackup } from './scan-for-backup.ts'
import { stateHeader } from './state-header.ts'
import { fidelityOf } from './transfer-tree.ts'

export interface PlanRequest extends Omit<BackUpRequest, 'waitMs' | 'onWait'> {
  /** Whether each file is wanted by name. */
  readonly namesFiles: boolean
}

export interface PlannedCopy extends PlannedTransfer {
  /** What can be seen without reading files. */
  readonly problems: readonly Problem[]
  readonly problemCount: number
}

export interface PlanReport extends PlannedCopy {
  readonly profile: string
  /** The newest snapshot that would be linked to. */
  readonly basis: SnapshotId | undefined
  readonly comparedBy: 'content' | 'state'
  /** What is free in the repository. */
  readonly freeBytes: number
  /** Sentences about what may go wrong. */
  readonly warnings: readonly string[]
  /** Sentences. */
  readonly notes: readonly string[]
}

/** @throws SnapfsError as a backup would before it copies anything; but never LOCKED */
export async function planBackup(request: PlanRequest, world: World): Promise<PlanReport> {
  const { profile } = request
  if (profile.nice !== undefined) world.lowerPriority(profile.nice)
  const repository = await openRepository(profile.repository)
  const source = await locateSource(profile.source, repository.path)
  const rsync = await probeRsync()
  const place: SeriesPlace = { repository: repository.path, profile: profile.name }
  return inRepository(repository.path, () => plan({ request, world, source, rsync, place }))
}

interface Planning {
  readonly request: PlanRequest
  readonly world: World
  readonly source: SourceLocation
  readonly rsync: RsyncVersion
  readonly place: SeriesPlace
}

async function plan(planning: Planning): Promise<PlanReport> {
  const { request, world, source, place } = planning
  const { profile } = request
  const startedMs = world.clock.now()
  const series = readSeriesIfAny(place)
  const { snapshots } = series
  const stallMs = profile.stallMs ?? DEFAULT_STALL_MS
  const { accepted } = await guardBeforeCopy(source, request, snapshots, stallMs)
  const { leftovers, isRunning } = await readLeftovers(place)
  // As of a backup: one that goes on where another ended may need no space.
  if (leftovers.length === 0) await refuseWithoutRoom({ place, floors: request.floors })
  const task = {
    ...{ place, rsync: planning.rsync, snapshots, leftovers, startedMs, stallMs },
    profile,
    exclude: [...profile.exclude, ...request.exclude],
    compareBy: chooseComparison(request.checksum, profile.checksumIntervalMs, snapshots, startedMs),
    signal: request.signal,
    progress: new BackupProgress(request.onProgress),
  }
  const id = nextFreeId(startedMs, new Set(series.ids))
  const whys = accepted.map(({ why }) => why)
  const planned =
    source.kind === 'local'
      ? await planLocalTransfer(planning, { ...task, source: source.path, id }, whys)
      : await planRemoteTransfer(task, source, {
          access: profile.access ?? {},
          namesFiles: request.namesFiles,
        })
  const { freeBytes } = await readRoom(place.repository)
  const remark = clockRemark(startedMs, id, snapshots)
  return {
    ...planned,
    profile: profile.name,
    basis: chooseBases(snapshots)[0]?.id,
    comparedBy: task.compareBy,
    freeBytes,
    warnings: [
      ...series.damaged.map((one) => `Snapshot ${one.id} is damaged: ${one.reason}.`),
      ...(remark === undefined ? [] : [remark]),
      ...whys,
      ...partialWarnings(planned),
      ...roomWarnings(planned, freeBytes),
    ],
    notes: isRunning
      ? ['A backup of this profile runs just now; this is what comes before it.']
      : [],
  }
}

type LocalTask = Parameters<typeof scanForBackup>[0]

/**
 * What the repository keeps can be tried out only by writing; it is taken for one that keeps all, as the file systems
 * of Linux do.
 */
async function planLocalTransfer(
  { request, world, rsync }: Planning,
  task: Omit<LocalTask, 'judgeScan'> & { readonly id: SnapshotId },
  whys: string[],
): Promise<PlannedCopy> {
  const asRoot = world.userId === 0
  const fidelities = [true, false].map((xattrs) =>
    fidelityOf({ xattrs: xattrs && rsync.xattrs, acls: rsync.acls, asRoot }),
  )
  const bases = chooseBases(task.snapshots)
  const { scan } = await scanForBackup(
    {
      ...task,
      judgeScan: (found) => {
        const accepted = guardAgainstShrink(
          { ...request, ...task, profile: request.profile },
          found,
        )
        whys.push(...accepted.map(({ why }) => why))
      },
    },
    { nanoseconds: true, modes: true, owners: asRoot },
    (fidelity) => fidelities.includes(fidelity),
    bases,
  )
  const run = { staged: { id: task.id }, startedMs: task.startedMs }
  const header = await stateHeader(run, scan, fidelities[0] ?? '')
  const [basis] = bases
  const planned = listPlan(scan, header, {
    namesFiles: request.namesFiles,
    basis: basis === undefined ? undefined : bytePathFromText(treeDirectory(task.place, basis.id)),
  })
  const problems = scan.unreadable.map(unreadableProblem)
  return { ...planned, problems, problemCount: problems.length }
}

/** A series that was never written to has no directory. */
function readSeriesIfAny(place: SeriesPlace): {
  readonly ids: readonly SnapshotId[]
  readonly snapshots: readonly Snapshot[]
  readonly damaged: readonly { readonly id: SnapshotId; readonly reason: string }[]
} {
  try {
    return { ids: snapshotIdsIn(place), ...readSeries(place) }
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
    return { ids: [], snapshots: [], damaged: [] }
  }
}

/** What interrupted runs left; nothing while a run works there, to which all of it belongs. */
async function readLeftovers(
  place: SeriesPlace,
): Promise<{ readonly leftovers: readonly Leftover[]; readonly isRunning: boolean }> {
  const { unfinished, running } = await observeSeries(place)
  if (unfinished.length === 0) return { leftovers: [], isRunning: running !== undefined }
  const { usable } = await findLeftovers(place)
  const paths = new Set(unfinished.map(({ path }) => path))
  return { leftovers: usable.filter(({ directory }) => paths.has(directory)), isRunning: false }
}

function partialWarnings({ problems, problemCount }: PlannedCopy): string[] {
  const [first] = problems
  if (first === undefined || outcomeOf(problems) === 'complete') return []
  const more = problemCount > 1 ? `, and ${countText(problemCount - 1)} more` : ''
  return [`The snapshot would be partial: ${first.message}${more}.`]
}

function roomWarnings({ copy }: PlannedCopy, freeBytes: number): string[] {
  if (copy.bytes <= freeBytes) return []
  return [
    `It may not fit: ${bytesText(copy.bytes)} would be copied, and ${bytesText(freeBytes)} are free in the repository.`,
  ]
}
