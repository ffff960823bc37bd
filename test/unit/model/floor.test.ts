import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseByteSize } from '../../../src/model/byte-size.ts'
import { parseInodeFloor, parseSpaceFloor } from '../../../src/model/floor.ts'

describe('an amount of bytes', () => {
  test.each([
    ['0 B', 0],
    ['5 GiB', 5 * 1024 ** 3],
    ['500 MB', 500_000_000],
    ['1.5TB', 1_500_000_000_000],
    ['3KiB', 3072],
    ['3 kB', 3000],
    ['3 KB', 3000],
    ['5', undefined],
    ['50G', 50 * 1024 ** 3],
    ['5 k', 5120],
    ['5 X', undefined],
    ['5 gib', undefined],
    ['-5 GiB', undefined],
    ['5 GiB 3 MiB', undefined],
    ['1e3 MB', undefined],
    ['', undefined],
  ])('is read from %j', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes)
  })

  test('is a safe number or none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const bytes = parseByteSize(text)
        expect(bytes === undefined || (Number.isFinite(bytes) && bytes >= 0)).toBe(true)
      }),
    )
  })
})

describe('a floor', () => {
  test.each([
    ['off', { kind: 'off' }],
    ['2 %', { kind: 'share', share: 0.02 }],
    ['1 MiB', { kind: 'amount', amount: 1024 * 1024 }],
    ['100', undefined],
    ['two', undefined],
  ])('of space is read from %j', (text, floor) => {
    expect(parseSpaceFloor(text)).toEqual(floor)
  })

  test.each([
    ['off', { kind: 'off' }],
    ['2 %', { kind: 'share', share: 0.02 }],
    ['10000', { kind: 'amount', amount: 10_000 }],
    ['1 MiB', undefined],
    ['-1', undefined],
  ])('of inodes is read from %j', (text, floor) => {
    expect(parseInodeFloor(text)).toEqual(floor)
  })
})
