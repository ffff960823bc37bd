/**
 * `snapfs prune`: removes the snapshots of a series that its policy does not keep. Decided anew under the lock; what is removed
 * leaves the series whole, and is deleted after that.
 */
import { readLabels, readSeries } from '../catalog/read-series.ts'
import { readVerifications } from '../catalog/read-verifications.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { formatRoughDuration } from '../model/duration.ts'
import { type KeepPolicy, keepsEverything } from '../model/keep-policy.ts'
import type { Outcome } from '../model/manifest.ts'
import type { Profile } from '../model/profile.ts'
import { epochMsOf, type SnapshotId } from '../model/snapshot-id.ts'
import type { World } from '../model/world.ts'
import { type SeriesPlace, seriesDirectory } from '../repository/layout.ts'
import { openRepository } from '../repository/open-repository.ts'
import { inRepository } from '../repository/storage-error.ts'
import type { Lock } from '../repository/lock.ts'
import { removeStates } from '../repository/state-store.ts'
import { deleteTrashed, isFull, moveToTrash, trashedIds } from '../repository/trash.ts'
import { type Candidate, planRetention, type Reason } from '../retention/plan-retention.ts'
import { simulate, type Simulation } from '../retention/simulate.ts'
import { lockSeries, type LockRequest, thenRelease } from './lock-series.ts'
import { throwIfInterrupted } from './interruption.ts'

export interface PruneRequest extends LockRequest {
  readonly profile: Profile
  /** Prune although the clock is behind the newest snapshot. */
  readonly acceptsClock: boolean
}

export interface PlannedSnapshot {
  readonly id: SnapshotId
  /** In milliseconds since 1970. */
  readonly timeMs: number
  readonly outcome: Outcome
  /** None: it is to be removed. */
  readonly reasons: readonly Reason[]
}

export interface PrunePlan {
  readonly profile: string
  readonly repository: string
  /** Whether there is a policy at all. */
  readonly hasPolicy: boolean
  /** Oldest first. */
  readonly snapshots: readonly PlannedSnapshot[]
  /** What an interrupted prune has left to be deleted. */
  readonly trashed: readonly SnapshotId[]
  /** Sentences. */
  readonly warnings: readonly string[]
}

export interface PruneReport extends PrunePlan {
  readonly removed: readonly SnapshotId[]
}

/** A clock is set by parts of a second all the time. */
const CLOCK_TOLERANCE_MS = 60_000
/** Mounts are told within this time, and open what is in use before its last name goes (native-notes/fuse.md). */
const MOUNTS_MS = 500

/** How it is after a signal. */
const INTERRUPTED = {
  outcome: 'what was removed by then is gone',
  hint: 'All other snapshots are whole. The next "snapfs prune" goes on.',
}

/** What a prune would do; nothing is written, and no lock taken. @throws SnapfsError when it cannot be told */
export async function planPrune(
  { profile, acceptsClock }: Pick<PruneRequest, 'profile' | 'acceptsClock'>,
  world: World,
): Promise<PrunePlan> {
  const repository = await openRepository(profile.repository)
  const place = { repository: repository.path, profile: profile.name }
  return inRepository(repository.path, () => plan(place, profile.keep, acceptsClock, world))
}

/**
 * @throws SnapfsError LOCKED, PRUNE_REFUSED, or what keeps the repository from being written; what was removed by then is
 *   gone, and the rest whole
 */
export async function prune(request: PruneRequest, world: World): Promise<PruneReport> {
  const { profile, signal } = request
  const repository = await openRepository(profile.repository)
  const place = { repository: repository.path, profile: profile.name }
  return inRepository(repository.path, async () => {
    const lock = await lockOnFullDisk(request, world, place)
    return thenRelease(lock, async () => {
      const planned = await plan(place, profile.keep, request.acceptsClock, world)
      const removed = planned.snapshots
        .filter(({ reasons }) => reasons.length === 0)
        .map(({ id }) => id)
      // First, so that nothing lies there under an id that is to come.
      await emptyTrash(place, request, world)
      for (const id of removed) {
        throwIfInterrupted(signal, INTERRUPTED)
        await moveToTrash(place, id)
      }
      if (removed.length > 0) await world.clock.sleep(MOUNTS_MS, signal)
      await emptyTrash(place, request, world)
      return { ...planned, removed }
    })
  })
}

async function emptyTrash(
  place: SeriesPlace,
  { signal }: PruneRequest,
  { removeWorker: worker }: World,
): Promise<void> {
  for (const id of await trashedIds(place)) {
    await deleteTrashed(place, id, { worker, signal })
    throwIfInterrupted(signal, INTERRUPTED)
  }
}

