/** How much smaller a source may have become since its last snapshot, in the words of a user. */
import { parseShare, SHARE_EXAMPLES } from './share.ts'

/** The share that may be missing, from 0 to 1; Infinity where that is not looked at. */
export type MaxShrink = number

/**
 * Half. People empty folders and remove a project every week; more than half of everything is rarely meant, and
 * then it is said once.
 */
export const DEFAULT_MAX_SHRINK: MaxShrink = 0.5

/** For the sentence that refuses another text. */
export const MAX_SHRINK_EXAMPLES = `${SHARE_EXAMPLES} or "off"`

/** Undefined for a text that is neither a share nor `off`. */
export function parseMaxShrink(text: string): MaxShrink | undefined {
  return text.trim() === 'off' ? Infinity : parseShare(text)
}
