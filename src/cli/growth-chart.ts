/** How much there was at what time, as a small chart of characters. */
import { bytesText } from '../model/figures.ts'
import { localTimeText } from '../model/local-time.ts'

export interface GrowthPoint {
  /** In milliseconds since 1970. */
  readonly atMs: number
  readonly bytes: number
}

const COLUMNS = 56
const ROWS = 5
/** Unicode's block elements: eighths of a character, from below. */
const EIGHTHS = ' ▁▂▃▄▅▆▇█'
/** Of `2026-11-22`, and with `15:30` after it. */
const DAY_LENGTH = 10
const MINUTE_LENGTH = 16

/**
 * A column for each part of the time, filled up to what there was at its end. The bottom is what there was at the beginning, since
 * growth is what is looked for.
 * @param points in the order of time
 * @returns nothing where nothing grew, or there is no time in which it could
 */
export function growthChart(points: readonly GrowthPoint[], zone: string): string[] {
  const [first] = points
  const last = points.at(-1)
  if (first === undefined || last === undefined) return []
  const spanMs = last.atMs - first.atMs
  const grown = last.bytes - first.bytes
  if (spanMs <= 0 || grown <= 0) return []
  const heights = Array.from({ length: COLUMNS }, (_none, column) => {
    const untilMs = first.atMs + (spanMs * (column + 1)) / COLUMNS
    const bytes = points.findLast(({ atMs }) => atMs <= untilMs)?.bytes ?? first.bytes
    return Math.max(1, Math.round(((bytes - first.bytes) / grown) * ROWS * 8))
  })
  const labels = Array.from({ length: ROWS }, () => '')
  labels[0] = bytesText(last.bytes)
  labels[ROWS - 1] = bytesText(first.bytes)
  const width = Math.max(...labels.map((label) => label.length))
  const rows = labels.map((label, row) => {
    const below = (ROWS - 1 - row) * 8
    const cells = heights.map((height) => EIGHTHS[Math.max(0, Math.min(8, height - below))])
    return `${label.padStart(width)} ┤${cells.join('')}`.trimEnd()
  })
  const at = (length: number): readonly string[] =>
    [first, last].map(({ atMs }) => localTimeText(atMs, zone).slice(0, length))
  const days = at(DAY_LENGTH)
  const [from = '', to = ''] = days[0] === days[1] ? at(MINUTE_LENGTH) : days
  return [...rows, `${' '.repeat(width)}  ${from}${to.padStart(COLUMNS - from.length)}`]
}
