/**
 * Rules to the one that decides, as rsync would find it: the first that matches. What none matches is kept. The
 * caller walks from the source downward and does not enter an excluded directory, as rsync does; no rule can bring
 * back what lies in one.
 */
import { parsePattern, type Pattern } from './parse-pattern.ts'
import type { Rule } from './parse-rule.ts'
import { directoryMatcher, type Matcher, nameMatcher, pathMatcher } from './wildcard-matcher.ts'

/** A symbolic link is no directory, wherever it leads. */
export type EntryKind = 'directory' | 'other'

/**
 * The rule that decides about an entry, if one does.
 * @param path below the source, without a leading slash, as bytes, one character each
 */
export type Match = (path: string, kind: EntryKind) => Rule | undefined

export function compileRules(rules: readonly Rule[]): Match {
  const firstMatch: Readonly<Record<EntryKind, FirstMatch>> = {
    directory: compileFor('directory', rules),
    other: compileFor('other', rules),
  }
  return (path, kind) => rules[firstMatch[kind](path)]
}

/** The number of the first rule that matches a path; where none does, the number of rules. */
type FirstMatch = (path: string) => number

/** Patterns without wildcards are looked up, however many they are; the others are tried in their order. */
function compileFor(kind: EntryKind, rules: readonly Rule[]): FirstMatch {
  const names = new Map<string, number>()
  const paths = new Map<string, number>()
  const tried: { readonly number: number; readonly matches: MatchesPath }[] = []
  rules.forEach((rule, number) => {
    const { pattern, directoriesOnly } = parsePattern(rule.pattern)
    if (directoriesOnly && kind === 'other') return
    if (pattern.kind === 'name' || pattern.kind === 'path') {
      const numbers = pattern.kind === 'name' ? names : paths
      if (!numbers.has(pattern.text)) numbers.set(pattern.text, number)
    } else {
      tried.push({ number, matches: compilePattern(pattern, kind) })
    }
  })
  return (path) => {
    const nameStart = path.lastIndexOf('/') + 1
    let first = rules.length
    if (names.size > 0) first = names.get(path.slice(nameStart)) ?? first
    if (paths.size > 0) first = Math.min(first, paths.get(path) ?? first)
    const earlier = tried.find(({ number, matches }) => number > first || matches(path, nameStart))
    return Math.min(first, earlier?.number ?? first)
  }
}

type MatchesPath = (path: string, nameStart: number) => boolean

type TriedPattern = Exclude<Pattern, { readonly kind: 'name' | 'path' }>

function compilePattern(pattern: TriedPattern, kind: EntryKind): MatchesPath {
  switch (pattern.kind) {
    case 'end-of-path': {
      const end = `/${pattern.text}`
      return (path) => path.endsWith(end) || path === pattern.text
    }
    case 'wild-name':
      return nameMatcher(pattern.tokens)
    case 'wild-path': {
      const covers = kind === 'directory' && pattern.endsInTripleStar
      const matches: Matcher = covers
        ? directoryMatcher(pattern.tokens)
        : pathMatcher(pattern.tokens)
      return (path) => matches(path, 0)
    }
    case 'nothing':
      return () => false
  }
}
