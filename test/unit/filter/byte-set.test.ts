import { describe, expect, test } from 'vitest'
import { parseByteSet } from '../../../src/filter/byte-set.ts'

/** The printable members, in order. */
function membersOf(text: string): string {
  const set = parseByteSet(text, 1)?.set ?? new Set<number>()
  return [...set]
    .filter((code) => code > 0x20 && code < 0x7f)
    .map((code) => String.fromCharCode(code))
    .join('')
}

describe('a set in brackets', () => {
  test.each([
    ['[abc]', 'abc'],
    ['[a-e]', 'abcde'],
    ['[e-a]', 'e'],
    ['[]]', ']'],
    ['[]-a]', ']^_`a'],
    ['[-a]', '-a'],
    ['[a-]', '-a'],
    ['[a-c-e]', '-abce'],
    ['[\\a-\\c]', 'abc'],
    ['[\\]]', ']'],
    ['[\\!a]', '!a'],
    ['[a!]', '!a'],
    ['[*?]', '*?'],
    ['[a/b]', 'ab'],
    ['[.-0]', '.0'],
    ['[[:digit:]]', '0123456789'],
    ['[[:digit:]a-c]', '0123456789abc'],
    ['[[:digit:]-c]', '-0123456789c'],
    ['[[:xdigit:]]', '0123456789ABCDEFabcdef'],
    ['[[:blank:]]', ''],
    ['[[:punct:]]', '!"#$%&\'()*+,-.:;<=>?@[\\]^_`{|}~'],
    ['[[:]', ':['],
    ['[[:a]', ':[a'],
    ['[[.a.]', '.[a'],
    ['[[-]]', '-['],
  ])('%s holds %j', (text, members) => {
    expect(membersOf(text)).toBe(members)
  })

  test('may be turned round, by either sign, and never matches a slash', () => {
    expect(parseByteSet('[!a]', 1)?.set).toEqual(parseByteSet('[^a]', 1)?.set)
    const set = parseByteSet('[!a]', 1)?.set ?? new Set<number>()
    expect(set.size).toBe(254)
    expect(set.has(0x61)).toBe(false)
    expect(set.has(0x2f)).toBe(false)
    expect(membersOf('[!!-~]')).toBe('')
  })

  test('ends behind its bracket', () => {
    expect(parseByteSet('x[]a]b]', 2)?.end).toBe(5)
  })

  test.each([
    '[',
    '[a',
    '[]',
    '[!]',
    '[^',
    '[a-',
    '[a\\',
    '[a-\\',
    '[\\]',
    '[[:a',
    '[[:word:]]',
    '[[::]]',
  ])('is none: %s', (text) => {
    expect(parseByteSet(text, 1)).toBeUndefined()
  })

  test('holds of a class what it holds in the C locale', () => {
    const sizeOf = (name: string): number => parseByteSet(`[[:${name}:]]`, 1)?.set.size ?? -1
    const names = ['alnum', 'alpha', 'blank', 'cntrl', 'graph', 'lower', 'print', 'space', 'upper']
    expect(names.map(sizeOf)).toEqual([62, 52, 2, 33, 93, 26, 94, 6, 26])
  })
})
