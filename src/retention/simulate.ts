/** What a policy will keep, should snapshots be made as they were lately. Pure. */
import type { KeepPolicy } from '../model/keep-policy.ts'
import { type Candidate, type Decision, planRetention } from './plan-retention.ts'

export interface Simulation {
  /** Between two snapshots, in milliseconds. */
  readonly everyMs: number
  /** Month by month. */
  readonly points: readonly SimulatedPoint[]
  /** What is there at the end. */
  readonly kept: readonly Decision[]
}

export interface SimulatedPoint {
  readonly atMs: number
  readonly kept: number
  /** Of those. */
  readonly oldestMs: number
}

/** Of so many gaps the one in the middle is how often snapshots are made. */
const RECENT_GAPS = 30
const MONTH_MS = 30 * 24 * 3_600_000
/** More are no policy's business, and take long. */
const SNAPSHOTS_LIMIT = 200_000

/**
 * @param snapshots oldest first
 * @returns undefined when they do not tell how often they are made, or too many would be
 */
export function simulate(
  snapshots: readonly Candidate[],
  policy: KeepPolicy,
  {
    timeZone,
    nowMs,
    untilMs,
  }: { readonly timeZone: string; readonly nowMs: number; readonly untilMs: number },
): Simulation | undefined {
  const everyMs = usualGapMs(snapshots)
  const newest = snapshots.at(-1)
  if (everyMs === undefined || newest === undefined) return undefined
  if ((untilMs - nowMs) / everyMs > SNAPSHOTS_LIMIT) return undefined
  const points: SimulatedPoint[] = []
  let decisions: readonly Decision[] = []
  let left: Candidate[] = [...snapshots]
  let { sequence } = newest
  let nextMs = Math.max(nowMs, newest.takenMs + everyMs)
  for (
    let atMs = Math.min(nowMs + MONTH_MS, untilMs);
    ;
    atMs = Math.min(atMs + MONTH_MS, untilMs)
  ) {
    for (; nextMs <= atMs; nextMs += everyMs) {
      sequence += 1
      left.push(imagined(sequence, nextMs))
    }
    // What was kept before is enough to tell what is kept then.
    decisions = planRetention(left, policy, { timeZone, nowMs: atMs })
    left = decisions.filter(({ reasons }) => reasons.length > 0).map(({ snapshot }) => snapshot)
    const oldestMs = Math.min(...left.map(({ takenMs }) => takenMs))
    points.push({ atMs, kept: left.length, oldestMs })
    if (atMs >= untilMs) break
  }
  return { everyMs, points, kept: decisions.filter(({ reasons }) => reasons.length > 0) }
}

function usualGapMs(snapshots: readonly Candidate[]): number | undefined {
  const times = snapshots.flatMap(({ takenMs, verifiedMs }) => [takenMs, ...verifiedMs])
  const gaps = times
    .slice(1)
    .map((ms, index) => ms - (times[index] ?? ms))
    .filter((gap) => gap > 0)
    .slice(-RECENT_GAPS)
    .sort((left, right) => left - right)
  return gaps[Math.floor(gaps.length / 2)]
}

function imagined(sequence: number, takenMs: number): Candidate {
  return {
    ...{ id: `+${sequence}`, sequence, takenMs, outcome: 'complete' },
    ...{ isPinned: false, tags: [], verifiedMs: [] },
  }
}
