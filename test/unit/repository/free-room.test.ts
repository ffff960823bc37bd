import { describe, expect, test } from 'vitest'
import { findShortage } from '../../../src/repository/free-room.ts'

const GIB = 1024 ** 3
const LARGE = {
  totalBytes: 4000 * GIB,
  freeBytes: GIB,
  totalInodes: 10_000_000,
  freeInodes: 50_000,
}
const SMALL = {
  totalBytes: 64 * 1024 ** 2,
  freeBytes: 1024 ** 2,
  totalInodes: 1200,
  freeInodes: 12,
}

describe('the room for a backup', () => {
  test('is one hundredth of a small file system, and less of a large one', () => {
    expect(findShortage(LARGE, {})).toBeUndefined()
    expect(findShortage({ ...LARGE, freeBytes: 104_857_600 }, {})).toBeUndefined()
    expect(findShortage({ ...LARGE, freeBytes: 104_857_599 }, {})).toEqual({
      what: 'space',
      free: 104_857_599,
      total: 4000 * GIB,
      floor: 104_857_600,
    })
    expect(findShortage({ ...LARGE, freeInodes: 9999 }, {})?.what).toBe('inodes')
    expect(findShortage(SMALL, {})).toBeUndefined()
    expect(findShortage({ ...SMALL, freeBytes: 600_000 }, {})?.what).toBe('space')
    expect(findShortage({ ...SMALL, freeInodes: 11 }, {})).toMatchObject({
      what: 'inodes',
      floor: 12,
    })
  })

  test('is not asked for where the file system does not count', () => {
    const btrfs = { ...LARGE, totalInodes: 0, freeInodes: 0 }
    expect(findShortage(btrfs, {})).toBeUndefined()
    expect(findShortage(btrfs, { inodes: { kind: 'amount', amount: 5 } })).toBeUndefined()
    expect(findShortage({ ...SMALL, totalBytes: 0, freeBytes: 0 }, {})).toBeUndefined()
  })

  test('is what the user says', () => {
    const half = { kind: 'share', share: 0.5 } as const
    expect(findShortage(LARGE, { bytes: half })).toMatchObject({ floor: 2000 * GIB })
    expect(findShortage(LARGE, { bytes: { kind: 'amount', amount: GIB } })).toBeUndefined()
    expect(findShortage(LARGE, { inodes: { kind: 'amount', amount: 50_001 } })?.what).toBe('inodes')
    const full = { totalBytes: GIB, freeBytes: 0, totalInodes: 10, freeInodes: 0 }
    const off = { kind: 'off' } as const
    expect(findShortage(full, { bytes: off, inodes: off })).toBeUndefined()
    expect(findShortage(full, { bytes: off })?.what).toBe('inodes')
  })
})
