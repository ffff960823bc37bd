/** Exclude patterns as rsync's filter rules. What such a rule matches, `filter/` knows. */
import { holdsWildcard } from '../filter/parse-pattern.ts'

/** A pattern of the user as a rule. `- ` in front keeps `!` and `+ ` from meaning anything else. */
export function excludeRule(pattern: string): string {
  return `- ${pattern}`
}

/**
 * A rule that excludes exactly one path, given from the root of the transfer (`/a/b`). rsync takes a
 * backslash as an escape only in a pattern that holds a wildcard; without one it is an ordinary
 * character, so escaping everything would exclude the wrong name (measured with rsync 3.5.0).
 */
export function excludePathRule(pathBelowSource: string): string {
  const wild = holdsWildcard(pathBelowSource)
  return excludeRule(wild ? pathBelowSource.replaceAll(/[*?[\]\\]/gu, '\\$&') : pathBelowSource)
}
