/**
 * A `.snapfsignore`: patterns of what to leave out of its directory and of all below. Read as rsync reads it with the
 * filter rule `:- .snapfsignore` (exclude.c of rsync 3.5.0): a pattern to a line, comments with `#` or `;` in the first
 * place, no blank cut off, no rule but to leave out; a leading slash means the directory of the file.
 */
import { PATTERN_LIMIT_BYTES } from '../model/exclude-pattern.ts'
import { compileRules, type EntryKind } from './compile-rules.ts'
import type { Rule } from './parse-rule.ts'

export const IGNORE_FILE = '.snapfsignore'

/** What rsync is told, so that it obeys such files. */
export const IGNORE_FILES_RULE = `:- ${IGNORE_FILE}`

/**
 * The rule that leaves an entry out, if one does.
 * @param path below the source, as `Match` has it
 * @param below the same path from the directory of the file
 */
export type MatchBelow = (path: string, below: string, kind: EntryKind) => Rule | undefined

/** @param text as bytes, one character each */
export function compileIgnoreFile(text: string): MatchBelow {
  const rules = parseIgnoreFile(text)
  const ofDirectory = compileRules(rules.filter(({ pattern }) => pattern.startsWith('/')))
  // These look at the end of the path, or at all of it, wherever the file lies.
  const ofSource = compileRules(rules.filter(({ pattern }) => !pattern.startsWith('/')))
  return (path, below, kind) => ofDirectory(below, kind) ?? ofSource(path, kind)
}

export function parseIgnoreFile(text: string): readonly Rule[] {
  return (
    text
      .split(/[\n\r]/u)
      // rsync's line ends where C ends it.
      .map((line) => line.split('\0')[0] ?? '')
      .filter((line) => line !== '' && !/^[#;]/u.test(line) && line.length <= PATTERN_LIMIT_BYTES)
      .map((pattern) => ({
        text: `- ${Buffer.from(pattern, 'latin1').toString('utf8')}`,
        verdict: 'excluded',
        pattern,
      }))
  )
}
