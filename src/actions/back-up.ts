/**
 * One snapshot of one profile: lock, check the world, choose bases, copy, compare, publish. Nothing is
 * shown under a snapshot's name before it is whole and on the disk, and nothing published is touched.
 */
import { readSeries, snapshotIdsIn } from '../catalog/read-series.ts'
import { readVerifications, verificationIdsIn } from '../catalog/read-verifications.ts'
import { clockRemark } from '../model/clock-remark.ts'
import type { Floors } from '../model/floor.ts'
import type { Counts, Manifest, Outcome, Problem } from '../model/manifest.ts'
import { MANIFEST_FORMAT, outcomeOf } from '../model/manifest.ts'
import type { Profile } from '../model/profile.ts'
import { showLife } from '../model/sign-of-life.ts'
import { nextFreeId, type SnapshotId } from '../model/snapshot-id.ts'
import type { SourceLocation } from '../model/source-location.ts'
import { DEFAULT_STALL_MS } from '../model/stall-limit.ts'
import type { World } from '../model/world.ts'
import { type SeriesPlace, snapshotDirectory } from '../repository/layout.ts'
import { takeLeftovers } from '../repository/leftovers.ts'
import type { Repository } from '../repository/open-repository.ts'
import { publishSnapshot, stageSnapshot } from '../repository/staged-snapshot.ts'
import { removeOldStates } from '../repository/state-store.ts'
import { inRepository } from '../repository/storage-error.ts'
import type { RsyncVersion } from '../rsync/version.ts'
import { BackupProgress, type Progress } from './backup-progress.ts'
import { makeSureOfRoom, refuseWithoutRoomEarly, type RoomQuestion } from './check-room.ts'
import { type CopiedSource, copySource } from './copy-source.ts'
import type { UnchangedSource } from './find-unchanged.ts'
import { settleUnfinished, withCheckpoints } from './go-on.ts'
import { chooseComparison } from './choose-comparison.ts'
import {
  type Acceptance,
  type Accepted,
  guardAgainstShrink,
  guardBeforeCopy,
  type GuardedDisk,
} from './guard-source.ts'
import { throwIfInterrupted } from './interruption.ts'
import { describeSource, locateSource } from './locate-source.ts'
import { lockSeries, type LockRequest, thenRelease } from './lock-series.ts'
import { openProfile } from './open-profile.ts'
import { isOutOfReach } from './out-of-reach.ts'
import { leaveOutOf } from './source-walk.ts'
import { recordUnchanged, type UnchangedReport } from './record-unchanged.ts'
import { withinTime } from './time-box.ts'
import type { TransferTask } from './transfer.ts'

export interface BackUpRequest extends Acceptance, LockRequest {
  readonly profile: Profile
  /** Patterns that come before those of the profile. */
  readonly exclude: readonly string[]
  /** Whether all files are compared by content. */
  readonly checksum: boolean
  /** What must be free in the repository before anything is written. */
  readonly floors: Floors
  /** Undefined: nobody looks. */
  readonly onProgress: ((progress: Progress) => void) | undefined
}

export type BackUpReport = SnapshotReport | UnchangedReport

export interface SnapshotReport {
  readonly kind: 'snapshot'
  readonly profile: string
  readonly id: SnapshotId
  readonly path: string
  readonly outcome: Outcome
  readonly counts: Counts
  readonly problems: readonly Problem[]
  readonly problemCount: number
  /** Sentences about what went wrong beside the snapshot. */
  readonly warnings: readonly string[]
  /** Sentences about what this repository cannot keep, every time. */
  readonly notes: readonly string[]
  readonly durationMs: number
  /** Snapshots that were removed since nothing keeps them any more. */
  readonly removed?: readonly SnapshotId[]
}

/** @throws SnapfsError; nothing is left behind then but an empty series */
export async function backUp(request: BackUpRequest, world: World): Promise<BackUpReport> {
  const { profile } = request
  const { repository, place, source, rsync } = await openProfile(profile, world)
  const room = { place, floors: request.floors }
  return inRepository(repository.path, async () => {
    await refuseWithoutRoomEarly(room)
    const lock = await lockSeries(request, world, place)
    return thenRelease(lock, async () => {
      showLife('begin')
      // Only now: the other may have worked for hours, and a snapshot is as old as its copy is.
      const [startedMs, startedElapsed] = [world.clock.now(), world.clock.elapsed()]
      const now = request.waitMs > 0 ? await locateSource(profile.source, place.repository) : source
      const run = { world, repository, place, room, rsync, startedMs, startedElapsed, source: now }
      return withinTime(profile.stopAfterMs, world.clock, request.signal, async (signal) =>
        backUpLocked({ ...run, request: { ...request, signal } }),
      )
    })
  })
}

interface Run {
  readonly request: BackUpRequest
  readonly world: World
  readonly repository: Repository
  readonly place: SeriesPlace
  readonly room: RoomQuestion
  readonly source: SourceLocation
  readonly rsync: RsyncVersion
  readonly startedMs: number
  /** By the clock that does not jump. */
  readonly startedElapsed: number
}

