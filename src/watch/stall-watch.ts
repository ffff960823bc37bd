/**
 * Whether something still gets on, counted from looks at it, and pure: time is counted in looks, so that a machine
 * that slept, or a snapfs that was stopped, has missed nothing but one of them.
 */

export interface StallWatch<Look> {
  readonly last: Look | undefined
  /** Looks in a row at which nothing had moved. */
  readonly quietLooks: number
}

export const NOTHING_SEEN: StallWatch<never> = { last: undefined, quietLooks: 0 }

/** So many looks make up the limit; more of them would notice a stall little sooner. */
const LOOKS_PER_LIMIT = 30
const SHORTEST_LOOK_MS = 100
/** A timer cannot wait for more than 24 days; an hour is seldom enough. */
const LONGEST_LOOK_MS = 3_600_000

/** How far looks are apart, in milliseconds, and how many quiet ones are a stall. */
export function looksFor(stallMs: number): { readonly everyMs: number; readonly limit: number } {
  const everyMs = Math.min(
    LONGEST_LOOK_MS,
    Math.max(SHORTEST_LOOK_MS, Math.ceil(stallMs / LOOKS_PER_LIMIT)),
  )
  return { everyMs, limit: Math.ceil(stallMs / everyMs) }
}

/** The watch after one more look. @param hasMoved judges two looks in a row */
export function lookAgain<Look>(
  { last, quietLooks }: StallWatch<Look>,
  look: Look,
  hasMoved: (before: Look, now: Look) => boolean,
): StallWatch<Look> {
  return { last: look, quietLooks: last === undefined || hasMoved(last, look) ? 0 : quietLooks + 1 }
}
