import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  epochMsOf,
  nextFreeId,
  parseSnapshotId,
  snapshotIdAt,
} from '../../../src/model/snapshot-id.ts'

const instant = fc.integer({ min: 0, max: Date.parse('9999-12-31T23:59:59Z') })

describe('the id of a snapshot', () => {
  test('names an instant to the second, and gives it back', () => {
    fc.assert(
      fc.property(instant, (epochMs) => {
        const id = snapshotIdAt(epochMs)
        expect(parseSnapshotId(id)).toBe(id)
        expect(epochMsOf(id)).toBe(Math.floor(epochMs / 1000) * 1000)
      }),
    )
  })

  test('sorts as the instants do', () => {
    fc.assert(
      fc.property(instant, instant, (left, right) => {
        const order = Math.sign(Math.floor(left / 1000) - Math.floor(right / 1000))
        const [a, b] = [snapshotIdAt(left), snapshotIdAt(right)]
        expect(a < b ? -1 : a > b ? 1 : 0).toBe(order)
      }),
    )
  })

  test.each([
    '',
    'latest',
    '2026-11-22',
    '2026-11-22T14-30-00',
    '2026-11-22T14:30:00Z',
    '2026-11-22T14-30-00Z.bak',
    ' 2026-11-22T14-30-00Z',
    '2026-02-30T00-00-00Z',
    '2026-11-22T24-00-00Z',
    '2026-11-22T14-30-60Z',
    '../2026-11-22T14-30-00Z',
  ])('is not %j', (name) => {
    expect(parseSnapshotId(name)).toBeUndefined()
  })

  test('is the next free second when one is taken, so that no two runs collide', () => {
    const now = Date.parse('2026-12-31T23:59:58.900Z')
    const taken = new Set(['2026-12-31T23-59-58Z', '2026-12-31T23-59-59Z'])
    expect(nextFreeId(now, new Set())).toBe('2026-12-31T23-59-58Z')
    expect(nextFreeId(now, taken)).toBe('2027-01-01T00-00-00Z')
  })
})