async function backUpLocked(run: Run): Promise<BackUpReport> {
  const { request, place, startedMs } = run
  const { snapshots, damaged } = readSeries(place)
  const verified = readVerifications(place, snapshots)
  const stallMs = request.profile.stallMs ?? DEFAULT_STALL_MS
  const { disk, accepted: ofDisk } = await guardBeforeCopy(run.source, request, snapshots, stallMs)
  const leftovers = await makeSureOfRoom(run.room, await takeLeftovers(place))
  throwIfInterrupted(request.signal)
  const taken = new Set([...snapshotIdsIn(place), ...verificationIdsIn(verified)])
  const staged = await stageSnapshot(place, nextFreeId(startedMs, taken))
  const remark = clockRemark(startedMs, staged.id, snapshots)
  const remarks = remark === undefined ? [] : [remark]
  const accepted: Accepted[] = [...ofDisk]
  const found = { disk, accepted, remarks }
  const task: TransferTask = {
    place,
    rsync: run.rsync,
    staged,
    snapshots,
    leftovers,
    profile: request.profile,
    exclude: [...request.exclude, ...request.profile.exclude],
    compareBy: chooseComparison(
      request.checksum,
      request.profile.checksumIntervalMs,
      snapshots,
      startedMs,
    ),
    // What was accepted of the source must be in a manifest, for the runs after this one.
    onUnchanged: accepted.length === 0 ? (request.profile.onUnchanged ?? 'snapshot') : 'snapshot',
    asRoot: run.world.userId === 0,
    linkWorker: run.world.linkWorker,
    startedMs,
    stallMs,
    signal: request.signal,
    progress: new BackupProgress(request.onProgress),
    judgeScan: (scan) =>
      accepted.push(
        ...guardAgainstShrink(
          { ...request, ...task, source: request.profile.source, profile: request.profile },
          scan,
        ),
      ),
  }
  const { clock } = run.world
  const early = [
    ...damaged.map(({ id, reason }) => `Snapshot ${id} is damaged: ${reason}.`),
    ...verified.warnings,
    ...remarks,
  ]
  let made: Made
  let late: readonly string[]
  try {
    const result = await withCheckpoints(staged, clock, () => makeWhole(run, task, found))
    if (result.kind === 'unchanged') {
      const ending = { ...task, profile: request.profile, startedElapsed: run.startedElapsed }
      const report = await recordUnchanged(ending, result, run.world)
      return { ...report, warnings: [...early, ...report.warnings] }
    }
    made = result
    late = await publishSnapshot(place, staged, made.manifest)
  } catch (error) {
    if (isOutOfReach(error)) throw error
    // The step's error is the one to tell: a disk that went away cannot be tidied either.
    throw await settleUnfinished(staged, clock, error).catch(() => error)
  }
  const { manifest, copied } = made
  await removeOldStates(place, [...snapshots.map(({ id }) => id), staged.id])
  return {
    kind: 'snapshot',
    profile: request.profile.name,
    id: staged.id,
    path: snapshotDirectory(place, staged.id),
    outcome: manifest.outcome,
    counts: manifest.counts,
    problems: manifest.problems,
    problemCount: manifest.problemCount,
    warnings: [...early, ...copied.transfer.warnings, ...copied.warnings, ...late],
    notes: copied.transfer.notes,
    durationMs: manifest.durationMs,
  }
}

interface Made {
  readonly kind: 'made'
  readonly manifest: Manifest
  readonly copied: CopiedSource
}

/** What is to be noted beside what was copied. */
interface Found extends GuardedDisk {
  /** Sentences. */
  readonly remarks: readonly string[]
}

/** Everything before the snapshot gets its name; or that there need not be one. */
async function makeWhole(
  run: Run,
  task: TransferTask,
  found: Found,
): Promise<Made | UnchangedSource> {
  const { signal } = task
  const copied = await copySource(task, run.source, run.request.profile.access ?? {})
  if (copied.kind === 'unchanged') return copied
  const manifest = describeRun(run, copied, task, found)
  await copied.transfer.log.write()
  throwIfInterrupted(signal)
  return { kind: 'made', manifest, copied }
}

function describeRun(
  run: Run,
  { transfer, confirmed, warnings }: CopiedSource,
  { staged, snapshots, compareBy }: TransferTask,
  { disk, accepted, remarks }: Found,
): Manifest {
  const { request, world, repository, source, rsync } = run
  const why = accepted.map((one) => one.why)
  const all = [...remarks, ...why, ...transfer.warnings, ...warnings]
  return {
    format: MANIFEST_FORMAT,
    id: staged.id,
    sequence: snapshots.reduce((last, snapshot) => Math.max(last, snapshot.sequence), 0) + 1,
    profile: request.profile.name,
    repositoryId: repository.id,
    source: {
      ...describeSource(request.profile.source, source, world.host),
      ...(disk === undefined ? {} : { device: disk }),
    },
    startedAt: new Date(run.startedMs).toISOString(),
    finishedAt: new Date(world.clock.now()).toISOString(),
    durationMs: Math.round(world.clock.elapsed() - run.startedElapsed),
    timeZone: world.timeZone,
    outcome: outcomeOf(confirmed.problems),
    rsync: { version: rsync.text, exitCode: transfer.exitCode },
    engine: transfer.engine,
    comparedBy: transfer.bases.length === 0 ? 'content' : compareBy,
    bases: transfer.bases.map((basis) => basis.id),
    filters: [...transfer.filters],
    leaveOut: leaveOutOf(request.profile),
    counts: transfer.summary,
    ...(request.profile.fileSystems === undefined
      ? {}
      : { fileSystems: request.profile.fileSystems }),
    ...(accepted.length === 0 ? {} : { accepted: accepted.map(({ what }) => what) }),
    ...(all.length === 0 ? {} : { remarks: all }),
    problemCount: confirmed.problemCount,
    problems: [...confirmed.problems],
    snapfsVersion: world.version,
  }
}
