import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRules, type EntryKind } from '../../../src/filter/compile-rules.ts'
import { parseRule, type Verdict } from '../../../src/filter/parse-rule.ts'

function decide(rules: readonly string[], path: string, kind: EntryKind = 'other'): Verdict {
  const bytes = Buffer.from(path, 'utf8').toString('latin1')
  return compileRules(rules.map(parseRule))(bytes, kind)?.verdict ?? 'kept'
}

function matches(pattern: string, path: string, kind: EntryKind = 'other'): boolean {
  return decide([`- ${pattern}`], path, kind) === 'excluded'
}

describe('a pattern', () => {
  test.each([
    // Without a slash: the last name.
    ['a', ['a', 'x/a', 'x/y/a'], ['ab', 'a/b', 'xa', 'A']],
    ['*.o', ['.o', 'x.o', 'd.o/x.o'], ['x.c', 'd.o/x', 'x.oo']],
    ['a?', ['ab', 'x/ab', 'a\t'], ['a', 'abc', 'a/b']],
    ['[ab]c', ['ac', 'x/bc'], ['cc', 'c', '[ab]c']],
    ['[!ab]c', ['cc', 'x/dc'], ['ac', 'x/c']],
    ['grün', ['grün'], ['gr', 'gruen']],
    ['gr??n', ['grün'], ['grn']],
    ['*', ['a', 'a/b', ' '], []],
    // With a leading slash: from the source.
    ['/a', ['a'], ['x/a', 'a/a']],
    ['/a/b', ['a/b'], ['x/a/b', 'b']],
    ['/*/b', ['a/b'], ['b', 'x/a/b']],
    ['/a*', ['a', 'ab'], ['a/b', 'x/a']],
    ['/', [], ['a', 'a/b']],
    ['//', [], ['a', 'a/b']],
    ['//a', [], ['a', 'x/a']],
    // With a slash inside: so many last names.
    ['a/b', ['a/b', 'x/a/b'], ['xa/b', 'a/bb', 'a/x/b', 'b']],
    ['a/*', ['a/b', 'x/a/b'], ['a', 'a/b/c', 'xa/b']],
    ['*/a/?', ['x/a/b', 'y/x/a/b'], ['a/b']],
    ['[a/b]x', [], ['ax', 'bx', 'y/ax', '/x']],
    ['a\\/b*', ['a/b', 'x/a/bc'], ['a\\/b', 'b']],
    // With two stars: the whole path.
    ['**', ['a', 'a/b'], []],
    ['**/a', ['a', 'x/a', 'x/y/a'], ['xa', 'a/x']],
    ['**a', ['a', 'xa', 'x/ya'], ['a/x']],
    ['/**/a', ['x/a', 'x/y/a'], ['a']],
    ['a/**', ['a/b', 'a/b/c', 'x/a/b'], ['a', 'xa/b']],
    ['a/**/b', ['a/x/b', 'a/x/y/b', 'z/a/x/b'], ['a/b']],
    ['a**b', ['ab', 'axb', 'a/b', 'a/x/yb', 'z/ab'], ['za/b', 'a/bc']],
    ['*/**', ['a/b', 'a/b/c'], ['a']],
    ['[**]a', ['*a', 'x/*a'], ['a', 'xa']],
    ['\\**', ['*', '*a', 'x/*a'], ['a', '*a/b', 'x*']],
    // Three stars, for what is no directory.
    ['a/***', ['a/b', 'a/b/c', 'x/a/b'], ['a', 'x/a']],
    ['***', ['a', 'a/b'], []],
    // A backslash escapes where there is a wildcard, and is itself where there is none.
    ['a\\b', ['a\\b'], ['ab']],
    ['a\\\\b', ['a\\\\b'], ['a\\b']],
    ['a\\b*', ['ab', 'abc'], ['a\\b']],
    ['\\*', ['*'], ['a', '\\*', '\\a']],
    ['\\[a]', ['[a]'], ['a', '\\[a]']],
    ['a\\', ['a\\'], ['a']],
    ['*\\', [], ['a', 'a\\', '*\\']],
    // What rsync takes for a set and never finds the end of.
    ['[', [], ['[', 'a']],
    ['[a', [], ['[a', 'a']],
    ['*[', [], ['[', 'a[']],
    ['a]', ['a]'], ['a']],
    [' a ', [' a '], ['a']],
    ['a\nb', ['a\nb'], ['a']],
  ])('%j matches %j, and does not match %j', (pattern, matched, others) => {
    expect(matched.filter((path) => !matches(pattern, path))).toEqual([])
    expect(others.filter((path) => matches(pattern, path))).toEqual([])
  })

  test.each([
    ['a/', 'a'],
    ['/a/', 'a'],
    ['a/b/', 'x/a/b'],
    ['*a/', 'ba'],
    ['**/a/', 'x/a'],
    ['a/***', 'a'],
    ['a/***', 'x/a'],
    ['/a/***', 'a'],
    ['**/a/***', 'a'],
    ['a/****', 'a'],
  ])('%j matches the directory %j, and nothing else of that name', (pattern, path) => {
    expect(matches(pattern, path, 'directory')).toBe(true)
    expect(matches(pattern, path, 'other')).toBe(false)
  })

  test.each([
    ['a/**', 'a'],
    ['/a/***', 'x/a'],
    ['a\\/**', 'a'],
    ['a/\\***', 'a'],
  ])('%j does not match the directory %j', (pattern, path) => {
    expect(matches(pattern, path, 'directory')).toBe(false)
  })

  test('is compared byte by byte, also with names that are not UTF-8', () => {
    expect(compileRules([parseRule('- ?\\?')])('\xff?', 'other')?.verdict).toBe('excluded')
    expect(compileRules([parseRule('- [é]x')])('\xa9x', 'other')?.verdict).toBe('excluded')
    expect(compileRules([parseRule('- [[:alpha:]]')])('\xe9', 'other')).toBeUndefined()
  })

  test('that rsync drops for its length matches nothing', () => {
    expect(matches('*'.repeat(4095), 'a')).toBe(true)
    expect(matches('*'.repeat(4096), 'a')).toBe(false)
    expect(matches(`${'*'.repeat(4095)}/`, 'a', 'directory')).toBe(false)
  })

  test.each(Array.from({ length: 70 }, (_, length) => length))(
    'means the same behind %i bytes as behind none',
    (length) => {
      const start = 'a'.repeat(length)
      for (const end of ['b', '/b', 'xb', 'x/b', '/x/b']) {
        const path = `x${start}${end}`
        expect(matches(`/x${start}*b`, path), end).toBe(!end.includes('/'))
        expect(matches(`/x${start}**b`, path), end).toBe(true)
        expect(matches(`/x${start}/**b`, path), end).toBe(end.startsWith('/'))
        expect(matches(`/x${start}?b`, path), end).toBe(end === 'xb')
      }
      expect(matches(`/x${start}/***`, `x${start}`, 'directory')).toBe(true)
      expect(matches(`/x${start}/***`, `x${start}`)).toBe(false)
    },
  )

  test('of many stars takes no longer for it, whatever the name', () => {
    // A matcher that tries one star after the other would not come back from these.
    const name = 'a'.repeat(255)
    const path = Array.from({ length: 16 }, () => name).join('/')
    for (const hostile of [
      '*a'.repeat(100),
      '**a*a'.repeat(50),
      '*a?'.repeat(80),
      '*[!b]'.repeat(100),
    ]) {
      expect(matches(`${hostile}b`, path)).toBe(false)
      expect(matches(`/${hostile}/**[b]`, path)).toBe(false)
      expect(matches(`**/${hostile}*[b]/**`, path, 'directory')).toBe(false)
    }
    expect(matches('*a'.repeat(200), name)).toBe(true)
  })
})

