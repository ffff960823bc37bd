import { DEFAULT_TEMPLATE_TEXT } from '../../../src/view/default-template.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SnapfsError } from '../../../src/errors/snapfs-error.ts'
import { parseTimeTemplate, renderTime, renderTimeName } from '../../../src/view/time-template.ts'

const standard = parseTimeTemplate(DEFAULT_TEMPLATE_TEXT)
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
]

function named(instant: string, zone: string, template = standard): string {
  return renderTime(template, Date.parse(instant), zone).join('/')
}

describe('the name of a time', () => {
  test('is local', () => {
    expect(named('2026-11-22T13:30:00Z', 'Europe/Berlin')).toBe('2026-11-22_14-30-00')
    expect(named('2026-07-22T13:30:00Z', 'Europe/Berlin')).toBe('2026-07-22_15-30-00')
    expect(named('2026-11-22T13:30:00Z', 'UTC')).toBe('2026-11-22_13-30-00')
  })

  test('carries the offset where the local time occurs twice, both times', () => {
    expect(named('2026-10-25T00:30:00Z', 'Europe/Berlin')).toBe('2026-10-25_02-30-00+0200')
    expect(named('2026-10-25T01:30:00Z', 'Europe/Berlin')).toBe('2026-10-25_02-30-00+0100')
    expect(named('2026-10-25T02:30:00Z', 'Europe/Berlin')).toBe('2026-10-25_03-30-00')
    // Lord Howe sets its clocks by half an hour.
    expect(named('2026-04-04T14:45:00Z', 'Australia/Lord_Howe')).toBe('2026-04-05_01-45-00+1100')
  })

  test('may be several directories', () => {
    const template = parseTimeTemplate('%Y/%m/%d_%H-%M-%S')
    expect(renderTime(template, Date.parse('2026-11-22T13:30:00Z'), 'UTC')).toEqual([
      '2026',
      '11',
      '22_13-30-00',
    ])
    expect(named('2026-10-25T00:30:00Z', 'Europe/Berlin', template)).toBe(
      '2026/10/25_02-30-00+0200',
    )
  })

  test('knows day of the year, offset and percent sign', () => {
    const template = parseTimeTemplate('%Y-%j %H.%M.%S %z 100%%')
    expect(named('2026-02-01T00:00:00Z', 'UTC', template)).toBe('2026-032 00.00.00 +0000 100%')
  })

  test('differs for every two seconds, in every zone', () => {
    const second = fc.integer({ min: 0, max: 4_000_000_000 })
    const nearby = fc.integer({ min: 1, max: 3 * 3600 })
    fc.assert(
      fc.property(second, nearby, fc.constantFrom(...ZONES), (first, distance, zone) => {
        const left = renderTimeName(standard, first * 1000, zone)
        const right = renderTimeName(standard, (first + distance) * 1000, zone)
        expect(left).not.toBe(right)
      }),
    )
  })

  test('differs for every second of an hour that comes twice', () => {
    const start = Date.parse('2026-10-24T23:00:00Z')
    const names = new Set<string>()
    for (let second = 0; second < 4 * 3600; second += 1) {
      names.add(renderTimeName(standard, start + second * 1000, 'Europe/Berlin'))
    }
    expect(names.size).toBe(4 * 3600)
  })

  test.each([
    ['%Y-%m-%d', /must hold/u],
    ['%H-%M-%S', /must hold/u],
    ['%Y-%m-%d_%H-%M', /must hold/u],
    ['%Y-%m-%d_%H-%M-%S_%Q', /"%Q" is not known/u],
    ['%Y-%m-%d_%H-%M-%S%', /"%" is not known/u],
    ['/%F_%H-%M-%S', /needs a name/u],
    ['../%F_%H-%M-%S', /needs a name/u],
    ['%F//%H-%M-%S', /needs a name/u],
    ['latest/%F_%H-%M-%S', /link to the newest/u],
    [`${'x'.repeat(201)}%F_%H-%M-%S`, /too long/u],
  ])('is refused for the template %j', (text, reason) => {
    expect(() => parseTimeTemplate(text)).toThrow(SnapfsError)
    expect(() => parseTimeTemplate(text)).toThrow(reason)
  })
})
