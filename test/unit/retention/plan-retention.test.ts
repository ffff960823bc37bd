import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Candidate,
  type Decision,
  planRetention,
} from '../../../src/retention/plan-retention.ts'
import { type KeepPolicy, keepsEverything, TIERS } from '../../../src/model/keep-policy.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Once, `SNAPFS_TEST_HISTORIES=10000`. */
const RUNS = Number(process.env['SNAPFS_TEST_HISTORIES'] ?? '200')
const ZONES = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia']

function candidate(sequence: number, takenMs: number, more: Partial<Candidate> = {}): Candidate {
  const id = new Date(takenMs).toISOString().slice(0, 19).replaceAll(':', '-')
  return {
    id,
    sequence,
    takenMs,
    outcome: 'complete',
    isPinned: false,
    tags: [],
    verifiedMs: [],
    ...more,
  }
}

function kept<C extends Candidate>(decisions: readonly Decision<C>[]): C[] {
  return decisions.filter(({ reasons }) => reasons.length > 0).map(({ snapshot }) => snapshot)
}

/** Snapshots in the order they were taken, with gaps from minutes to a year. */
const histories: fc.Arbitrary<readonly Candidate[]> = fc
  .tuple(
    fc.integer({ min: Date.parse('2019-12-01T00:00Z'), max: Date.parse('2027-02-01T00:00Z') }),
    fc.array(
      fc.record({
        gapMs: fc.oneof(
          fc.integer({ min: 1000, max: 3 * HOUR_MS }),
          fc.integer({ min: HOUR_MS, max: 3 * DAY_MS }),
          fc.integer({ min: DAY_MS, max: 400 * DAY_MS }),
        ),
        isPartial: fc.boolean(),
        isPinned: fc.integer({ min: 0, max: 15 }).map((one) => one === 0),
        tag: fc.integer({ min: 0, max: 15 }).map((one) => one === 0),
        /** How often it was verified before the next one. */
        verified: fc.nat(3),
      }),
      { minLength: 1, maxLength: 40 },
    ),
  )
  .map(([start, steps]) => {
    let takenMs = start
    return steps.map(({ gapMs, isPartial, isPinned, tag, verified }, index) => {
      takenMs += gapMs
      const restMs = steps[index + 1]?.gapMs ?? DAY_MS
      const times = isPartial ? 0 : verified
      return candidate(index + 1, takenMs, {
        outcome: isPartial ? 'partial' : 'complete',
        isPinned,
        tags: tag ? ['kept'] : [],
        verifiedMs: Array.from({ length: times }, (_, n) =>
          Math.floor(takenMs + (restMs * (n + 1)) / (times + 1)),
        ),
      })
    })
  })

// Half of the rules are not there: what one of them forgets another would keep.
const count = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined, freq: 1 })
const policies: fc.Arbitrary<KeepPolicy> = fc
  .record({
    counts: fc.record(Object.fromEntries(TIERS.map((tier) => [tier, count]))),
    withinMs: fc.option(fc.integer({ min: 0, max: 40 * DAY_MS }), { nil: undefined }),
    minimum: count,
  })
  // What is not said is not there at all.
  .map((policy) => JSON.parse(JSON.stringify(policy)) as unknown as KeepPolicy)

const zones = fc.constantFrom(...ZONES)

function after(history: readonly Candidate[]): number {
  return Math.max(...history.flatMap(({ takenMs, verifiedMs }) => [takenMs, ...verifiedMs])) + 1
}

/** Any history, policy and zone, in so many runs. */
function always(
  check: (history: readonly Candidate[], policy: KeepPolicy, timeZone: string) => void,
): void {
  fc.assert(fc.property(histories, policies, zones, check), { numRuns: RUNS })
}

