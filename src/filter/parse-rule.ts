/**
 * A filter rule as rsync takes it in `--filter=RULE`. Only `- PATTERN` and `+ PATTERN` are known: snapfs
 * generates nothing else, and a rule that is understood in part would leave out the wrong files.
 */
import { SnapfsError } from '../errors/snapfs-error.ts'

export type Verdict = 'excluded' | 'kept'

export interface Rule {
  /** As it is passed on to rsync. */
  readonly text: string
  /** What becomes of that which the pattern matches. */
  readonly verdict: Verdict
  /** The pattern as bytes, one character each: rsync compares bytes. */
  readonly pattern: string
}

/**
 * Reads a rule. Everything behind the one space belongs to the pattern, spaces too.
 * @throws SnapfsError USAGE when it is no rule of these two forms, or its pattern is empty
 */
export function parseRule(text: string): Rule {
  const sign = text.slice(0, 2)
  const pattern = text.slice(2)
  if ((sign !== '- ' && sign !== '+ ') || pattern === '' || pattern.includes('\0')) {
    throw new SnapfsError('USAGE', `"${text}" is not a filter rule.`, {
      hint: 'A rule is "- PATTERN" or "+ PATTERN", without modifiers.',
    })
  }
  return {
    text,
    verdict: sign === '- ' ? 'excluded' : 'kept',
    pattern: Buffer.from(pattern, 'utf8').toString('latin1'),
  }
}
