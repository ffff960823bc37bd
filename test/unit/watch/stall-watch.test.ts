import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  lookAgain,
  looksFor,
  NOTHING_SEEN,
  type StallWatch,
} from '../../../src/watch/stall-watch.ts'

describe('the watch over what should get on', () => {
  test('counts the looks at which nothing had moved, and begins anew with each movement', () => {
    const after = (...looks: readonly number[]) =>
      looks.reduce<StallWatch<number>>(
        (watch, look) => lookAgain(watch, look, (before, now) => now !== before),
        NOTHING_SEEN,
      ).quietLooks
    expect([after(1), after(1, 1), after(1, 1, 1), after(1, 1, 2), after(1, 1, 2, 2)]).toEqual([
      ...[0, 1, 2, 0, 1],
    ])
  })

  test('looks so often that the looks make up the limit, and a timer can wait so long', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 2 ** 50 }), (stallMs) => {
        const { everyMs, limit } = looksFor(stallMs)
        expect(everyMs).toBeGreaterThanOrEqual(34)
        expect(everyMs).toBeLessThanOrEqual(3_600_000)
        expect(limit * everyMs).toBeGreaterThanOrEqual(stallMs)
        expect((limit - 1) * everyMs).toBeLessThan(stallMs)
      }),
    )
    expect(looksFor(30 * 60_000)).toEqual({ everyMs: 60_000, limit: 30 })
    expect(looksFor(Infinity)).toEqual({ everyMs: 3_600_000, limit: Infinity })
  })
})
