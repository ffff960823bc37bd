/**
 * What is kept and why, in the words in which it is told, of histories that cost users of other tools their snapshots. A change of any
 * of these files is a change of what people keep: read it as such. `vitest -u` writes them anew.
 */
import { expect, test } from 'vitest'
import { planLines } from '../../../src/cli/render-prune.ts'
import type { KeepPolicy } from '../../../src/model/keep-policy.ts'
import { type SnapshotId, snapshotIdAt } from '../../../src/model/snapshot-id.ts'
import { type Candidate, planRetention } from '../../../src/retention/plan-retention.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

interface Plan {
  readonly policy: KeepPolicy
  readonly timeZone?: string
  readonly taken: readonly Taken[]
  /** The last snapshot's hour is over, where nothing is said. */
  readonly now?: string
  /** Of a history too long to be read. */
  readonly showsOnlyKept?: true
}

type Taken = string | (Partial<Omit<Candidate, 'id'>> & { readonly at: string })

/** As `snapfs prune --dry-run` tells it. */
function told({ policy, timeZone = 'UTC', taken, now, showsOnlyKept }: Plan): string {
  const candidates = taken.map((one, index): Candidate & { readonly id: SnapshotId } => {
    const { at, ...more } = typeof one === 'string' ? { at: one } : one
    const takenMs = Date.parse(at)
    return {
      ...{ id: snapshotIdAt(takenMs), sequence: index + 1, takenMs, outcome: 'complete' },
      ...{ isPinned: false, tags: [], verifiedMs: [], ...more },
    }
  })
  const nowMs = now === undefined ? Math.max(...candidates.map(lastMs)) + HOUR : Date.parse(now)
  const decisions = planRetention(candidates, policy, { timeZone, nowMs })
  const snapshots = decisions.map(({ snapshot, reasons }) => ({
    ...{ id: snapshot.id, timeMs: snapshot.takenMs, outcome: snapshot.outcome, reasons },
  }))
  const plan = {
    profile: 'home',
    repository: '/backups',
    hasPolicy: true,
    trashed: [],
    warnings: [],
  }
  const lines = planLines({ ...plan, snapshots }, timeZone)
  const shown = showsOnlyKept ? lines.filter((line) => !line.startsWith('  remove')) : lines
  return `keep ${JSON.stringify(policy)}, ${timeZone}\n\n${shown.join('\n')}\n`
}

function lastMs({ takenMs, verifiedMs }: Candidate): number {
  return Math.max(takenMs, ...verifiedMs)
}

function every(stepMs: number, from: string, until: string): string[] {
  const [begin, end] = [Date.parse(from), Date.parse(until)]
  const count = Math.floor((end - begin) / stepMs) + 1
  return Array.from({ length: count }, (_none, n) => new Date(begin + n * stepMs).toISOString())
}