describe('what is kept', () => {
  test('is kept again, however often it is asked', () => {
    always((history, policy, timeZone) => {
      const now = { timeZone, nowMs: after(history) }
      const once = kept(planRetention(history, policy, now))
      expect(kept(planRetention(once, policy, now))).toEqual(once)
    })
  })

  test('does not depend on how often others were removed before', () => {
    fc.assert(
      fc.property(
        histories,
        policies,
        zones,
        fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        (history, policy, timeZone, prunes) => {
          let left: Candidate[] = []
          for (const [index, snapshot] of history.entries()) {
            left.push(snapshot)
            const now = { timeZone, nowMs: after([snapshot]) }
            if (prunes[index]) left = kept(planRetention(left, policy, now))
          }
          const now = { timeZone, nowMs: after(history) }
          expect(kept(planRetention(left, policy, now))).toEqual(
            kept(planRetention(history, policy, now)),
          )
        },
      ),
      { numRuns: RUNS },
    )
  })

  test('does not depend on the order in which they are given, and nothing is forgotten', () => {
    always((history, policy, timeZone) => {
      const now = { timeZone, nowMs: after(history) }
      const decisions = planRetention(history, policy, now)
      expect(planRetention(history.toReversed(), policy, now)).toEqual(decisions)
      expect(decisions.map(({ snapshot }) => snapshot)).toEqual(history)
    })
  })

  test('only becomes more when a count is raised', () => {
    fc.assert(
      fc.property(
        ...[histories, policies, zones, fc.constantFrom(...TIERS, 'minimum' as const)],
        (history, policy, timeZone, what) => {
          // Where nothing is said all is kept, and the first word takes some of that away.
          fc.pre(!keepsEverything(policy))
          const more =
            what === 'minimum'
              ? { ...policy, minimum: (policy.minimum ?? 0) + 1 }
              : { ...policy, counts: { ...policy.counts, [what]: (policy.counts[what] ?? 0) + 1 } }
          const now = { timeZone, nowMs: after(history) }
          const before = kept(planRetention(history, policy, now))
          expect(kept(planRetention(history, more, now))).toEqual(expect.arrayContaining(before))
        },
      ),
      { numRuns: RUNS },
    )
  })

  test('has the newest complete one, whatever the policy', () => {
    always((history, policy, timeZone) => {
      const all = kept(planRetention(history, policy, { timeZone, nowMs: after(history) }))
      const newest = history.findLast(({ outcome }) => outcome === 'complete') ?? history.at(-1)
      expect(all).toContain(newest)
      expect(all).toContain(history.at(-1))
    })
  })

  test('is no less when one of them is pinned', () => {
    fc.assert(
      fc.property(histories, policies, zones, fc.nat(), (history, policy, timeZone, nat) => {
        const now = { timeZone, nowMs: after(history) }
        const which = nat % history.length
        const pinned = history.map((one, at) => (at === which ? { ...one, isPinned: true } : one))
        const before = kept(planRetention(history, policy, now)).map(({ id }) => id)
        const with1 = kept(planRetention(pinned, policy, now)).map(({ id }) => id)
        expect(with1).toEqual(expect.arrayContaining([...before, history[which]!.id]))
      }),
      { numRuns: RUNS },
    )
  })
})

