import { expect, test } from 'vitest'
import { type Candidate, planRetention } from '../../../src/retention/plan-retention.ts'
import { simulate } from '../../../src/retention/simulate.ts'

const HOUR_MS = 3_600_000
const NOW = Date.parse('2026-11-22T12:00Z')
const POLICY = { counts: { last: 2, daily: 7, monthly: 12 } }

/** Made every twelve hours, once after a pause. */
const SNAPSHOTS: readonly Candidate[] = Array.from({ length: 20 }, (_, index) => ({
  ...{ id: `${index}`, sequence: index + 1, outcome: 'complete' as const },
  takenMs: NOW - (20 - index) * 12 * HOUR_MS - (index < 10 ? 500 * HOUR_MS : 0),
  ...{ isPinned: index === 0, tags: [], verifiedMs: [] },
}))

test('snapshots are made as they were lately, and kept as the policy will keep them', () => {
  const untilMs = NOW + 2 * 365 * 24 * HOUR_MS
  const simulated = simulate(SNAPSHOTS, POLICY, { timeZone: 'UTC', nowMs: NOW, untilMs })!
  expect(simulated.everyMs).toBe(12 * HOUR_MS)
  expect(simulated.points).toHaveLength(25)
  expect(simulated.points.at(-1)).toEqual({
    // 7 days with the last 2 among them but one, 12 months with the first day among them, and the pin.
    ...{ atMs: untilMs, kept: simulated.kept.length, oldestMs: SNAPSHOTS[0]!.takenMs },
  })
  // As if nothing had been removed until then.
  const all = [...SNAPSHOTS]
  for (let takenMs = NOW; takenMs <= untilMs; takenMs += 12 * HOUR_MS) {
    const sequence = all.length + 1
    all.push({ ...SNAPSHOTS[1]!, id: `+${sequence}`, sequence, takenMs })
  }
  const kept = planRetention(all, POLICY, { timeZone: 'UTC', nowMs: untilMs })
  expect(simulated.kept).toEqual(kept.filter(({ reasons }) => reasons.length > 0))
})

test('nothing is told from what does not tell how often', () => {
  const until = { timeZone: 'UTC', nowMs: NOW, untilMs: NOW + HOUR_MS }
  expect(simulate([], POLICY, until)).toBeUndefined()
  expect(simulate(SNAPSHOTS.slice(0, 1), POLICY, until)).toBeUndefined()
  const century = { ...until, untilMs: NOW + 300 * 365 * 24 * HOUR_MS }
  expect(simulate(SNAPSHOTS, POLICY, century)).toBeUndefined()
})
