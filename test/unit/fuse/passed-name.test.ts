import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  mayBeShortened,
  nameOfPassed,
  passedName,
} from '../../../src/fuse/fuse-native/passed-name.ts'
import { nameFromBytes, nameFromText } from '../../../src/model/entry-name.ts'

const anyName = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => nameFromBytes(Buffer.from(bytes)))
/** Text that holds the very characters the spelling uses, cut anywhere. */
const nastyName = fc
  .tuple(
    fc.array(fc.constantFrom('\uf780', '\uf7ff', 'é', 'a', '𝄞', '\uf77f', '\uf800')),
    fc.nat(4),
  )
  .map(([parts, cut]) => nameFromBytes(`x${nameFromText(parts.join('')).slice(cut)}`))

describe('a name that fuse-native can pass', () => {
  test('is itself where it is text', () => {
    for (const text of ['plain.txt', 'grün', '文書', '\ufeffbom', '%FF']) {
      expect(passedName(nameFromText(text))).toBe(text)
    }
  })

  test('spells bytes that are not text in private-use characters', () => {
    expect(passedName(nameFromBytes('caf\xe9.txt'))).toBe('caf\uf7e9.txt')
    expect(passedName(nameFromBytes('\xff\xfe'))).toBe('\uf7ff\uf7fe')
  })

  test('stands for the same bytes again, unless it was shortened', () => {
    for (const names of [anyName, nastyName]) {
      fc.assert(
        fc.property(names, (name) => {
          const passed = passedName(name)
          expect(Buffer.byteLength(passed)).toBeLessThanOrEqual(255)
          if (nameOfPassed(passed) !== name) expect(mayBeShortened(passed)).toBe(true)
        }),
      )
    }
  })

  test('keeps time and extension when it is shortened, and the order of versions', () => {
    const stem = '\xff'.repeat(200)
    const early = passedName(nameFromBytes(`${stem}@2026-11-20_09-00-00.txt`))
    const late = passedName(nameFromBytes(`${stem}@2026-11-22_09-00-00.txt`))
    expect(early).toMatch(/~[0-9a-f]{12}.*@2026-11-20_09-00-00\.txt$/u)
    expect(early < late).toBe(true)
    expect(mayBeShortened(early)).toBe(true)
  })

  test('differs for different names', () => {
    fc.assert(
      fc.property(nastyName, nastyName, (left, right) => {
        if (left !== right) expect(passedName(left)).not.toBe(passedName(right))
      }),
    )
    const long = '\xff'.repeat(254)
    expect(passedName(nameFromBytes(`${long}\xfe`))).not.toBe(
      passedName(nameFromBytes(`${long}\xfd`)),
    )
    const middle = (byte: string) =>
      nameFromBytes(`${'\xff'.repeat(120)}${byte}${'\xff'.repeat(120)}`)
    expect(passedName(middle('\xfe'))).not.toBe(passedName(middle('\xfd')))
  })
})
