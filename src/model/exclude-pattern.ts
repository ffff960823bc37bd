/** Exclude patterns as users write them, before rsync's language is looked into. */

/** rsync drops a rule whose pattern is longer, with exit code 0: what it names would be copied. */
export const PATTERN_LIMIT_BYTES = 4095

/**
 * Why a pattern cannot be right.
 * @returns the end of a sentence that begins with "an exclude pattern"; undefined when it can
 */
export function objectionToPattern(pattern: string): string | undefined {
  if (pattern === '') return 'cannot be empty'
  if (/[\0\n]/u.test(pattern)) return 'is one line'
  if (Buffer.byteLength(pattern) > PATTERN_LIMIT_BYTES) return 'has at most 4,095 bytes'
  if (/^\/+$/u.test(pattern))
    return 'names something below the source, and "/" is the source itself'
  // rsync's own exclude lists have these; taken for names, they would leave out what is to be kept.
  if (pattern === '!') return 'cannot be "!": there is no list to clear'
  if (/^[+-] /u.test(pattern)) {
    return `is not a rule: a name that begins with "${pattern.slice(0, 2)}" is written "[${pattern.slice(0, 1)}] …"`
  }
  return undefined
}
