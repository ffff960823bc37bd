/**
 * One snapshot of one profile: lock, check the world, choose bases, copy, compare, publish. Nothing is
 * shown under a snapshot's name before it is whole and on the disk, and nothing published is touched.
 */
import { readSeries, snapshotIdsIn } from '../catalog/read-series.ts'
import type { Counts, Manifest, Outcome, Problem } from '../model/manifest.ts'
import { MANIFEST_FORMAT, outcomeOf } from '../model/manifest.ts'
import type { Profile } from '../model/profile.ts'
import { nextFreeId, type SnapshotId } from '../model/snapshot-id.ts'
import type { SourceLocation } from '../model/source-location.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { DEFAULT_STALL_MS } from '../model/stall-limit.ts'
import type { World } from '../model/world.ts'
import { type SeriesPlace, snapshotDirectory } from '../repository/layout.ts'
import { takeLeftovers } from '../repository/leftovers.ts'
import { type Lock, takeLock } from '../repository/lock.ts'
import { openRepository, type Repository } from '../repository/open-repository.ts'
import {
  discardSnapshot,
  prepareSeries,
  publishSnapshot,
  stageSnapshot,
  type StagedSnapshot,
} from '../repository/staged-snapshot.ts'
import { removeOldStates } from '../repository/state-store.ts'
import { withStorageErrors } from '../repository/storage-error.ts'
import { probeRsync } from '../rsync/run-rsync.ts'
import type { RsyncVersion } from '../rsync/version.ts'
import { refuseSuddenlyEmpty } from './check-source.ts'
import { type ConfirmedTransfer, keepState } from './confirm-transfer.ts'
import { type CopiedSource, copySource } from './copy-source.ts'
import { settleUnfinished, withCheckpoints } from './go-on.ts'
import { throwIfInterrupted } from './interruption.ts'
import { describeSource, locateSource } from './locate-source.ts'
import { lookAtRemote } from './look-at-remote.ts'
import { isOutOfReach, tidyUpAfter } from './out-of-reach.ts'
import type { Progress, TreeTransfer } from './transfer.ts'
import { waitForLock } from './wait-for-lock.ts'

