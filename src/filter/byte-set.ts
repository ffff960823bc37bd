/** A set in brackets, such as `[a-z]` or `[![:digit:]_]`, to the bytes it matches. */

/** Which bytes, by their number, stand for one place in a pattern. Never the slash. */
export type ByteSet = ReadonlySet<number>

export const SLASH = 0x2f

/** `?`: whatever one byte of a name can be. */
export const ANY_BYTE: ByteSet = new Set(everyByte().filter((code) => code !== SLASH))

/** The members of each class as pairs of first and last. rsync runs under LC_ALL=C, so ASCII is all. */
const CLASSES: ReadonlyMap<string, string> = new Map([
  ['alnum', '09AZaz'],
  ['alpha', 'AZaz'],
  ['blank', '\t\t  '],
  ['cntrl', '\0\x1f\x7f\x7f'],
  ['digit', '09'],
  ['graph', '!~'],
  ['lower', 'az'],
  ['print', ' ~'],
  ['punct', '!/:@[`{~'],
  ['space', '\t\r  '],
  ['upper', 'AZ'],
  ['xdigit', '09AFaf'],
])

/**
 * Reads a set.
 * @param from the place behind the opening bracket
 * @returns the set and the place behind its closing bracket; undefined where it has none or names a class
 *   that does not exist, which makes the whole pattern match nothing
 */
export function parseByteSet(
  pattern: string,
  from: number,
): { readonly set: ByteSet; readonly end: number } | undefined {
  const negated = pattern[from] === '!' || pattern[from] === '^'
  const start = negated ? from + 1 : from
  const members = new Set<number>()
  /** What a `-` would make the first of a range; nothing at the start, and behind a range or a class. */
  let previous: number | undefined
  let at = start
  // A closing bracket in the first place is a member.
  while (at === start || pattern[at] !== ']') {
    const member = parseMember(pattern, at, previous)
    if (member === undefined) return undefined
    addRanges(members, member.ranges)
    previous = member.mayBeginRange
    at = member.end
  }
  const set = everyByte().filter((code) => code !== SLASH && members.has(code) !== negated)
  return { set: new Set(set), end: at + 1 }
}

interface Member {
  /** Pairs of first and last, as in the table of classes. */
  readonly ranges: string
  readonly mayBeginRange: number | undefined
  readonly end: number
}

function parseMember(
  pattern: string,
  at: number,
  previous: number | undefined,
): Member | undefined {
  const next = pattern[at + 1]
  if (pattern[at] === '-' && previous !== undefined && next !== undefined && next !== ']') {
    const last = parseSingle(pattern, at + 1)
    if (last === undefined) return undefined
    const ranges = String.fromCharCode(previous) + last.character
    return { ranges, mayBeginRange: undefined, end: last.end }
  }
  if (pattern[at] === '[' && next === ':') {
    const closing = pattern.indexOf(']', at + 2)
    if (closing === -1) return undefined
    // Without the second colon the bracket is a member like any other.
    if (closing > at + 2 && pattern[closing - 1] === ':') {
      const ranges = CLASSES.get(pattern.slice(at + 2, closing - 1))
      if (ranges === undefined) return undefined
      return { ranges, mayBeginRange: undefined, end: closing + 1 }
    }
  }
  const single = parseSingle(pattern, at)
  if (single === undefined) return undefined
  const { character, end } = single
  return { ranges: character + character, mayBeginRange: character.charCodeAt(0), end }
}

/** One character, or one behind a backslash. */
function parseSingle(
  pattern: string,
  at: number,
): { readonly character: string; readonly end: number } | undefined {
  const place = pattern[at] === '\\' ? at + 1 : at
  const character = pattern[place]
  return character === undefined ? undefined : { character, end: place + 1 }
}

function addRanges(members: Set<number>, ranges: string): void {
  for (let at = 0; at < ranges.length; at += 2) {
    for (let code = ranges.charCodeAt(at); code <= ranges.charCodeAt(at + 1); code += 1) {
      members.add(code)
    }
  }
}

function everyByte(): readonly number[] {
  return Array.from({ length: 256 }, (_, code) => code)
}
