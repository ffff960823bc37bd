/**
 * The pattern of a rule to what it is compared with. These are the rules of rsync(1), PATTERN MATCHING
 * RULES, and where that is silent those of rsync's exclude.c, by which `test/integration/filter.test.ts`
 * compares them. Several look only at the text, not at its meaning: a `**` in brackets or half escaped
 * makes rsync compare whole paths all the same.
 */
import { PATTERN_LIMIT_BYTES } from '../model/exclude-pattern.ts'
import { ANY_BYTE, type ByteSet, parseByteSet, SLASH } from './byte-set.ts'

export type Token =
  | { readonly kind: 'byte'; readonly code: number }
  | { readonly kind: 'set'; readonly set: ByteSet }
  /** `*`: any bytes but a slash. */
  | { readonly kind: 'star' }
  /** `**`: any bytes. */
  | { readonly kind: 'double-star' }

export type Pattern =
  /** A plain name, wherever it is. */
  | { readonly kind: 'name'; readonly text: string }
  /** A plain path from the source. */
  | { readonly kind: 'path'; readonly text: string }
  /** A plain path of several names that anything may stand above. */
  | { readonly kind: 'end-of-path'; readonly text: string }
  /** Compared with the last name. */
  | { readonly kind: 'wild-name'; readonly tokens: readonly Token[] }
  /** Compared with the path from the source, with a slash in front. */
  | {
      readonly kind: 'wild-path'
      readonly tokens: readonly Token[]
      /** Whether a trailing `***` is meant for the directory, too, that it lies in. */
      readonly endsInTripleStar: boolean
    }
  /** What no path can match, such as a set without its closing bracket. */
  | { readonly kind: 'nothing' }

export interface ParsedPattern {
  readonly pattern: Pattern
  readonly directoriesOnly: boolean
}

/** Whether rsync takes a pattern for one with wildcards. Only then does a backslash escape. */
export function holdsWildcard(pattern: string): boolean {
  return /[*?[]/u.test(pattern)
}

/** @param text as bytes, one character each; not empty */
export function parsePattern(text: string): ParsedPattern {
  const directoriesOnly = text.endsWith('/')
  const whole = directoriesOnly ? text.slice(0, -1) : text
  if (text.length > PATTERN_LIMIT_BYTES) return { pattern: { kind: 'nothing' }, directoriesOnly }
  return {
    pattern: holdsWildcard(whole) ? wildPattern(whole) : plainPattern(whole),
    directoriesOnly,
  }
}

function plainPattern(text: string): Pattern {
  if (text.startsWith('/')) return { kind: 'path', text: text.slice(1) }
  return { kind: text.includes('/') ? 'end-of-path' : 'name', text }
}

function wildPattern(text: string): Pattern {
  const tokens = parseTokens(text)
  if (tokens === undefined) return { kind: 'nothing' }
  const endsInTripleStar = text.endsWith('***')
  // A leading `**` may stand for nothing, so that `**/a` matches `a`.
  if (text.startsWith('/') || text.startsWith('**')) {
    return { kind: 'wild-path', tokens, endsInTripleStar }
  }
  const slashes = text.split('/').length - 1
  if (!text.includes('**')) {
    if (slashes === 0) return { kind: 'wild-name', tokens }
    // rsync compares as many names as the text has slashes, and one in brackets matches none.
    if (tokens.filter(isSlash).length !== slashes) return { kind: 'nothing' }
  }
  const anywhere: readonly Token[] = [{ kind: 'double-star' }, { kind: 'byte', code: SLASH }]
  return { kind: 'wild-path', tokens: [...anywhere, ...tokens], endsInTripleStar }
}

function isSlash(token: Token): boolean {
  return token.kind === 'byte' && token.code === SLASH
}

/** @returns undefined for what matches nothing; else no two stars stand side by side */
function parseTokens(text: string): readonly Token[] | undefined {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const character = text[at]
    if (character === '*') {
      const start = at
      while (text[at] === '*') at += 1
      tokens.push({ kind: at - start === 1 ? 'star' : 'double-star' })
    } else if (character === '?') {
      tokens.push({ kind: 'set', set: ANY_BYTE })
      at += 1
    } else if (character === '[') {
      const parsed = parseByteSet(text, at + 1)
      if (parsed === undefined) return undefined
      tokens.push({ kind: 'set', set: parsed.set })
      at = parsed.end
    } else {
      const place = character === '\\' ? at + 1 : at
      if (place === text.length) return undefined
      tokens.push({ kind: 'byte', code: text.charCodeAt(place) })
      at = place + 1
    }
  }
  return tokens
}
