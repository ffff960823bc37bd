import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePointInTime } from '../../../src/model/point-in-time.ts'

const now = { nowMs: Date.parse('2026-11-22T15:30:00+01:00'), timeZone: 'Europe/Berlin' }

function told(text: string): string | undefined {
  const epochMs = parsePointInTime(text, now)
  return epochMs === undefined ? undefined : new Date(epochMs).toISOString()
}

describe('a point in time', () => {
  test('as a date means the whole day', () => {
    expect(told('2026-11-20')).toBe('2026-11-20T22:59:59.999Z')
    expect(told('yesterday')).toBe('2026-11-21T22:59:59.999Z')
    // The day on which the clock is set back is an hour longer.
    expect(told('2026-10-25')).toBe('2026-10-25T22:59:59.999Z')
    expect(told('2026-10-24')).toBe('2026-10-24T21:59:59.999Z')
  })

  test('without seconds means the whole minute, and with them the second', () => {
    expect(told('2026-11-20T14:30')).toBe('2026-11-20T13:30:59.999Z')
    expect(told('2026-11-20 14:30:05')).toBe('2026-11-20T13:30:05.999Z')
    expect(told('2026-11-20_14-30-05')).toBe('2026-11-20T13:30:05.999Z')
  })

  test('may carry its offset, as names in by-date and ids do', () => {
    expect(told('2026-11-20T14-30-05Z')).toBe('2026-11-20T14:30:05.999Z')
    expect(told('2026-10-25_02-30-00+0100')).toBe('2026-10-25T01:30:00.999Z')
    expect(told('2026-10-25_02-30-00+0200')).toBe('2026-10-25T00:30:00.999Z')
    expect(told('2026-10-25_02-30-00')).toBe('2026-10-25T01:30:00.999Z')
  })

  test('may be so long ago', () => {
    expect(told('today')).toBe('2026-11-22T14:30:00.000Z')
    expect(told('3 days ago')).toBe('2026-11-19T14:30:00.000Z')
    expect(told('1 hour ago')).toBe('2026-11-22T13:30:00.000Z')
    // The same time of day, although an hour was added between.
    expect(told('1 month ago')).toBe('2026-10-22T13:30:00.000Z')
  })

  test('is nothing else', () => {
    for (const text of [
      ...['', 'tomorrow', '2026', '2026-02-30', '2026-13-01', '2026-11-20T24:00'],
      ...['2026-11-20T14', '2026-11-20T14:61', ' yesterday', '3 days', '-3 days ago', '~2'],
      ...['999999 years ago', '2026-11-20Z', '2026-11-20T14:30+99:00'],
    ]) {
      expect(told(text), text).toBeUndefined()
    }
  })

  test('never throws, and is read as it is written', () => {
    fc.assert(fc.property(fc.string(), (text) => void parsePointInTime(text, now)))
    const years = { min: new Date('1970-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }
    fc.assert(
      fc.property(fc.date(years), (date) => {
        const text = date.toISOString().slice(0, 19).replace(/:/gu, '-')
        expect(told(`${text}Z`)).toBe(`${date.toISOString().slice(0, 19)}.999Z`)
      }),
    )
  })
})
