/** Exclude patterns as rsync's filter rules. The language is that of rsync's manual, FILTER RULES. */

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
  const wild = /[*?[]/u.test(pathBelowSource)
  return excludeRule(wild ? pathBelowSource.replaceAll(/[*?[\]\\]/gu, '\\$&') : pathBelowSource)
}

/**
 * A test for the patterns that are plain names or paths, to spare a walk what rsync will leave out. A
 * pattern with a wildcard is never found to match: looking at too much costs time, at too little the truth.
 * @returns whether a directory, by its path below the source and without a leading slash, is left out
 */
export function plainExcludes(patterns: readonly string[]): (path: string) => boolean {
  const plain = patterns
    .filter((pattern) => !/[*?[\\]/u.test(pattern))
    .map((pattern) => Buffer.from(pattern.replace(/\/$/u, ''), 'utf8').toString('latin1'))
  const anchored = new Set(
    plain.filter((text) => text.startsWith('/')).map((text) => text.slice(1)),
  )
  const anywhere = plain.filter((text) => text !== '' && !text.startsWith('/'))
  return (path) =>
    anchored.has(path) || anywhere.some((text) => path === text || path.endsWith(`/${text}`))
}
