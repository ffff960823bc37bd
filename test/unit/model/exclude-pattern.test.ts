import { describe, expect, test } from 'vitest'
import { objectionToPattern } from '../../../src/model/exclude-pattern.ts'

describe('an exclude pattern', () => {
  test.each([
    'a',
    '*',
    '!a',
    '!!',
    '+a',
    '[+] a',
    '+ a',
    '- !',
    '- + a',
    '-',
    '/a',
    'a//',
    ' ',
    '#',
    'ü',
    'x'.repeat(4095),
  ])('may be %j', (pattern) => {
    expect(objectionToPattern(pattern)).toBeUndefined()
  })

  test.each([
    ['', /empty/u],
    ['a\nb', /one line/u],
    ['a\0', /one line/u],
    ['/', /below the source/u],
    ['//', /below the source/u],
    ['!', /"!"/u],
    ['+ ', /empty/u],
    ['- /', /below the source/u],
    ['ü'.repeat(2048), /4,095 bytes/u],
  ])('cannot be %j', (pattern, objection) => {
    expect(objectionToPattern(pattern)).toMatch(objection)
  })
})
