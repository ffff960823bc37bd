/**
 * What a prune would do: which snapshots of a series go, and why; and what that frees, where it is asked. Nothing is written, and no lock
 * taken.
 */
import { readLabels, readSeries } from '../catalog/read-series.ts'
import { readVerifications } from '../catalog/read-verifications.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { formatRoughDuration } from '../model/duration.ts'
import { bytesText } from '../model/figures.ts'
import { type KeepPolicy, keepsEverything } from '../model/keep-policy.ts'
import type { Outcome } from '../model/manifest.ts'
import type { Profile } from '../model/profile.ts'
import { epochMsOf, type SnapshotId } from '../model/snapshot-id.ts'
import type { World } from '../model/world.ts'
import { type SeriesPlace, seriesDirectory } from '../repository/layout.ts'
import { openRepository, type Repository } from '../repository/open-repository.ts'
import { readConfirmedSequence } from '../repository/confirmed-clock.ts'
import { inRepository } from '../repository/storage-error.ts'
import { trashedIds } from '../repository/trash.ts'
import { clockAnomaly } from '../retention/clock-anomaly.ts'
import {
  type Candidate,
  type Circumstances,
  planRetention,
  type Reason,
} from '../retention/plan-retention.ts'
import { lostFiles, planFreeing } from '../space/free-room.ts'
import { freedBytes } from '../space/space-sums.ts'
import { type LastVersions, neededForDeleted } from './last-versions.ts'
import { type Measured, type Measuring, measureSeries } from './measure-space.ts'

export interface PlanRequest {
  readonly profile: Profile
  /** Prune although the clock was wrong when a snapshot was taken, or is now; and believe these times from now on. */
  readonly acceptsClock: boolean
  /** For what takes a look at all files. */
  readonly measuring: Measuring
  /** Whether it is to be told what would be free. */
  readonly tellsRoom?: boolean
  /** So much is to be free afterwards in addition to what is, though the policy keep what has it. */
  readonly goalBytes?: number
}

export interface PlannedSnapshot {
  readonly id: SnapshotId
  /** In milliseconds since 1970. */
  readonly timeMs: number
  readonly outcome: Outcome
  /** None: it is to be removed. */
  readonly reasons: readonly Reason[]
  /** What removing it frees once the older ones that go are gone. */
  readonly freesBytes?: number
  /** The policy would keep it; it goes to make room. */
  readonly forRoom?: true
}

export interface PrunePlan {
  readonly profile: string
  readonly repository: string
  /** Whether there is a policy at all. */
  readonly hasPolicy: boolean
  /** Oldest first. */
  readonly snapshots: readonly PlannedSnapshot[]
  /** What removing all that goes frees. */
  readonly freesBytes?: number
  /** Versions of files that nothing has any more then. */
  readonly lostFiles?: number
  /** What an interrupted prune has left to be deleted. */
  readonly trashed: readonly SnapshotId[]
  /** Sentences. */
  readonly warnings: readonly string[]
}

/** So many of the newest complete ones stay when room is made and the policy says nothing of it. */
const ROOM_MINIMUM = 3

/** @throws SnapfsError when it cannot be told */
export async function planPrune(request: PlanRequest, world: World): Promise<PrunePlan> {
  const repository = await openRepository(request.profile.repository)
  return inRepository(repository.path, () => planIn(repository, request, world))
}

interface Candidates {
  readonly candidates: readonly (Candidate & { readonly id: SnapshotId })[]
  /** Sentences. */
  readonly warnings: readonly string[]
}

