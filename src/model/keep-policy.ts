/** What of a series is to be kept. */

/** Kinds of buckets, the finest first; `last` has one for each snapshot. */
export const TIERS = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const
export type Tier = (typeof TIERS)[number]

/** Every rule adds to what the others keep. */
export interface KeepPolicy {
  /** Of each of so many hours, days, ... that have snapshots, the newest one. */
  readonly counts: Readonly<Partial<Record<Tier, number>>>
  /** All that are not older than this, counted back from the newest. */
  readonly withinMs?: number
  /** So many of the newest complete ones, whatever else is said. Absent: 1. */
  readonly minimum?: number
  /** For so long the last version of a file that was deleted, in whatever snapshot it is. */
  readonly deletedMs?: number
}

/** Whether nothing is said, or nothing but 0, which would leave the newest alone: then nothing is removed. */
export function keepsEverything({ counts, withinMs, minimum }: KeepPolicy): boolean {
  return [...TIERS.map((tier) => counts[tier]), withinMs, minimum].every((said = 0) => said <= 0)
}

type Written = Readonly<
  Partial<Record<Tier | 'minimum' | 'within' | 'deleted', number | undefined>>
>

/** The policy of a table `keep`; `within` and `deleted` are in milliseconds. */
export function keepPolicy({ minimum, within, deleted, ...counts }: Written): KeepPolicy {
  return {
    counts: Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined)),
    ...(within === undefined ? {} : { withinMs: within }),
    ...(minimum === undefined ? {} : { minimum }),
    ...(deleted === undefined ? {} : { deletedMs: deleted }),
  }
}