describe('rules', () => {
  test('keep what none of them matches', () => {
    expect(decide([], 'a')).toBe('kept')
    expect(decide(['- b', '- /x/a', '- *b'], 'a')).toBe('kept')
  })

  test.each([
    [['+ a', '- *'], 'a', 'kept'],
    [['+ a', '- *'], 'b', 'excluded'],
    [['- *', '+ a'], 'a', 'excluded'],
    [['- a', '+ a'], 'a', 'excluded'],
    [['+ /x/a', '- a', '+ *'], 'x/a', 'kept'],
    [['+ /x/a', '- a', '+ *'], 'a', 'excluded'],
    [['- a', '+ /x/a'], 'x/a', 'excluded'],
    [['+ x/a', '- a'], 'y/x/a', 'kept'],
    [['+ **/a', '- a'], 'a', 'kept'],
    [['- a', '+ **/a'], 'a', 'excluded'],
  ] as const)('%j are asked in their order about %j: %s', (rules, path, verdict) => {
    expect(decide(rules, path)).toBe(verdict)
  })

  test('for directories leave others to the next rule', () => {
    const rules = ['- a/', '+ a', '- *']
    expect(decide(rules, 'a', 'directory')).toBe('excluded')
    expect(decide(rules, 'a', 'other')).toBe('kept')
  })
})

describe('wildcards', () => {
  const token = fc.constantFrom('a', 'b', '?', '*', '[ab]', '[!a]', 'aab', '**', '/', '[[:lower:]]')
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'c'), minLength: 1, maxLength: 70 })

  test('match what the same regular expression matches, however long they are', () => {
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 50 }), text, (tokens, path) => {
        const pattern = `/${tokens.join('')}[abc]`
        const expression = pattern
          .replaceAll(/\*{2,}/gu, '#')
          .replaceAll('*', '[^/]*')
          .replaceAll('?', '[^/]')
          .replaceAll('[!a]', '[^a/]')
          .replaceAll('[[:lower:]]', '[a-z]')
          .replaceAll('#', '.*')
        expect(matches(pattern, path)).toBe(new RegExp(`^${expression}$`, 'u').test(`/${path}`))
      }),
      { numRuns: 500 },
    )
  })
})
