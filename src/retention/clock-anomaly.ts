/**
 * Signs that the clock was wrong when snapshots were taken, or is now. By such times it cannot be told what is old: a clock that was two
 * years ahead for an hour would make all snapshots but one older than any `within`. Pure.
 */
import { type Candidate, CLOCK_TOLERANCE_MS } from './plan-retention.ts'

/** What is odd, about the later of two snapshots that follow one another. */
export type ClockAnomaly =
  /** It is later than now. */
  | { readonly kind: 'future'; readonly later: Candidate; readonly byMs: number }
  /** It was taken before the one before it. */
  | { readonly kind: 'back'; readonly later: Candidate; readonly byMs: number }
  /** So much later than the one that was made before it as is not usual. */
  | { readonly kind: 'ahead'; readonly later: Candidate; readonly byMs: number }

/** Somebody may have been away for as long. */
const LEAST_JUMP_MS = 60 * 86_400_000
/** Of the usual time between two snapshots. */
const JUMP_FACTOR = 10
/** With fewer nothing is usual yet. */
const LEAST_INTERVALS = 3

/**
 * @param snapshots in any order
 * @param confirmed the sequence of the newest snapshot of which somebody said that its time, and all before, may be believed
 * @returns the newest anomaly
 */
export function clockAnomaly(
  snapshots: readonly Candidate[],
  nowMs: number,
  confirmed: number,
): ClockAnomaly | undefined {
  const inOrder = snapshots.toSorted((one, other) => one.sequence - other.sequence)
  // Of those that were made one after the other: where others were removed in between, time was not jumped over.
  const usual: number[] = []
  const steps = inOrder.map((later, index) => {
    const before = inOrder[index - 1]
    if (before === undefined) return { later, sinceMs: 0, isNext: false }
    const sinceMs = later.takenMs - Math.max(before.takenMs, ...before.verifiedMs)
    const isNext = later.sequence === before.sequence + 1
    if (isNext) usual.push(sinceMs)
    return { later, sinceMs, isNext }
  })
  const limitMs = Math.max(LEAST_JUMP_MS, JUMP_FACTOR * medianOf(usual))
  for (const { later, sinceMs, isNext } of steps.toReversed()) {
    if (later.sequence <= confirmed) return undefined
    const futureMs = later.takenMs - nowMs
    if (futureMs > CLOCK_TOLERANCE_MS) return { kind: 'future', later, byMs: futureMs }
    if (sinceMs < -CLOCK_TOLERANCE_MS) return { kind: 'back', later, byMs: -sinceMs }
    if (isNext && sinceMs > limitMs && usual.length > LEAST_INTERVALS) {
      return { kind: 'ahead', later, byMs: sinceMs }
    }
  }
  return undefined
}

function medianOf(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[numbers.length >> 1] ?? 0
}
