/** Exclude patterns as users write them, before rsync's language is looked into. */

/** rsync drops a rule whose pattern is longer, with exit code 0: what it names would be copied. */
export const PATTERN_LIMIT_BYTES = 4095

/**
 * Why a pattern cannot be right, without or with the `+ ` or `- ` of a rule in front.
 * @returns the end of a sentence that begins with "an exclude pattern"; undefined when it can
 */
export function objectionToPattern(text: string): string | undefined {
  const pattern = text.replace(/^[+-] /u, '')
  if (pattern === '') return 'cannot be empty'
  if (/[\0\n]/u.test(pattern)) return 'is one line'
  if (Buffer.byteLength(pattern) > PATTERN_LIMIT_BYTES) return 'has at most 4,095 bytes'
  if (/^\/+$/u.test(pattern))
    return 'names something below the source, and "/" is the source itself'
  // rsync's own exclude lists have it; taken for a name, it would leave out what is to be kept.
  if (text === '!') return 'cannot be "!": there is no list to clear'
  return undefined
}
