import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clockAnomaly } from '../../../src/retention/clock-anomaly.ts'
import { type Candidate, planRetention } from '../../../src/retention/plan-retention.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const START = Date.parse('2026-01-01T00:00Z')

function series(...intervalsMs: readonly number[]): readonly Candidate[] {
  let takenMs = START
  return [0, ...intervalsMs].map((interval, sequence) => {
    takenMs += interval
    return {
      ...{ id: `${sequence}`, sequence, takenMs, outcome: 'complete' as const },
      ...{ isPinned: false, tags: [], verifiedMs: [] },
    }
  })
}

const nowAfter = (snapshots: readonly Candidate[]) => snapshots.at(-1)!.takenMs + HOUR
const anomalyIn = (snapshots: readonly Candidate[], confirmed = -1) =>
  clockAnomaly(snapshots, nowAfter(snapshots), confirmed)

describe('a clock', () => {
  test('that went on evenly is believed, with holidays and small corrections', () => {
    const steady = fc.array(fc.integer({ min: -30_000, max: 59 * DAY }), { maxLength: 40 })
    fc.assert(
      fc.property(steady, (intervals) => {
        expect(anomalyIn(series(...intervals))).toBeUndefined()
      }),
    )
    // Backups once a quarter are usual where they are.
    expect(anomalyIn(series(...Array.from({ length: 8 }, () => 92 * DAY)))).toBeUndefined()
    expect(clockAnomaly([], START, -1)).toBeUndefined()
  })

  test('that is behind the newest snapshot is not', () => {
    const snapshots = series(HOUR, HOUR)
    expect(clockAnomaly(snapshots, START, -1)).toMatchObject({ kind: 'future', byMs: 2 * HOUR })
    expect(clockAnomaly(snapshots, START, 2)).toBeUndefined()
  })

  test('that jumped is not, wherever that was, until it is confirmed', () => {
    const jumped = series(HOUR, HOUR, HOUR, HOUR, 700 * DAY, HOUR, HOUR)
    expect(anomalyIn(jumped)).toMatchObject({ kind: 'ahead', later: { sequence: 5 } })
    expect(anomalyIn(jumped, 4)).toMatchObject({ kind: 'ahead' })
    expect(anomalyIn(jumped, 5)).toBeUndefined()
    const back = series(HOUR, HOUR, 700 * DAY, -700 * DAY, HOUR)
    expect(anomalyIn(back)).toMatchObject({ kind: 'back', later: { sequence: 4 } })
    expect(anomalyIn(back, 4)).toBeUndefined()
  })

  test('is not said to have jumped when nothing changed for long, as backups have found', () => {
    const [first, ...others] = series(300 * DAY, HOUR, HOUR, HOUR, HOUR)
    const found = Array.from({ length: 300 }, (_none, day) => START + day * DAY)
    expect(anomalyIn([{ ...first!, verifiedMs: found }, ...others])).toBeUndefined()
    expect(anomalyIn([first!, ...others])).toMatchObject({ kind: 'ahead' })
  })
})

test('a series that a policy has thinned out for years holds no jump of the clock', () => {
  const policy = { counts: { hourly: 24, daily: 14, monthly: 12, yearly: 10 } }
  let left: readonly Candidate[] = []
  for (let day = 0; day < 5 * 365; day += 1) {
    const taken = [0, 8, 16].map((hour, index): Candidate => {
      const takenMs = START + day * DAY + hour * HOUR
      return {
        ...{ id: new Date(takenMs).toISOString(), sequence: day * 3 + index, takenMs },
        ...{ outcome: 'complete', isPinned: false, tags: [], verifiedMs: [] },
      }
    })
    left = [...left, ...taken]
    if (day % 30 !== 0) continue
    const nowMs = START + (day + 1) * DAY
    expect(clockAnomaly(left, nowMs, -1)).toBeUndefined()
    left = planRetention(left, policy, { timeZone: 'UTC', nowMs })
      .filter(({ reasons }) => reasons.length > 0)
      .map(({ snapshot }) => snapshot)
  }
  expect(left.length).toBeLessThan(150)
})