/** @throws SnapfsError PRUNE_REFUSED while it cannot be told what is pinned, or what times a snapshot stands for */
export function readCandidates(place: SeriesPlace): Candidates {
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

/** The same in a repository that is open. */
export async function planIn(
  repository: Repository,
  { profile, acceptsClock, measuring, tellsRoom, goalBytes }: PlanRequest,
  world: World,
): Promise<PrunePlan> {
  const place = { repository: repository.path, profile: profile.name }
  const policy = profile.keep ?? { counts: {} }
  const { candidates, warnings } = readCandidates(place)
  const circumstances = { timeZone: world.timeZone, nowMs: world.clock.now() }
  if (!acceptsClock) {
    const confirmed = await readConfirmedSequence(place)
    refuseClock(place, candidates, circumstances.nowMs, confirmed)
  }
  const decisions = planRetention(candidates, policy, circumstances)
  const plan = {
    ...{ profile: place.profile, repository: place.repository },
    hasPolicy: !keepsEverything(policy),
    snapshots: decisions.map(({ snapshot, reasons }) => ({
      ...{ id: snapshot.id, timeMs: snapshot.takenMs, outcome: snapshot.outcome, reasons },
    })),
    trashed: await trashedIds(place),
    warnings,
  }
  const keepsDeleted = policy.deletedMs !== undefined && goingIds(plan).size > 0
  if (tellsRoom !== true && goalBytes === undefined && !keepsDeleted) return plan
  const measured = await measureSeries(repository, place, measuring, world)
  const { nowMs } = circumstances
  const needed =
    policy.deletedMs === undefined
      ? undefined
      : await neededForDeleted(place, measured.table, decisions, {
          ...{ keptMs: policy.deletedMs, nowMs, signal: measuring.signal },
        })
  const kept = needed === undefined ? plan : withDeleted(plan, needed)
  const roomy =
    goalBytes === undefined
      ? kept
      : withRoom(kept, measured, {
          goalBytes,
          removable: removableIds(candidates, policy, circumstances),
        })
  const all = { ...roomy, warnings: [...warnings, ...measured.warnings] }
  return tellsRoom === true || goalBytes !== undefined ? withSpace(all, measured) : all
}

function withDeleted(plan: PrunePlan, needed: LastVersions): PrunePlan {
  return {
    ...plan,
    snapshots: plan.snapshots.map((snapshot) => {
      const files = needed.get(snapshot.id)
      if (files === undefined || snapshot.reasons.length > 0) return snapshot
      return { ...snapshot, reasons: [{ rule: 'deleted', files }] }
    }),
  }
}

function refuseClock(
  { profile }: SeriesPlace,
  candidates: readonly Candidate[],
  nowMs: number,
  confirmed: number,
): void {
  const anomaly = clockAnomaly(candidates, nowMs, confirmed)
  if (anomaly === undefined) return
  const { kind, later, byMs } = anomaly
  const span = formatRoughDuration(byMs)
  const sentences = {
    future: `The clock is ${span} behind snapshot ${later.id} of ${profile}.`,
    back: `The clock was set back by ${span} before snapshot ${later.id} of ${profile}.`,
    ahead: `Snapshot ${later.id} of ${profile} was taken ${span} after the one before it.`,
  }
  throw new SnapfsError('PRUNE_REFUSED', sentences[kind], {
    details: ['By a clock that was wrong, or is, it cannot be told what is old.'],
    hint: 'When the clock is wrong, set it. When it is right, or all of that is as it should be, say so once: snapfs prune --accept-clock',
  })
}

/** What may go to make room: all but what stays whatever the policy says, and so many of the newest. */
function removableIds(
  candidates: readonly (Candidate & { readonly id: SnapshotId })[],
  { minimum = ROOM_MINIMUM }: KeepPolicy,
  circumstances: Circumstances,
): ReadonlySet<SnapshotId> {
  // The newest complete one always.
  const policy = { counts: {}, minimum: Math.max(minimum, 1) }
  const decisions = planRetention(candidates, policy, circumstances)
  return new Set(
    decisions.flatMap(({ snapshot, reasons }) => (reasons.length === 0 ? [snapshot.id] : [])),
  )
}

/** @throws SnapfsError PRUNE_REFUSED when all that may go would not do */
function withRoom(
  plan: PrunePlan,
  { table }: Measured,
  { goalBytes, removable }: { readonly goalBytes: number; readonly removable: ReadonlySet<string> },
): PrunePlan {
  const goes = goingIds(plan)
  const numbersOf = (ids: ReadonlySet<string>): Set<number> =>
    new Set(table.snapshots.flatMap(({ key }, number) => (ids.has(key.id) ? [number] : [])))
  const freeing = planFreeing(table, numbersOf(goes), numbersOf(removable), goalBytes)
  if (freeing.kind === 'too little') {
    throw new SnapfsError(
      'PRUNE_REFUSED',
      `Removing all that may go of ${plan.profile} would free ${bytesText(freeing.freedBytes)}, and not ${bytesText(goalBytes)}.`,
      {
        hint: 'What is pinned or tagged stays, and the newest complete ones; "snapfs du" tells what takes the room. Nothing was removed.',
      },
    )
  }
  const removed = new Set([...freeing.removed].map((number) => table.snapshots[number]?.key.id))
  return {
    ...plan,
    snapshots: plan.snapshots.map((snapshot) =>
      removed.has(snapshot.id) && !goes.has(snapshot.id)
        ? { ...snapshot, reasons: [], forRoom: true }
        : snapshot,
    ),
  }
}

/** With what it frees. */
function withSpace(plan: PrunePlan, { table }: Measured): PrunePlan {
  const numberOf = new Map(table.snapshots.map(({ key }, number) => [key.id, number]))
  const removed = new Set<number>()
  let freed = 0
  const snapshots = plan.snapshots.map((snapshot) => {
    const number = numberOf.get(snapshot.id)
    if (snapshot.reasons.length > 0 || number === undefined) return snapshot
    const before = freed
    freed = freedBytes(table, removed.add(number))
    return { ...snapshot, freesBytes: freed - before }
  })
  return { ...plan, snapshots, freesBytes: freed, lostFiles: lostFiles(table, removed) }
}

/** What goes by a plan. */
export function goingIds({ snapshots }: PrunePlan): ReadonlySet<SnapshotId> {
  return new Set(snapshots.flatMap(({ id, reasons }) => (reasons.length === 0 ? [id] : [])))
}
