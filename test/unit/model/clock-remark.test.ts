import { describe, expect, test } from 'vitest'
import { clockRemark } from '../../../src/model/clock-remark.ts'
import type { Snapshot } from '../../../src/model/snapshot.ts'
import { parseSnapshotId, snapshotIdAt } from '../../../src/model/snapshot-id.ts'
import { manifestFor } from '../../support/described-history.ts'

const NOW = Date.parse('2026-11-22T14:30:00Z')
const ID = snapshotIdAt(NOW)
const HOUR = 3_600_000

function snapshotAt(id: string, sequence: number, startedAt: string): Snapshot {
  const manifest = manifestFor(id, sequence, { startedAt })
  return { id: parseSnapshotId(id)!, sequence, manifest }
}

const PAST = snapshotAt('2026-11-22T14-29-58Z', 1, '2026-11-22T14:29:58.000Z')

function remarkWhen(aheadMs: number): string | undefined {
  const epochMs = NOW + aheadMs
  const ahead = snapshotAt(snapshotIdAt(epochMs), 2, new Date(epochMs).toISOString())
  return clockRemark(NOW, ID, [ahead, PAST])
}

describe('a clock', () => {
  test.each([-HOUR, 0, 999, 1000])('that is %d ms behind is nothing to speak of', (aheadMs) => {
    expect(remarkWhen(aheadMs)).toBeUndefined()
  })

  test('that is behind any snapshot, not only the last, is told by how much', () => {
    expect(remarkWhen(3 * HOUR)).toBe(
      'The clock is 3 hours behind the snapshot 2026-11-22T17-30-00Z. 2026-11-22T14-30-00Z comes after it in the series all the same, whatever its name says.',
    )
  })

  test('that is more than a day behind is wrong now, or was wrong then', () => {
    expect(remarkWhen(24 * HOUR)).not.toMatch(/wrong/u)
    expect(remarkWhen(24 * HOUR + 1)).toMatch(/1 day behind .* in the future: .* wrong then\./u)
    expect(remarkWhen(90 * 24 * HOUR)).toMatch(/12 weeks behind/u)
  })

  test('is not judged by nothing, or by what is no time', () => {
    expect(clockRemark(NOW, ID, [])).toBeUndefined()
    expect(clockRemark(NOW, ID, [snapshotAt(ID, 1, 'yesterday')])).toBeUndefined()
  })
})
