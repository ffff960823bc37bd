/** A moment as people write it, in the name of a file or on a command line. Pure. */
import { Temporal } from 'temporal-polyfill'
import type { Moment } from './local-time.ts'

const DATE = String.raw`(?<date>\d{4}-\d\d-\d\d)`
const TIME = String.raw`(?<hour>\d\d)[:-](?<minute>\d\d)(?:[:-](?<second>\d\d))?`
const ZONE = String.raw`(?<offset>Z|[+-]\d\d:?\d\d)`
const WRITTEN = new RegExp(`^${DATE}(?:[T_ ]${TIME}${ZONE}?)?$`, 'u')
const AGO = /^(?<count>\d{1,6}) ?(?<unit>minute|hour|day|week|month|year)s? ago$/u

/**
 * The last millisecond that a text still means, since 1970: a date is meant with its whole day, a time without seconds
 * with its whole minute. So what was there then is what the newest snapshot up to it holds.
 *
 * `today`, `yesterday`, `3 days ago`, `2026-11-22`, `2026-11-22T14:30`, `2026-11-22_14-30-00` and with an offset,
 * `2026-11-22T14-30-00Z`. Without an offset it is the time of the zone; one that occurs twice there is the later.
 * @returns undefined for anything else
 */
export function parsePointInTime(text: string, { nowMs, timeZone }: Moment): number | undefined {
  const now = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone)
  if (text === 'today') return nowMs
  if (text === 'yesterday') return endOf(now.toPlainDate().subtract({ days: 1 }), timeZone)
  const ago = AGO.exec(text)?.groups
  if (ago !== undefined) {
    const count = Number(ago['count'])
    const past = orUndefined(() => now.subtract({ [`${ago['unit'] ?? ''}s`]: count }))
    return past?.epochMilliseconds
  }
  const written = WRITTEN.exec(text)?.groups
  if (written === undefined) return undefined
  return orUndefined(() => fromWritten(written, timeZone))
}

function fromWritten(
  written: Readonly<Record<string, string | undefined>>,
  timeZone: string,
): number {
  const { hour, minute, second, offset } = written
  const date = Temporal.PlainDate.from(written['date'] ?? '', { overflow: 'reject' })
  if (hour === undefined || minute === undefined) return endOf(date, timeZone)
  const time = Temporal.PlainTime.from(
    { hour: Number(hour), minute: Number(minute), second: Number(second ?? '0') },
    { overflow: 'reject' },
  )
  const zone = offset === undefined ? timeZone : offset === 'Z' ? 'UTC' : offset
  const start = date.toPlainDateTime(time).toZonedDateTime(zone, { disambiguation: 'later' })
  const length = second === undefined ? { minutes: 1 } : { seconds: 1 }
  return start.add(length).epochMilliseconds - 1
}

function endOf(date: Temporal.PlainDate, timeZone: string): number {
  return date.add({ days: 1 }).toZonedDateTime(timeZone).epochMilliseconds - 1
}

/** Dates that are none, such as a 30th of February, and those no calendar reaches. */
function orUndefined<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