describe('hourly snapshots over three years', () => {
  const POLICY: KeepPolicy = {
    counts: { hourly: 24, daily: 14, weekly: 9, monthly: 14, yearly: 5 },
    minimum: 3,
  }
  const ZONE = 'Europe/Berlin'
  /** From a leap year through a year of 53 weeks; the clocks change six times. */
  const BEGIN = Date.parse('2024-02-01T00:10Z')
  const all = Array.from({ length: 3 * 365 * 24 }, (_, hour) =>
    candidate(hour + 1, BEGIN + hour * HOUR_MS),
  )

  /** What the policy means, by another calendar. */
  function expected(): string[] {
    const parts = new Intl.DateTimeFormat('sv-SE', {
      timeZone: ZONE,
      dateStyle: 'short',
      timeStyle: 'short',
    })
    const dayOf = ({ takenMs }: Candidate): string => parts.format(takenMs).slice(0, 10)
    const weekOf = (one: Candidate): string => {
      const day = new Date(`${dayOf(one)}T00:00Z`)
      // Weeks have their Monday's name here.
      return new Date(day.getTime() - ((day.getUTCDay() + 6) % 7) * DAY_MS).toISOString()
    }
    const wanted: readonly [number, (one: Candidate) => string][] = [
      [24, ({ id }) => id],
      [14, dayOf],
      [9, weekOf],
      [14, (one) => dayOf(one).slice(0, 7)],
      [5, (one) => dayOf(one).slice(0, 4)],
    ]
    const ids = new Set<string>()
    for (const [limit, name] of wanted) {
      const last = new Map(all.map((one) => [name(one), one.id]))
      for (const id of [...last.values()].slice(-limit)) ids.add(id)
    }
    return all.map(({ id }) => id).filter((id) => ids.has(id))
  }

  test.each([
    ['hourly', 1],
    ['daily', 24],
    ['weekly', 24 * 7],
  ])('end with what the policy says when the others are removed %s', (_, every) => {
    let left: Candidate[] = []
    for (const [index, snapshot] of all.entries()) {
      left.push(snapshot)
      if ((index + 1) % every !== 0 && index + 1 < all.length) continue
      left = kept(planRetention(left, POLICY, { timeZone: ZONE, nowMs: snapshot.takenMs }))
    }
    expect(left.map(({ id }) => id)).toEqual(expected())
  })

  test('say why each one is kept', () => {
    const now = { timeZone: ZONE, nowMs: after(all) }
    const reasons = planRetention(all, POLICY, now).filter((one) => one.reasons.length > 0)
    const words = ({ snapshot, reasons: all }: Decision): string => {
      const told = all.map((reason) =>
        'bucket' in reason ? `${reason.rule} ${reason.bucket}` : reason.rule,
      )
      return `${snapshot.id}: ${told.join(', ')}`
    }
    expect(reasons.map(words)).toMatchInlineSnapshot(`
      [
        "2024-12-31T22-10-00: yearly 2024",
        "2025-12-31T22-10-00: monthly 2025-12, yearly 2025",
        "2026-01-31T22-10-00: monthly 2026-01",
        "2026-02-28T22-10-00: monthly 2026-02",
        "2026-03-31T21-10-00: monthly 2026-03",
        "2026-04-30T21-10-00: monthly 2026-04",
        "2026-05-31T21-10-00: monthly 2026-05",
        "2026-06-30T21-10-00: monthly 2026-06",
        "2026-07-31T21-10-00: monthly 2026-07",
        "2026-08-31T21-10-00: monthly 2026-08",
        "2026-09-30T21-10-00: monthly 2026-09",
        "2026-10-31T22-10-00: monthly 2026-10",
        "2026-11-30T22-10-00: monthly 2026-11",
        "2026-12-06T22-10-00: weekly 2026-W49",
        "2026-12-13T22-10-00: weekly 2026-W50",
        "2026-12-20T22-10-00: weekly 2026-W51",
        "2026-12-27T22-10-00: weekly 2026-W52",
        "2026-12-31T22-10-00: monthly 2026-12, yearly 2026",
        "2027-01-03T22-10-00: weekly 2026-W53",
        "2027-01-10T22-10-00: weekly 2027-W01",
        "2027-01-17T22-10-00: weekly 2027-W02",
        "2027-01-18T22-10-00: daily 2027-01-18",
        "2027-01-19T22-10-00: daily 2027-01-19",
        "2027-01-20T22-10-00: daily 2027-01-20",
        "2027-01-21T22-10-00: daily 2027-01-21",
        "2027-01-22T22-10-00: daily 2027-01-22",
        "2027-01-23T22-10-00: daily 2027-01-23",
        "2027-01-24T22-10-00: daily 2027-01-24, weekly 2027-W03",
        "2027-01-25T22-10-00: daily 2027-01-25",
        "2027-01-26T22-10-00: daily 2027-01-26",
        "2027-01-27T22-10-00: daily 2027-01-27",
        "2027-01-28T22-10-00: daily 2027-01-28",
        "2027-01-29T22-10-00: daily 2027-01-29",
        "2027-01-30T00-10-00: hourly 2027-01-30 01:00 +01:00",
        "2027-01-30T01-10-00: hourly 2027-01-30 02:00 +01:00",
        "2027-01-30T02-10-00: hourly 2027-01-30 03:00 +01:00",
        "2027-01-30T03-10-00: hourly 2027-01-30 04:00 +01:00",
        "2027-01-30T04-10-00: hourly 2027-01-30 05:00 +01:00",
        "2027-01-30T05-10-00: hourly 2027-01-30 06:00 +01:00",
        "2027-01-30T06-10-00: hourly 2027-01-30 07:00 +01:00",
        "2027-01-30T07-10-00: hourly 2027-01-30 08:00 +01:00",
        "2027-01-30T08-10-00: hourly 2027-01-30 09:00 +01:00",
        "2027-01-30T09-10-00: hourly 2027-01-30 10:00 +01:00",
        "2027-01-30T10-10-00: hourly 2027-01-30 11:00 +01:00",
        "2027-01-30T11-10-00: hourly 2027-01-30 12:00 +01:00",
        "2027-01-30T12-10-00: hourly 2027-01-30 13:00 +01:00",
        "2027-01-30T13-10-00: hourly 2027-01-30 14:00 +01:00",
        "2027-01-30T14-10-00: hourly 2027-01-30 15:00 +01:00",
        "2027-01-30T15-10-00: hourly 2027-01-30 16:00 +01:00",
        "2027-01-30T16-10-00: hourly 2027-01-30 17:00 +01:00",
        "2027-01-30T17-10-00: hourly 2027-01-30 18:00 +01:00",
        "2027-01-30T18-10-00: hourly 2027-01-30 19:00 +01:00",
        "2027-01-30T19-10-00: hourly 2027-01-30 20:00 +01:00",
        "2027-01-30T20-10-00: hourly 2027-01-30 21:00 +01:00",
        "2027-01-30T21-10-00: minimum, hourly 2027-01-30 22:00 +01:00",
        "2027-01-30T22-10-00: minimum, hourly 2027-01-30 23:00 +01:00, daily 2027-01-30",
        "2027-01-30T23-10-00: newest, minimum, hourly 2027-01-31 00:00 +01:00, daily 2027-01-31, weekly 2027-W04, monthly 2027-01, yearly 2027",
      ]
    `)
  })
})

