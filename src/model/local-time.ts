/** An instant as people read it. */
import { Temporal } from 'temporal-polyfill'

/** `2026-11-22 15:30:00 +01:00` in a zone. */
export function localTimeText(epochMs: number, zone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(zone)
  const text = local.toPlainDateTime().toString({ smallestUnit: 'second' }).replace('T', ' ')
  return `${text} ${local.offset}`
}
