/** The hours, days, weeks, months and years that snapshots fall into. */
import { LRUCache } from 'lru-cache'
import { Temporal } from 'temporal-polyfill'
import type { Tier } from '../model/keep-policy.ts'

export type CalendarTier = Exclude<Tier, 'last'>
export type Buckets = Readonly<Record<CalendarTier, string>>

/** Whoever simulates years asks for the same instants over and over. */
const REMEMBERED = 50_000
const remembered = new LRUCache<number, Buckets>({ max: REMEMBERED })
let rememberedZone = ''

/**
 * The buckets that an instant falls into, in words that sort by time: `2026-11-22 14:00 +01:00`, `2026-11-22`, `2026-W47`,
 * `2026-11`, `2026`. An hour that occurs twice, when clocks are set back, is two.
 * @param timeZone an IANA name
 */
export function bucketsAt(epochMs: number, timeZone: string): Buckets {
  if (timeZone !== rememberedZone) remembered.clear()
  rememberedZone = timeZone
  let buckets = remembered.get(epochMs)
  if (buckets === undefined) {
    buckets = bucketsOf(
      Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone),
    )
    remembered.set(epochMs, buckets)
  }
  return buckets
}

function bucketsOf(local: Temporal.ZonedDateTime): Buckets {
  const date = local.toPlainDate()
  const day = date.toString()
  return {
    hourly: `${day} ${twoDigits(local.hour)}:00 ${local.offset}`,
    daily: day,
    // Of ISO 8601: the week of its Thursday, so that a year may end with a 53rd, or in the next one's first.
    weekly: `${local.yearOfWeek}-W${twoDigits(local.weekOfYear ?? 0)}`,
    monthly: date.toPlainYearMonth().toString(),
    yearly: String(local.year),
  }
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}
