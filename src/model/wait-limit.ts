/** How long a backup waits for another one of the same profile, in the words of a user. */
import { DURATION_EXAMPLES, parseDurationMs } from './duration.ts'

/** What stands for no limit. */
export const WAIT_FOREVER = 'forever'

/** For the sentence that refuses another text. */
export const WAIT_LIMIT_EXAMPLES = `${DURATION_EXAMPLES}, or "${WAIT_FOREVER}"`

/** Milliseconds; Infinity for no limit, undefined for a text that is no duration. */
export function parseWaitLimitMs(text: string): number | undefined {
  return text.trim() === WAIT_FOREVER ? Infinity : parseDurationMs(text)
}
