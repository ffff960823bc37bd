/** Exclude patterns as rsync's filter rules. What such a rule matches, `filter/` knows. */
import { holdsWildcard } from '../filter/parse-pattern.ts'

/**
 * What a user wrote as a rule: `+ PATTERN` and `- PATTERN` as they are, anything else excludes. So do rsync's own
 * --exclude and --exclude-from read it; `- ` in front keeps `!` from meaning anything else.
 */
export function filterRule(text: string): string {
  return /^[+-] /u.test(text) ? text : `- ${text}`
}

/**
 * A rule that excludes exactly one path, given from the root of the transfer (`/a/b`). rsync takes a
 * backslash as an escape only in a pattern that holds a wildcard; without one it is an ordinary
 * character, so escaping everything would exclude the wrong name (measured with rsync 3.5.0).
 */
export function excludePathRule(pathBelowSource: string): string {
  const wild = holdsWildcard(pathBelowSource)
  return `- ${wild ? pathBelowSource.replaceAll(/[*?[\]\\]/gu, '\\$&') : pathBelowSource}`
}
