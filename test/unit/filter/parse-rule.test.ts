import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SnapfsError } from '../../../src/errors/snapfs-error.ts'
import { parseRule } from '../../../src/filter/parse-rule.ts'

describe('a rule', () => {
  test.each([
    ['- a', { verdict: 'excluded', pattern: 'a' }],
    ['+ a', { verdict: 'kept', pattern: 'a' }],
    ['- !', { verdict: 'excluded', pattern: '!' }],
    ['- + a', { verdict: 'excluded', pattern: '+ a' }],
    ['-   a ', { verdict: 'excluded', pattern: '  a ' }],
    ['- _', { verdict: 'excluded', pattern: '_' }],
    ['- a\nb', { verdict: 'excluded', pattern: 'a\nb' }],
    ['- grün', { verdict: 'excluded', pattern: 'gr\xc3\xbcn' }],
  ])('is read from %j, and keeps its text', (text, expected) => {
    expect(parseRule(text)).toEqual({ text, ...expected })
  })

  test.each([
    '',
    '-',
    '- ',
    '+ ',
    'a',
    '-a',
    '-_a',
    '-/ a',
    '-s a',
    '!',
    ' - a',
    'exclude a',
    '- a\0b',
  ])('is refused where rsync would take it for something else, or for nothing: %j', (text) => {
    expect(() => parseRule(text)).toThrow(SnapfsError)
  })

  test('is read or refused, whatever it holds', () => {
    fc.assert(
      fc.property(fc.constantFrom('', '- ', '+ ', '-'), fc.string(), (sign, rest) => {
        const text = sign + rest
        try {
          expect(parseRule(text).text).toBe(text)
        } catch (error) {
          expect(error).toBeInstanceOf(SnapfsError)
        }
      }),
    )
  })
})
