/**
 * Decides what of a series is kept, and says why. Pure. What it keeps does not depend on how often it was asked before: a
 * snapshot that would be kept later is kept now. So the rules look only at what cannot change any more, and never at what others
 * have removed.
 */
import type { Outcome } from '../model/manifest.ts'
import { bucketsAt } from './buckets.ts'
import { type KeepPolicy, keepsEverything, type Tier, TIERS } from '../model/keep-policy.ts'

/**
 * A clock is set by parts of a second all the time, and backups that follow one another within a second are named by seconds
 * that have yet to come.
 */
export const CLOCK_TOLERANCE_MS = 60_000

/** What is known of a snapshot. */
export interface Candidate {
  readonly id: string
  readonly sequence: number
  /** When it was begun, in milliseconds since 1970. */
  readonly takenMs: number
  readonly outcome: Outcome
  readonly isPinned: boolean
  readonly tags: readonly string[]
  /** When the source was found to be what it holds, later than that: it stands for these times, too. */
  readonly verifiedMs: readonly number[]
}

/** Why a snapshot is kept. */
export type Reason =
  /** The newest one, and the newest complete one; of those that nothing else keeps for good, too. */
  | { readonly rule: 'newest' }
  | { readonly rule: 'minimum'; readonly rank: number }
  | { readonly rule: Tier; readonly bucket: string; readonly rank: number }
  | { readonly rule: 'within' }
  | { readonly rule: 'pinned' }
  | { readonly rule: 'tagged'; readonly tags: readonly string[] }
  /** Taken later than now, by the clock and more than it may be off. */
  | { readonly rule: 'future' }
  /** It has the last version of so many files that were deleted. */
  | { readonly rule: 'deleted'; readonly files: number }
  | { readonly rule: 'no policy' }

export interface Decision<C extends Candidate = Candidate> {
  readonly snapshot: C
  /** None: it is to be removed. */
  readonly reasons: readonly Reason[]
}

export interface Circumstances {
  /** An IANA name: days begin at its midnights. */
  readonly timeZone: string
  readonly nowMs: number
}

/** @returns a decision for each snapshot, the oldest first */
export function planRetention<C extends Candidate>(
  snapshots: readonly C[],
  policy: KeepPolicy,
  { timeZone, nowMs }: Circumstances,
): readonly Decision<C>[] {
  const newestFirst = snapshots.toSorted(newerFirst)
  const reachedMs = nowMs + CLOCK_TOLERANCE_MS
  const reasons = new Map<C, Reason[]>(newestFirst.map((snapshot) => [snapshot, []]))
  const keep = (snapshot: C, reason: Reason): void => void reasons.get(snapshot)?.push(reason)

  if (keepsEverything(policy)) for (const one of newestFirst) keep(one, { rule: 'no policy' })
  for (const one of newestFirst) {
    if (one.isPinned) keep(one, { rule: 'pinned' })
    if (one.tags.length > 0) keep(one, { rule: 'tagged', tags: one.tags })
    // No calendar has a place for it yet.
    if (one.takenMs > reachedMs) keep(one, { rule: 'future' })
  }
  // What stays anyhow takes nobody's place.
  const others = newestFirst.filter(
    ({ isPinned, tags, takenMs }) => !isPinned && tags.length === 0 && takenMs <= reachedMs,
  )
  keepNewest(others, keep)
  const [newestOfAll] = newestFirst
  if (newestOfAll !== undefined && newestOfAll !== others[0]) keep(newestOfAll, { rule: 'newest' })
  others
    .filter(({ outcome }) => outcome === 'complete')
    .slice(0, policy.minimum ?? 0)
    .forEach((one, index) => keep(one, { rule: 'minimum', rank: index + 1 }))
  const forGood = newestFirst.filter((one) => !others.includes(one) && one.takenMs <= reachedMs)
  for (const tier of TIERS) {
    const count = policy.counts[tier] ?? 0
    if (count > 0) keepTier(others, forGood, { tier, count, timeZone }, keep)
  }
  const [newest] = others
  const { withinMs = -1 } = policy
  for (const one of others) {
    if (newest !== undefined && lastMs(newest) - lastMs(one) <= withinMs) {
      keep(one, { rule: 'within' })
    }
  }
  return newestFirst
    .toReversed()
    .map((snapshot) => ({ snapshot, reasons: reasons.get(snapshot) ?? [] }))
}

/** The last time that a snapshot stands for. */
function lastMs({ takenMs, verifiedMs }: Candidate): number {
  return Math.max(takenMs, ...verifiedMs)
}

type Keep<C> = (snapshot: C, reason: Reason) => void

function newerFirst(left: Candidate, right: Candidate): number {
  if (left.sequence !== right.sequence) return right.sequence - left.sequence
  return left.id < right.id ? 1 : left.id > right.id ? -1 : 0
}

/** Whatever is said, a series never loses its last whole snapshot, nor its last one. */
function keepNewest<C extends Candidate>(newestFirst: readonly C[], keep: Keep<C>): void {
  const [newest] = newestFirst
  const whole = newestFirst.find(({ outcome }) => outcome === 'complete')
  if (newest !== undefined) keep(newest, { rule: 'newest' })
  if (whole !== undefined && whole !== newest) keep(whole, { rule: 'newest' })
}

interface Bucket<C> {
  readonly name: string
  /** The newest complete one; the newest one as long as there is none. */
  representative: C
}

/**
 * The newest of each bucket, as far as the count goes. A snapshot is in the buckets of all times it stands for; the newest of these is
 * the reason that is told. Buckets that have only partial snapshots are kept between those that
 * count, as many of them as may count, and displace none. The newest bucket is not over yet, so it is no such bucket: it may get
 * a complete one, and then another would have its place that is gone already. Nor is one that has a complete snapshot which
 * stays anyhow.
 */
function keepTier<C extends Candidate>(
  newestFirst: readonly C[],
  forGood: readonly C[],
  { tier, count, timeZone }: { tier: Tier; count: number; timeZone: string },
  keep: Keep<C>,
): void {
  const namesOf = (one: C): readonly string[] =>
    tier === 'last'
      ? [one.id]
      : [...one.verifiedMs.toReversed(), one.takenMs].map((ms) => bucketsAt(ms, timeZone)[tier])
  const whole = new Set(forGood.filter(({ outcome }) => outcome === 'complete').flatMap(namesOf))
  const buckets: Bucket<C>[] = []
  const byName = new Map<string, Bucket<C>>()
  for (const one of newestFirst) {
    for (const name of namesOf(one)) {
      const known = byName.get(name)
      if (known === undefined) {
        const bucket = { name, representative: one }
        byName.set(name, bucket)
        buckets.push(bucket)
      } else if (known.representative.outcome !== 'complete' && one.outcome === 'complete') {
        known.representative = one
      }
    }
  }
  const told = new Set<C>()
  let [complete, partial] = [0, 0]
  buckets.forEach(({ name, representative }, index) => {
    if (complete >= count) return
    if (representative.outcome === 'complete') complete += 1
    else if (whole.has(name)) return
    else if (index > 0) {
      if (partial >= count) return
      partial += 1
    }
    if (told.has(representative)) return
    told.add(representative)
    keep(representative, { rule: tier, bucket: name, rank: complete + partial })
  })
}
