/** An instant as people read it. */
import { Temporal } from 'temporal-polyfill'
import { formatRoughDuration } from './duration.ts'

/** `2026-11-22 15:30:00 +01:00` in a zone. */
export function localTimeText(epochMs: number, zone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(zone)
  const text = local.toPlainDateTime().toString({ smallestUnit: 'second' }).replace('T', ' ')
  return `${text} ${local.offset}`
}

/** When and where a text is read. */
export interface Moment {
  readonly nowMs: number
  readonly timeZone: string
}

/**
 * `2026-11-22 15:30:00 +01:00 (4 minutes ago)`. The clock of another machine may be ahead of ours; then how long
 * ago it was is not said.
 */
export function localTimeAndAgeText(epochMs: number, { nowMs, timeZone }: Moment): string {
  const time = localTimeText(epochMs, timeZone)
  return epochMs > nowMs ? time : `${time} (${formatRoughDuration(nowMs - epochMs)} ago)`
}