describe('partial snapshots', () => {
  const at = (sequence: number, time: string, outcome: 'complete' | 'partial') =>
    candidate(sequence, Date.parse(time), { outcome })
  const now = { timeZone: 'UTC', nowMs: Date.parse('2026-11-30T00:00Z') }
  const ids = (history: readonly Candidate[], policy: KeepPolicy): number[] =>
    kept(planRetention(history, policy, now)).map(({ sequence }) => sequence)

  test('give way to a complete one of their bucket, older or newer', () => {
    const history = [
      at(1, '2026-11-20T08:00Z', 'partial'),
      at(2, '2026-11-20T09:00Z', 'complete'),
      at(3, '2026-11-20T10:00Z', 'partial'),
      at(4, '2026-11-21T08:00Z', 'complete'),
      at(5, '2026-11-21T09:00Z', 'partial'),
    ]
    // The newest is never removed.
    expect(ids(history, { counts: { daily: 2 } })).toEqual([2, 4, 5])
  })

  test('never cost the newest complete one, which no other rule would keep', () => {
    const history = [
      at(1, '2026-11-01T08:00Z', 'complete'),
      at(2, '2026-11-02T08:00Z', 'complete'),
      at(3, '2026-11-19T08:00Z', 'partial'),
      at(4, '2026-11-20T08:00Z', 'partial'),
    ]
    expect(ids(history, { counts: {}, withinMs: DAY_MS })).toEqual([2, 3, 4])
    expect(ids(history, { counts: {}, withinMs: 1 })).toEqual([2, 4])
  })

  test('are kept where there is nothing else, and take no place of a complete one', () => {
    const history = [
      at(1, '2026-11-10T08:00Z', 'complete'),
      at(2, '2026-11-11T08:00Z', 'complete'),
      ...[12, 13, 14, 15, 16].map((day) => at(day, `2026-11-${day}T08:00Z`, 'partial')),
    ]
    expect(ids(history, { counts: { daily: 2 } })).toEqual([1, 2, 14, 15, 16])
    expect(ids(history, { counts: { last: 1 } })).toEqual([2, 15, 16])
  })
})