/** On a full disk a cache gives its blocks for the lock: what is to be removed needs one. */
async function lockOnFullDisk(
  request: PruneRequest,
  world: World,
  place: SeriesPlace,
): Promise<Lock> {
  const lock = (): Promise<Lock> =>
    lockSeries({ ...request, command: 'snapfs prune' }, world, place)
  try {
    return await lock()
  } catch (error) {
    if (!isFull(error)) throw error
    await removeStates(place)
    return lock()
  }
}

export interface SimulationReport extends Simulation {
  readonly profile: string
}

/**
 * What the policy will keep, should snapshots be made as often as lately; nothing is written.
 * @throws SnapfsError USAGE when it cannot be told
 */
export async function simulatePrune(
  { profile, spanMs }: { readonly profile: Profile; readonly spanMs: number },
  world: World,
): Promise<SimulationReport> {
  const repository = await openRepository(profile.repository)
  const place = { repository: repository.path, profile: profile.name }
  const simulated = (): SimulationReport => simulateSeries(place, profile.keep, spanMs, world)
  return inRepository(repository.path, () => Promise.resolve().then(simulated))
}

function simulateSeries(
  place: SeriesPlace,
  policy: KeepPolicy | undefined,
  spanMs: number,
  { clock, timeZone }: World,
): SimulationReport {
  if (policy === undefined || keepsEverything(policy)) {
    throw new SnapfsError('USAGE', `Nothing says what to keep of ${place.profile}.`, {
      hint: 'All is kept then. See keep in "snapfs prune --help".',
    })
  }
  const nowMs = clock.now()
  const { candidates } = readCandidates(place)
  const until = { timeZone, nowMs, untilMs: nowMs + spanMs }
  const simulated = simulate(candidates, policy, until)
  if (simulated !== undefined) return { profile: place.profile, ...simulated }
  throw new SnapfsError(
    'USAGE',
    `What will be kept of ${place.profile} by then cannot be told from its snapshots.`,
    {
      hint: 'It takes two of them to tell how often they are made; and fewer than 200,000 until then.',
    },
  )
}

interface Candidates {
  readonly candidates: readonly (Candidate & { readonly id: SnapshotId })[]
  /** Sentences. */
  readonly warnings: readonly string[]
}

/** @throws SnapfsError PRUNE_REFUSED while it cannot be told what is pinned, or what times a snapshot stands for */
function readCandidates(place: SeriesPlace): Candidates {
  const { snapshots, damaged } = readSeries(place)
  const verified = readVerifications(place, snapshots)
  const labels = readLabels(place)
  if (labels === undefined) {
    throw new SnapfsError('PRUNE_REFUSED', `The labels of ${place.profile} cannot be read.`, {
      details: [`${seriesDirectory(place)}/labels.json may hold pins.`],
      hint: 'Repair or remove that file; nothing was removed.',
    })
  }
  if (verified.warnings.length > 0) {
    throw new SnapfsError(
      'PRUNE_REFUSED',
      `It cannot be told for what times the snapshots of ${place.profile} stand.`,
      { details: verified.warnings, hint: 'Repair or remove what is named; nothing was removed.' },
    )
  }
  return {
    candidates: snapshots.map(({ id, sequence, manifest }) => {
      const label = labels.get(id)
      return {
        ...{ id, sequence, takenMs: epochMsOf(id), outcome: manifest.outcome },
        ...{ isPinned: label?.pinned ?? false, tags: label?.tags ?? [] },
        verifiedMs: (verified.bySnapshot.get(id) ?? []).map((one) => epochMsOf(one.id)),
      }
    }),
    warnings: damaged.map(({ id, reason }) => `Snapshot ${id} is damaged, and stays: ${reason}.`),
  }
}

async function plan(
  place: SeriesPlace,
  policy: KeepPolicy | undefined,
  acceptsClock: boolean,
  { clock, timeZone }: World,
): Promise<PrunePlan> {
  const { candidates, warnings } = readCandidates(place)
  const nowMs = clock.now()
  const newestMs = Math.max(...candidates.map(({ takenMs }) => takenMs))
  if (!acceptsClock && newestMs - nowMs > CLOCK_TOLERANCE_MS) {
    throw new SnapfsError(
      'PRUNE_REFUSED',
      `The clock is ${formatRoughDuration(newestMs - nowMs)} behind the newest snapshot of ${place.profile}.`,
      {
        details: ['By such a clock it cannot be told what is old.'],
        hint: 'Set the clock. Or, when it is right now and was wrong then: snapfs prune --accept-clock',
      },
    )
  }
  const decisions = planRetention(candidates, policy ?? { counts: {} }, { timeZone, nowMs })
  return {
    ...{ profile: place.profile, repository: place.repository },
    hasPolicy: policy !== undefined && !keepsEverything(policy),
    snapshots: decisions.map(({ snapshot, reasons }) => ({
      ...{ id: snapshot.id, timeMs: snapshot.takenMs, outcome: snapshot.outcome, reasons },
    })),
    trashed: await trashedIds(place),
    warnings,
  }
}