export interface BackUpRequest {
  readonly profile: Profile
  /** Patterns beside those of the profile. */
  readonly exclude: readonly string[]
  readonly emptySource: 'refuse' | 'allow'
  /** How long to wait for another that works on the profile. 0: not at all. Infinity: for ever. */
  readonly waitMs: number
  /** Called once, with a sentence about the other, when the wait begins. */
  readonly onWait: (sentence: string) => void
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export interface BackUpReport {
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
}

/** @throws SnapfsError; nothing is left behind then but an empty series */
export async function backUp(request: BackUpRequest, world: World): Promise<BackUpReport> {
  const { profile } = request
  const repository = await openRepository(profile.repository)
  const source = await locateSource(profile.source, repository.path)
  const rsync = await probeRsync()
  const place: SeriesPlace = { repository: repository.path, profile: profile.name }
  return withStorageErrors(repository.path, async () => {
    const lock = await lockSeries(request, world, place)
    return thenAlways(
      async () => {
        // Only now: the other may have worked for hours, and a snapshot is as old as its copy is.
        const [startedMs, startedElapsed] = [world.clock.now(), world.clock.elapsed()]
        return backUpLocked({
          request,
          world,
          repository,
          place,
          rsync,
          startedMs,
          startedElapsed,
          source:
            request.waitMs > 0 ? await locateSource(profile.source, place.repository) : source,
        })
      },
      () => lock.release(),
    )
  })
}

/** @throws SnapfsError LOCKED when another works there, and for a repository that went away meanwhile */
async function lockSeries(
  request: BackUpRequest,
  { clock, timeZone }: World,
  place: SeriesPlace,
): Promise<Lock> {
  const describe = () => import('./describe-lock.ts')
  const moment = () => ({ nowMs: clock.now(), timeZone })
  const result = await waitForLock({
    limitMs: request.waitMs,
    clock,
    signal: request.signal,
    async attempt() {
      await openRepository(place.repository)
      await prepareSeries(place)
      return takeLock(place, 'snapfs backup', clock.now())
    },
    async onWait(obstacle) {
      request.onWait((await describe()).waitingSentence(obstacle, place, moment()))
    },
  })
  if (result.kind === 'taken') return result.lock
  throw (await describe()).lockedError(result.obstacle, place, moment(), result.waitedMs)
}

interface Run {
  readonly request: BackUpRequest
  readonly world: World
  readonly repository: Repository
  readonly place: SeriesPlace
  readonly source: SourceLocation
  readonly rsync: RsyncVersion
  readonly startedMs: number
  /** By the clock that does not jump. */
  readonly startedElapsed: number
}

async function backUpLocked(run: Run): Promise<BackUpReport> {
  const { request, place, source, startedMs } = run
  const { snapshots, damaged } = readSeries(place)
  const stallMs = request.profile.stallMs ?? DEFAULT_STALL_MS
  if (source.kind === 'local') {
    if (request.emptySource === 'refuse') await refuseSuddenlyEmpty(source.path, snapshots.at(-1))
  } else {
    await lookAtRemote({ ...request, location: source, newest: snapshots.at(-1), stallMs })
  }
  const leftovers = await takeLeftovers(place)
  throwIfInterrupted(request.signal)
  const staged = await stageSnapshot(place, nextFreeId(startedMs, new Set(snapshotIdsIn(place))))
  const task: Omit<TreeTransfer, 'source'> = {
    place,
    rsync: run.rsync,
    staged,
    snapshots,
    leftovers,
    exclude: [...request.profile.exclude, ...request.exclude],
    asRoot: run.world.userId === 0,
    startedMs,
    stallMs,
    signal: request.signal,
    onProgress: request.onProgress,
  }
  const { clock } = run.world
  let made: Made
  let late: readonly string[]
  try {
    made = await withCheckpoints(staged, clock, () => makeWhole(run, task))
    late = await publishSnapshot(place, staged, made.manifest)
  } catch (error) {
    if (isOutOfReach(error)) throw error
    // The step's error is the one to tell: a disk that went away cannot be tidied either.
    const settled =
      source.kind === 'local'
        ? settleUnfinished(staged, clock, error)
        : // Without a scan nothing tells what of it is on the disk and still right.
          discardSnapshot(staged).then(() => error)
    throw await settled.catch(() => error)
  }
  const { manifest, copied, early } = made
  await removeOldStates(place, [...snapshots.map(({ id }) => id), staged.id])
  return {
    profile: request.profile.name,
    id: staged.id,
    path: snapshotDirectory(place, staged.id),
    outcome: manifest.outcome,
    counts: manifest.counts,
    problems: manifest.problems,
    problemCount: manifest.problemCount,
    warnings: [
      ...damaged.map(({ id, reason }) => `Snapshot ${id} is damaged: ${reason}.`),
      ...copied.transfer.warnings,
      ...copied.warnings,
      ...early,
      ...late,
    ],
    notes: copied.transfer.notes,
    durationMs: manifest.durationMs,
  }
}

interface Made {
  readonly manifest: Manifest
  readonly copied: CopiedSource
  /** Warnings. */
  readonly early: readonly string[]
}

/** Everything before the snapshot gets its name. */
async function makeWhole(run: Run, task: Omit<TreeTransfer, 'source'>): Promise<Made> {
  const { staged, signal } = task
  const copied = await copySource(task, run.source, run.request.profile.access ?? {})
  const { transfer, confirmed } = copied
  const manifest = describeRun(run, transfer, confirmed, staged, task.snapshots)
  await transfer.log.write()
  throwIfInterrupted(signal)
  return { manifest, copied, early: await keepState(task, confirmed) }
}

/**
 * Runs a step, then tidies up. When both fail the step's error is the one to tell: a disk that went away
 * cannot be tidied either, and the next run finds what is left.
 */
async function thenAlways<T>(step: () => Promise<T>, tidyUp: () => Promise<void>): Promise<T> {
  let result: T
  try {
    result = await step()
  } catch (error) {
    await tidyUpAfter(error, tidyUp)
    throw error
  }
  await tidyUp()
  return result
}

function describeRun(
  run: Run,
  transfer: CopiedSource['transfer'],
  confirmed: ConfirmedTransfer,
  staged: StagedSnapshot,
  snapshots: readonly Snapshot[],
): Manifest {
  const { request, world, repository, source, rsync } = run
  return {
    format: MANIFEST_FORMAT,
    id: staged.id,
    sequence: snapshots.reduce((last, snapshot) => Math.max(last, snapshot.sequence), 0) + 1,
    profile: request.profile.name,
    repositoryId: repository.id,
    source: describeSource(request.profile.source, source, world.host),
    startedAt: new Date(run.startedMs).toISOString(),
    finishedAt: new Date(world.clock.now()).toISOString(),
    durationMs: Math.round(world.clock.elapsed() - run.startedElapsed),
    timeZone: world.timeZone,
    outcome: outcomeOf(confirmed.problems),
    rsync: { version: rsync.text, exitCode: transfer.exitCode },
    engine: transfer.engine,
    bases: transfer.bases.map((basis) => basis.id),
    filters: [...transfer.filters],
    counts: transfer.summary,
    problemCount: confirmed.problemCount,
    problems: [...confirmed.problems],
    snapfsVersion: world.version,
  }
}
