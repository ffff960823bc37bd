import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  DURATION_EXAMPLES,
  formatDuration,
  formatRoughDuration,
  parseDurationMs,
} from '../../../src/model/duration.ts'
import { parseWaitLimitMs, WAIT_LIMIT_EXAMPLES } from '../../../src/model/wait-limit.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('a duration', () => {
  test.each([
    ['90 s', 90 * SECOND],
    ['90s', 90 * SECOND],
    ['5 sec', 5 * SECOND],
    ['1 second', SECOND],
    ['30m', 30 * MINUTE],
    ['30 min', 30 * MINUTE],
    ['30 minutes', 30 * MINUTE],
    ['2 hours', 2 * HOUR],
    ['26h', 26 * HOUR],
    ['1h30m', HOUR + 30 * MINUTE],
    ['1 hour 30 minutes', HOUR + 30 * MINUTE],
    ['1d 12h', DAY + 12 * HOUR],
    ['3 days', 3 * DAY],
    ['1w2d3h4m5s', 9 * DAY + 3 * HOUR + 4 * MINUTE + 5 * SECOND],
    [' 30m ', 30 * MINUTE],
    ['007 minutes', 7 * MINUTE],
    ['0s', 0],
    ['999999 weeks', 999_999 * 7 * DAY],
  ])('is read from %j', (text, durationMs) => {
    expect(parseDurationMs(text)).toBe(durationMs)
  })

  test.each([
    '',
    ' ',
    '30',
    'm',
    'minutes',
    'soon',
    'forever',
    '-5m',
    '+5m',
    '1.5h',
    '1,5h',
    '1e3s',
    '30M',
    '5 months',
    '5 ms',
    '30m1h',
    '1h1h',
    '1h, 30m',
    '1h and 30m',
    '30 m x',
    '1234567s',
    '٣m',
    '30m\0',
    '1:30',
    'PT30M',
  ])('is not guessed from %j', (text) => {
    expect(parseDurationMs(text)).toBeUndefined()
  })

  test('is told as it is read, to the second', () => {
    fc.assert(
      fc.property(fc.nat(3_000_000_000), (seconds) => {
        expect(parseDurationMs(formatDuration(seconds * SECOND))).toBe(seconds * SECOND)
      }),
    )
    expect(formatDuration(5_400_000)).toBe('1 hour 30 minutes')
    expect(formatDuration(1_800_042)).toBe('30 minutes')
  })

  test('is read or refused in no time, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const durationMs = parseDurationMs(text)
        if (durationMs !== undefined) expect(Number.isSafeInteger(durationMs)).toBe(true)
      }),
    )
    const began = performance.now()
    expect(parseDurationMs(`${'1 s '.repeat(25_000)}!`)).toBeUndefined()
    expect(performance.now() - began).toBeLessThan(1000)
  })

  test('is explained with texts that can be read', () => {
    for (const [, example] of DURATION_EXAMPLES.matchAll(/"([^"]+)"/gu)) {
      expect(parseDurationMs(example!)).toBeGreaterThan(0)
    }
    for (const [, example] of WAIT_LIMIT_EXAMPLES.matchAll(/"([^"]+)"/gu)) {
      expect(parseWaitLimitMs(example!)).toBeGreaterThan(0)
    }
  })

  test.each([
    [999, 'less than a second'],
    [255_000, '4 minutes'],
    [HOUR, '1 hour'],
    [47 * HOUR, '1 day'],
  ])('of %d ms is roughly %s', (durationMs, words) => {
    expect(formatRoughDuration(durationMs)).toBe(words)
  })
})
