/**
 * Comparing a path with wildcards, in a time that the length of the path bounds. All places of the pattern
 * that a part of the path can have led to are followed at once, as bits of a word; so there is nothing to
 * go back to, and no pattern with many stars makes it slow, as it would a regular expression.
 */
import { SLASH } from './byte-set.ts'
import type { Token } from './parse-pattern.ts'

/** Whether what follows a place in a text matches, to its end. */
export type Matcher = (text: string, from: number) => boolean

/** For tokens that are compared with a name. */
export function nameMatcher(tokens: readonly Token[]): Matcher {
  return matcher(tokens, '', [tokens.length])
}

/** For tokens that are compared with a path and a slash in front of it, which the text does not hold. */
export function pathMatcher(tokens: readonly Token[]): Matcher {
  return matcher(tokens, '/', [tokens.length])
}

/** The same for the path of a directory and a pattern that ends in `***`: `a/***` matches `a`, too. */
export function directoryMatcher(tokens: readonly Token[]): Matcher {
  const end = tokens.length
  const beforeStars = tokens.at(-2)
  const slash = beforeStars?.kind === 'byte' && beforeStars.code === SLASH
  return matcher(tokens, '/', slash ? [end, end - 2] : [end])
}

const BITS_PER_WORD = 32

/**
 * Place n is reached when the tokens before n have matched; the last place follows the last token.
 * @param lead what comes before the text
 * @param ends the places in which the text may end
 */
function matcher(tokens: readonly Token[], lead: string, ends: readonly number[]): Matcher {
  const words = Math.ceil((tokens.length + 1) / BITS_PER_WORD)
  const tables: Tables = {
    leaving: leavingByByte(tokens, words),
    stars: bitsWhere(tokens, words, ({ kind }) => kind === 'star' || kind === 'double-star'),
    doubleStars: bitsWhere(tokens, words, ({ kind }) => kind === 'double-star'),
    ends: bitsOf(ends, words),
  }
  const run = words === 1 ? runInOneWord(tables, lead) : runInWords(tables, lead, words)
  // To look for what every match holds is far cheaper than to follow a long path in vain.
  const literals = literalsOf(tokens)
  const tail = literals.at(-1) ?? ''
  if (tail !== '') return (text, from) => text.endsWith(tail) && run(text, from)
  const longest = literals.reduce((best, next) => (next.length > best.length ? next : best), '')
  return (text, from) => text.includes(longest, from) && run(text, from)
}

/** The runs of bytes between the other tokens, and before and behind them; some are empty. */
function literalsOf(tokens: readonly Token[]): readonly string[] {
  const text = tokens
    .map((token) => (token.kind === 'byte' ? String.fromCharCode(token.code) : '\0'))
    .join('')
  // A slash at an end may be the one in front of the text, or the one that a directory lacks.
  return text.split('\0').map((literal) => literal.replaceAll(/^\/+|\/+$/gu, ''))
}

/** Each a row of words; a bit stands for a place. */
interface Tables {
  /** For each byte, from where it leads to the next place: as many rows, one after the other. */
  readonly leaving: Int32Array
  /** Where every byte but a slash may stay. Nothing need be there, so the next place is reached too. */
  readonly stars: Int32Array
  /** Where a slash may stay. */
  readonly doubleStars: Int32Array
  readonly ends: Int32Array
}

/** The same as `runInWords` for a pattern of less than 32 tokens, some five times as fast. */
function runInOneWord(tables: Tables, lead: string): Matcher {
  const { leaving } = tables
  const [stars = 0] = tables.stars
  const [doubleStars = 0] = tables.doubleStars
  const [ends = 0] = tables.ends
  const follow = (start: number, text: string, from: number): number => {
    let places = start
    for (let at = from; at < text.length && places !== 0; at += 1) {
      const code = text.charCodeAt(at)
      const staying = places & (code === SLASH ? doubleStars : stars)
      const reached = ((places & (leaving[code] ?? 0)) << 1) | staying
      places = reached | ((reached & stars) << 1)
    }
    return places
  }
  const start = follow(1 | ((1 & stars) << 1), lead, 0)
  return (text, from) => (follow(start, text, from) & ends) !== 0
}

function runInWords(tables: Tables, lead: string, words: number): Matcher {
  const { leaving, stars, doubleStars, ends } = tables
  const places = new Int32Array(words)
  const follow = (text: string, from: number): void => {
    for (let at = from; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      const staying = code === SLASH ? doubleStars : stars
      let carried = 0
      let skipped = 0
      let any = 0
      for (let word = 0; word < words; word += 1) {
        const here = places[word] ?? 0
        const left = here & (leaving[code * words + word] ?? 0)
        const reached = (left << 1) | carried | (here & (staying[word] ?? 0))
        const skipping = reached & (stars[word] ?? 0)
        const now = reached | (skipping << 1) | skipped
        places[word] = now
        any |= now
        carried = left >>> (BITS_PER_WORD - 1)
        skipped = skipping >>> (BITS_PER_WORD - 1)
      }
      if (any === 0) return
    }
  }
  places[0] = 1 | ((1 & (stars[0] ?? 0)) << 1)
  follow(lead, 0)
  const start = places.slice()
  return (text, from) => {
    places.set(start)
    follow(text, from)
    return ends.some((bits, word) => (bits & (places[word] ?? 0)) !== 0)
  }
}

function leavingByByte(tokens: readonly Token[], words: number): Int32Array {
  const table = new Int32Array(256 * words)
  tokens.forEach((token, place) => {
    if (token.kind === 'byte') addBit(table, token.code * words, place)
    if (token.kind === 'set') token.set.forEach((code) => addBit(table, code * words, place))
  })
  return table
}

function bitsWhere(
  tokens: readonly Token[],
  words: number,
  holds: (token: Token) => boolean,
): Int32Array {
  const places = tokens.flatMap((token, place) => (holds(token) ? [place] : []))
  return bitsOf(places, words)
}

function bitsOf(places: readonly number[], words: number): Int32Array {
  const row = new Int32Array(words)
  for (const place of places) addBit(row, 0, place)
  return row
}

function addBit(table: Int32Array, row: number, place: number): void {
  const index = row + Math.floor(place / BITS_PER_WORD)
  table[index] = (table[index] ?? 0) | (1 << (place % BITS_PER_WORD))
}