const PLANS: Readonly<Record<string, Plan>> = {
  // Whoever counts 86,400 seconds loses a day when cron is twenty seconds early, and keeps two of one when it is late.
  'daily-with-jitter': {
    policy: { counts: { daily: 7 } },
    timeZone: 'Europe/Berlin',
    taken: every(DAY, '2026-11-10T02:00:20Z', '2026-11-21T03:00Z').map((at, day) =>
      new Date(Date.parse(at) + [0, -20_000, 25_000, -40_000][day % 4]!).toISOString(),
    ),
  },
  // Clocks go forward on 29 March and back on 25 October: a day has 23 hours, and one has 25.
  'hourly-as-clocks-go-forward': {
    policy: { counts: { hourly: 30, daily: 3 } },
    timeZone: 'Europe/Berlin',
    taken: every(HOUR, '2026-03-28T00:05Z', '2026-03-29T12:05Z'),
  },
  'hourly-as-clocks-go-back': {
    policy: { counts: { hourly: 30, daily: 3 } },
    timeZone: 'Europe/Berlin',
    taken: every(HOUR, '2026-10-24T00:05Z', '2026-10-25T12:05Z'),
  },
  // Half an hour is what clocks are set by there.
  'half-hourly-on-lord-howe': {
    policy: { counts: { hourly: 8 } },
    timeZone: 'Australia/Lord_Howe',
    taken: every(HOUR / 2, '2026-04-04T11:00Z', '2026-04-04T18:00Z'),
  },
  // That zone had no 30 December 2011.
  'daily-in-a-zone-that-left-out-a-day': {
    policy: { counts: { daily: 4, weekly: 2 } },
    timeZone: 'Pacific/Apia',
    taken: every(12 * HOUR, '2011-12-27T00:00Z', '2012-01-02T00:00Z'),
  },
  // The 31st, the 29th of February, weeks 53 and 1: nothing is left out, and nothing counted twice.
  'ends-of-months': {
    policy: { counts: { monthly: 14 } },
    taken: every(DAY, '2027-12-25T08:00Z', '2029-03-02T08:00Z'),
    showsOnlyKept: true,
  },
  'weeks-around-new-year': {
    policy: { counts: { weekly: 6, yearly: 3 } },
    taken: every(DAY, '2020-12-14T08:00Z', '2021-01-19T08:00Z'),
    showsOnlyKept: true,
  },
  'ten-years-of-every-eight-hours': {
    policy: { counts: { hourly: 12, daily: 10, weekly: 8, monthly: 24, yearly: 20 }, minimum: 3 },
    timeZone: 'Europe/Berlin',
    taken: every(8 * HOUR, '2016-12-25T00:10Z', '2027-01-04T20:10Z'),
    showsOnlyKept: true,
  },
  // It rolls: nothing happens to it at midnight.
  'within-around-midnight': {
    policy: { counts: {}, withinMs: DAY },
    timeZone: 'Europe/Berlin',
    taken: every(3 * HOUR, '2026-11-18T13:00Z', '2026-11-19T23:00Z'),
  },
  // All are older than what is asked for: the newest is kept, and not the oldest.
  'all-expired': {
    policy: { counts: {}, withinMs: DAY },
    taken: ['2021-03-01T08:00Z', '2021-03-02T08:00Z', '2021-03-04T08:00Z'],
    now: '2026-11-30T00:00Z',
  },
  'nothing-new-for-years': {
    policy: { counts: { hourly: 24, daily: 2, monthly: 2 } },
    taken: every(12 * HOUR, '2020-01-29T08:00Z', '2020-02-03T08:00Z'),
    now: '2026-11-30T00:00Z',
  },
  // What failed is not kept in place of what is whole, and is never the last one that there is.
  'partial-ones-among-complete-ones': {
    policy: { counts: { daily: 4 }, minimum: 2 },
    taken: [
      '2026-11-10T08:00Z',
      { at: '2026-11-10T20:00Z', outcome: 'partial' },
      { at: '2026-11-11T08:00Z', outcome: 'partial' },
      '2026-11-12T08:00Z',
      { at: '2026-11-13T08:00Z', outcome: 'partial' },
      { at: '2026-11-13T09:00Z', outcome: 'partial' },
      '2026-11-14T08:00Z',
      { at: '2026-11-15T08:00Z', outcome: 'partial' },
      { at: '2026-11-16T08:00Z', outcome: 'partial' },
    ],
  },
  // They stay, and take nobody's place: neither at the end nor at the beginning.
  'pins-at-each-end': {
    policy: { counts: { last: 2, yearly: 2 } },
    taken: [
      { at: '2024-05-01T08:00Z', isPinned: true },
      '2024-07-01T08:00Z',
      '2025-05-01T08:00Z',
      { at: '2025-07-01T08:00Z', tags: ['before upgrade', 'v2'] },
      '2026-05-01T08:00Z',
      '2026-06-01T08:00Z',
      { at: '2026-07-01T08:00Z', isPinned: true },
    ],
  },
  // Order is that of sequence: a clock that was wrong for a day makes no snapshot the newest.
  'a-clock-that-was-ahead-for-a-day': {
    policy: { counts: { daily: 3, yearly: 2 } },
    taken: [
      ...['2026-11-17T08:00Z', '2026-11-18T08:00Z', '2031-01-01T00:00Z', '2026-11-19T08:00Z'],
      ...['2026-11-20T08:00Z', '2026-11-21T08:00Z'],
    ],
    now: '2026-11-21T09:00Z',
  },
  // A source that did not change was looked at each day: that stands for a snapshot of each.
  'unchanged-for-days': {
    policy: { counts: { daily: 5, weekly: 3 } },
    taken: [
      '2026-11-01T08:00Z',
      {
        at: '2026-11-09T08:00Z',
        verifiedMs: every(DAY, '2026-11-10T08:00Z', '2026-11-19T08:00Z').map(Date.parse),
      },
      '2026-11-20T08:00Z',
      '2026-11-21T08:00Z',
    ],
  },
  // A machine that was off for a month: the last days are those on which there was something.
  'after-a-long-absence': {
    policy: { counts: { hourly: 4, daily: 4, weekly: 3, monthly: 3 } },
    taken: [
      ...every(6 * HOUR, '2026-09-24T08:00Z', '2026-09-27T20:00Z'),
      ...every(6 * HOUR, '2026-11-20T08:00Z', '2026-11-21T08:00Z'),
    ],
  },
}

test.each(Object.keys(PLANS))('what is kept of %s', async (name) => {
  await expect(told(PLANS[name]!)).toMatchFileSnapshot(`golden/${name}.txt`)
})

test('who moves to another time zone loses no day that he has of the new calendar, nor the newest', async () => {
  const policy = { counts: { daily: 5 } }
  const taken = every(6 * HOUR, '2026-11-10T03:00Z', '2026-11-18T21:00Z')
  const plans = ['Europe/Berlin', 'Pacific/Auckland', 'America/Los_Angeles'].map((timeZone) =>
    told({ policy, timeZone, taken, showsOnlyKept: true }),
  )
  await expect(plans.join('\n')).toMatchFileSnapshot('golden/three-time-zones.txt')
})
