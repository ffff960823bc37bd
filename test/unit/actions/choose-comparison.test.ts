import { describe, expect, test } from 'vitest'
import { chooseComparison } from '../../../src/actions/choose-comparison.ts'
import type { Snapshot } from '../../../src/model/snapshot.ts'

const DAY_MS = 24 * 3_600_000
const NOW = Date.parse('2026-11-25T00:00:00Z')

function madeDaysAgo(days: number, comparedBy?: 'content' | 'state'): Snapshot {
  const manifest = { startedAt: new Date(NOW - days * DAY_MS).toISOString(), comparedBy }
  return { manifest } as unknown as Snapshot
}

describe('all files are compared by content', () => {
  test('when that is asked for, and never by itself without an interval', () => {
    expect(chooseComparison(true, undefined, [], NOW)).toBe('content')
    expect(chooseComparison(false, undefined, [madeDaysAgo(9999)], NOW)).toBe('state')
  })

  test.each([
    [
      'the last such snapshot is younger',
      [madeDaysAgo(40, 'content'), madeDaysAgo(29, 'content')],
      'state',
    ],
    [
      'it is as old as the interval',
      [madeDaysAgo(30, 'content'), madeDaysAgo(1, 'state')],
      'content',
    ],
    ['none is left, and the oldest is younger', [madeDaysAgo(29), madeDaysAgo(1)], 'state'],
    ['none is left, and the oldest is older', [madeDaysAgo(31), madeDaysAgo(1)], 'content'],
    ['there is no snapshot, so all is copied', [], 'state'],
  ] as const)('by an interval of 30 days: %s', (_words, snapshots, comparison) => {
    expect(chooseComparison(false, 30 * DAY_MS, snapshots, NOW)).toBe(comparison)
  })
})
