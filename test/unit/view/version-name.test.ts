import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nameFromBytes, nameFromText, textOfName } from '../../../src/model/entry-name.ts'
import { splitExtension, versionName, wasFileName } from '../../../src/view/version-name.ts'

const TIME = '2026-11-20_09-00-00'

const anyName = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) =>
    nameFromBytes(Buffer.from(bytes.map((byte) => (byte === 0 || byte === 47 ? 65 : byte)))),
  )
const anyText = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .map((text) => nameFromText(text.replaceAll(/[/\0]/gu, '_')))
  .filter((name) => name.length <= 255)

describe('the name of a version', () => {
  test.each([
    ['report.odt', 'report@T.odt'],
    ['Makefile', 'Makefile@T'],
    ['.bashrc', '.bashrc@T'],
    ['.config.json', '.config@T.json'],
    ['x.tar.gz', 'x@T.tar.gz'],
    ['x.tar.zst', 'x@T.tar.zst'],
    ['.tar.gz', '.tar@T.gz'],
    ['a.b.c', 'a.b@T.c'],
    ['ends.', 'ends.@T'],
    ['...', '...@T'],
    ['Mr. Smith', 'Mr. Smith@T'],
    ['v1.0 final.pdf', 'v1.0 final@T.pdf'],
    ['thesis.finalfinalfinalfinal', 'thesis.finalfinalfinalfinal@T'],
    ['grün.txt', 'grün@T.txt'],
    ['a@b', 'a@b@T'],
  ])('%s is %s', (name, expected) => {
    expect(versionName(nameFromText(name), 'T')).toBe(nameFromText(expected))
  })

  test('has at most 255 bytes, and keeps time and extension', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const version = versionName(name, TIME)
        expect(version.length).toBeLessThanOrEqual(255)
        expect(version.endsWith(`@${TIME}${splitExtension(name).extension}`)).toBe(true)
        expect(version).not.toMatch(/[/\0]/u)
      }),
    )
  })

  test('stays text when it has to be cut', () => {
    fc.assert(
      fc.property(anyText, fc.nat(120), (name, padding) => {
        const long = nameFromText('ä'.repeat(padding) + (textOfName(name) ?? ''))
        if (long.length > 255) return
        expect(textOfName(versionName(long, TIME))).toBeDefined()
      }),
    )
  })

  test('differs for different times, also when it is cut', () => {
    const long = nameFromText(`${'x'.repeat(250)}.txt`)
    expect(versionName(long, '2026-11-20_09-00-00')).not.toBe(
      versionName(long, '2026-11-20_09-00-01'),
    )
  })

  test('is cut with a hash, so that names that begin alike stay apart', () => {
    const left = versionName(nameFromText(`${'x'.repeat(254)}a`), TIME)
    const right = versionName(nameFromText(`${'x'.repeat(254)}b`), TIME)
    expect(left).not.toBe(right)
    expect(left).toMatch(/^x+~[0-9a-f]{6}@2026-11-20_09-00-00$/u)
  })
})

describe('the name beside a directory', () => {
  const taken = new Set([nameFromText('x (was file)'), nameFromText('x (was file) (2)')])

  test('is the first that no stored entry has', () => {
    expect(wasFileName(nameFromText('y'), (name) => taken.has(name))).toBe('y (was file)')
    expect(wasFileName(nameFromText('x'), (name) => taken.has(name))).toBe('x (was file) (3)')
  })

  test('has at most 255 bytes', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(wasFileName(name, () => false).length).toBeLessThanOrEqual(255)
      }),
    )
  })
})
