import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  nameFromBytes,
  nameFromText,
  printableName,
  printableText,
  textOfName,
} from '../../../src/model/entry-name.ts'

const anyName = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => nameFromBytes(Buffer.from(bytes)))

describe('names', () => {
  test('are the bytes of text, and give it back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(textOfName(nameFromText(text))).toBe(text)
      }),
    )
  })

  test('have no text when they are not UTF-8', () => {
    expect(textOfName('caf\xe9')).toBeUndefined()
  })

  test('are printed without anything that moves a cursor or breaks a line', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(printableName(name)).not.toMatch(/[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/u)
      }),
    )
  })

  test('are printed so that no two look alike', () => {
    fc.assert(
      fc.property(anyName, anyName, (left, right) => {
        if (left !== right) expect(printableName(left)).not.toBe(printableName(right))
      }),
    )
    expect(printableText('a\nb')).toBe('a\\x0ab')
    expect(printableName('caf\xe9')).toBe('caf\\xe9')
    expect(printableText('caf\\xe9')).toBe('caf\\\\xe9')
    expect(printableText('grün')).toBe('grün')
  })
})
