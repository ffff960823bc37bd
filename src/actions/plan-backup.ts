/**
 * What a backup would do, found out without writing anything: no lock, no series, no staged directory. The guards
 * are those of a backup, so what it would refuse is refused here with the same words.
 */
import { readSeries, snapshotIdsIn } from '../catalog/read-series.ts'
import { readVerifications, verificationIdsIn } from '../catalog/read-verifications.ts'
import { systemErrorCode } from '../errors/system-error.ts'
import { clockRemark } from '../model/clock-remark.ts'
import { bytesText, countText } from '../model/figures.ts'
import { outcomeOf } from '../model/manifest.ts'
import type { OnUnchanged } from '../model/profile.ts'
import { nextFreeId, type SnapshotId } from '../model/snapshot-id.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { DEFAULT_STALL_MS } from '../model/stall-limit.ts'
import type { World } from '../model/world.ts'
import { readRoom } from '../repository/free-room.ts'
import type { SeriesPlace } from '../repository/layout.ts'
import { findLeftovers, type Leftover } from '../repository/leftovers.ts'
import { inRepository } from '../repository/storage-error.ts'
import type { PlannedTransfer } from '../scan/planned-transfer.ts'
import type { BackUpRequest } from './back-up.ts'
import { BackupProgress } from './backup-progress.ts'
import { refuseWithoutRoom } from './check-room.ts'
import { chooseBases } from './choose-bases.ts'
import { chooseComparison } from './choose-comparison.ts'
import { guardBeforeCopy } from './guard-source.ts'
import { observeSeries } from './observe-series.ts'
import { type OpenProfile, openProfile } from './open-profile.ts'
import { planLocalTransfer } from './plan-local-transfer.ts'
import { planRemoteTransfer } from './plan-remote-transfer.ts'

export interface PlanRequest extends Omit<BackUpRequest, 'waitMs' | 'onWait'> {
  /** Whether each file is wanted by name. */
  readonly namesFiles: boolean
}

export interface PlanReport extends PlannedTransfer {
  readonly profile: string
  /** The newest snapshot that would be linked to. */
  readonly basis: SnapshotId | undefined
  readonly comparedBy: 'content' | 'state'
  /** Whether there would be no snapshot, since the source is what the newest one holds. */
  readonly unchanged: boolean
  /** What is free in the repository. */
  readonly freeBytes: number
  /** Sentences about what may go wrong. */
  readonly warnings: readonly string[]
  /** Sentences. */
  readonly notes: readonly string[]
}

/** @throws SnapfsError as a backup would before it copies anything; but never LOCKED */
export async function planBackup(request: PlanRequest, world: World): Promise<PlanReport> {
  const open = await openProfile(request.profile, world)
  return inRepository(open.repository.path, () => plan(request, world, open))
}

async function plan(request: PlanRequest, world: World, open: OpenProfile): Promise<PlanReport> {
  const { source, place } = open
  const { series, ofDisk, isRunning, task, verified, id } = await preparePlan(request, world, open)
  const { profile } = request
  const { snapshots, startedMs } = task
  const {
    planned,
    accepted: ofShrink,
    isUnchanged,
  } = source.kind === 'local'
    ? await planLocalTransfer({ ...task, source: source.path, id }, request, world.userId === 0)
    : {
        planned: await planRemoteTransfer(task, source, {
          access: profile.access ?? {},
          namesFiles: request.namesFiles,
        }),
        accepted: [],
        isUnchanged: false,
      }
  const { freeBytes } = await readRoom(place.repository)
  const remark = clockRemark(startedMs, id, snapshots)
  return {
    ...planned,
    profile: profile.name,
    basis: chooseBases(snapshots)[0]?.id,
    comparedBy: task.compareBy,
    unchanged: isUnchanged,
    freeBytes,
    warnings: [
      ...series.damaged.map((one) => `Snapshot ${one.id} is damaged: ${one.reason}.`),
      ...verified.warnings,
      ...(remark === undefined ? [] : [remark]),
      ...[...ofDisk, ...ofShrink].map(({ why }) => why),
      ...partialWarnings(planned),
      ...roomWarnings(planned, freeBytes),
    ],
    notes: isRunning
      ? ['A backup of this profile runs just now; this is what comes before it.']
      : [],
  }
}

/** What a dry run begins with, as a backup does. @throws SnapfsError as a backup would, but never LOCKED */
export async function preparePlan(
  request: Omit<PlanRequest, 'namesFiles'>,
  world: World,
  { source, rsync, place }: OpenProfile,
) {
  const { profile } = request
  const startedMs = world.clock.now()
  const series = readSeriesIfAny(place)
  const { snapshots } = series
  const stallMs = profile.stallMs ?? DEFAULT_STALL_MS
  const { accepted: ofDisk } = await guardBeforeCopy(source, request, snapshots, stallMs)
  const { leftovers, isRunning } = await readLeftovers(place)
  // As of a backup: one that goes on where another ended may need no space.
  if (leftovers.length === 0) await refuseWithoutRoom({ place, floors: request.floors })
  const onUnchanged: OnUnchanged =
    ofDisk.length === 0 ? (profile.onUnchanged ?? 'snapshot') : 'snapshot'
  const task = {
    ...{ place, rsync, snapshots, leftovers, startedMs, stallMs, profile, onUnchanged },
    exclude: [...request.exclude, ...profile.exclude],
    compareBy: chooseComparison(request.checksum, profile.checksumIntervalMs, snapshots, startedMs),
    signal: request.signal,
    progress: new BackupProgress(request.onProgress),
  }
  const verified = readVerifications(place, snapshots)
  const id = nextFreeId(startedMs, new Set([...series.ids, ...verificationIdsIn(verified)]))
  return { series, ofDisk, isRunning, task, verified, id }
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

function partialWarnings({ problems, problemCount }: PlannedTransfer): string[] {
  const [first] = problems
  if (first === undefined || outcomeOf(problems) === 'complete') return []
  const more = problemCount > 1 ? `, and ${countText(problemCount - 1)} more` : ''
  return [`The snapshot would be partial: ${first.message}${more}.`]
}

function roomWarnings({ copy }: PlannedTransfer, freeBytes: number): string[] {
  if (copy.bytes <= freeBytes) return []
  return [
    `It may not fit: ${bytesText(copy.bytes)} would be copied, and ${bytesText(freeBytes)} are free in the repository.`,
  ]
}