describe('what else is kept', () => {
  const now = { timeZone: 'UTC', nowMs: Date.parse('2026-11-30T00:00Z') }
  const days = [1, 2, 3, 4, 5].map((day) => candidate(day, Date.parse(`2026-11-0${day}T08:00Z`)))
  const reasonsOf = (history: readonly Candidate[], policy: KeepPolicy) =>
    planRetention(history, policy, now).map(({ reasons }) => reasons.map(({ rule }) => rule))

  test('is all, where nothing is said but that nothing need be kept', () => {
    for (const nothing of [{ counts: { last: 0, daily: 0 } }, { counts: {}, minimum: 0 }]) {
      expect(reasonsOf(days, nothing)).toEqual(reasonsOf(days, { counts: {} }))
    }
  })

  test('is all, where nothing is said', () => {
    expect(reasonsOf(days, { counts: {} })).toEqual([
      ...Array.from({ length: 4 }, () => ['no policy']),
      ['no policy', 'newest'],
    ])
  })

  test('is what is not older than was said, counted from the newest', () => {
    expect(reasonsOf(days, { counts: {}, withinMs: 2 * DAY_MS })).toEqual([
      ...[[], [], ['within'], ['within']],
      ['newest', 'within'],
    ])
  })

  test('is what the clock has not reached, and it takes no place', () => {
    const future = candidate(6, Date.parse('2031-01-01T00:00Z'))
    expect(reasonsOf([...days, future], { counts: { last: 1 } })).toEqual([
      ...[[], [], [], []],
      ['newest', 'last'],
      ['future', 'newest'],
    ])
  })

  test('counts what is named by a second that comes next, as after two backups in one', () => {
    const next = candidate(6, now.nowMs + 2000)
    expect(reasonsOf([...days, next], { counts: { last: 1 } })).toEqual([
      ...days.map(() => []),
      ['newest', 'last'],
    ])
  })

  test('is what is pinned or tagged, and it takes no place', () => {
    const history = days.map((one, at) => ({
      ...one,
      isPinned: at === 0 || at === 4,
      tags: at === 2 ? ['before upgrade'] : [],
    }))
    expect(reasonsOf(history, { counts: { last: 1 } })).toEqual([
      ...[['pinned'], [], ['tagged']],
      ['newest', 'last'],
      ['pinned', 'newest'],
    ])
  })

  test('is what stood for a time in which nothing changed, as if it had been taken then', () => {
    const [first, second, third] = days.map((one) => one.takenMs)
    const history = [
      candidate(1, first! - DAY_MS),
      candidate(2, first!, { verifiedMs: [second!, third!] }),
      candidate(3, third! + HOUR_MS),
    ]
    const reasons = (policy: KeepPolicy) => reasonsOf(history, policy)
    // Of the days 1 to 3 the second is the newest of two.
    expect(reasons({ counts: { daily: 3 } })).toEqual([[], ['daily'], ['newest', 'daily']])
    expect(reasons({ counts: { daily: 4 } })).toEqual([['daily'], ['daily'], ['newest', 'daily']])
    expect(reasons({ counts: {}, withinMs: HOUR_MS })).toEqual([
      ...[[], ['within']],
      ['newest', 'within'],
    ])
  })

  test('is an hour that occurs twice, twice', () => {
    const nights = ['2026-10-25T00:30Z', '2026-10-25T01:30Z'].map((time, at) =>
      candidate(at + 1, Date.parse(time)),
    )
    const berlin = { timeZone: 'Europe/Berlin', nowMs: now.nowMs }
    const all = planRetention(nights, { counts: { hourly: 2 } }, berlin)
    expect(all.map(({ reasons }) => reasons.find(({ rule }) => rule === 'hourly'))).toMatchObject([
      { bucket: '2026-10-25 02:00 +02:00', rank: 2 },
      { bucket: '2026-10-25 02:00 +01:00', rank: 1 },
    ])
  })
})
