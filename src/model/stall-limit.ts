/** How long a backup puts up with nothing moving at all, in the words of a user. */
import { DURATION_EXAMPLES, parseDurationMs } from './duration.ts'

/** What stands for no limit. */
const STALL_NEVER = 'off'

/** For the sentence that refuses another text. */
export const STALL_LIMIT_EXAMPLES = `${DURATION_EXAMPLES}, or "${STALL_NEVER}"`

/**
 * Without a word in the configuration. A disk that spins up, a tape library or a busy NFS server may be silent
 * for minutes; whoever is silent for half an hour has most likely gone.
 */
export const DEFAULT_STALL_MS = 30 * 60_000

/** A shorter limit could not be told from a machine that is busy. */
const SHORTEST_STALL_MS = 1000

/** Milliseconds; Infinity for no limit, undefined for a text that is no duration of a second or more. */
export function parseStallLimitMs(text: string): number | undefined {
  if (text.trim() === STALL_NEVER) return Infinity
  const stallMs = parseDurationMs(text)
  return stallMs !== undefined && stallMs >= SHORTEST_STALL_MS ? stallMs : undefined
}
