/** Lengths of time in the words of people: on the command line, in the configuration and in messages. */

/** Largest first. A day is 24 hours here, whatever the clocks of a country do. */
const UNITS = [
  { name: 'week', inMs: 7 * 24 * 3_600_000, words: ['w', 'week', 'weeks'] },
  { name: 'day', inMs: 24 * 3_600_000, words: ['d', 'day', 'days'] },
  { name: 'hour', inMs: 3_600_000, words: ['h', 'hour', 'hours'] },
  { name: 'minute', inMs: 60_000, words: ['m', 'min', 'minute', 'minutes'] },
  { name: 'second', inMs: 1000, words: ['s', 'sec', 'second', 'seconds'] },
] as const

/** For the sentence that refuses another text. */
export const DURATION_EXAMPLES = '"90 s", "30m", "2 hours" or "1h30m"'

/** At most six digits a unit: a million weeks are still exact in milliseconds. */
const SHAPE = /^(?:\d{1,6}\s*[a-z]+\s*)+$/u

/**
 * The milliseconds of `90 s`, `30m`, `2 hours`, `1h30m`: whole numbers, each with its unit, the larger unit
 * first and none twice. Undefined for anything else; a number alone has no unit and is not guessed at.
 */
export function parseDurationMs(text: string): number | undefined {
  const trimmed = text.trim()
  if (!SHAPE.test(trimmed)) return undefined
  let totalMs = 0
  let next = 0
  for (const [, digits, word] of trimmed.matchAll(/(\d+)\s*([a-z]+)/gu)) {
    const index = UNITS.findIndex(({ words }) => words.some((known) => known === word))
    const unit = UNITS[index]
    if (unit === undefined || index < next) return undefined
    totalMs += Number(digits) * unit.inMs
    next = index + 1
  }
  return totalMs
}

const LONG_SPAN = /^(?<count>\d{1,4})\s*(?<unit>y|year|years|month|months)$/u
const MONTH_MS = 30 * 24 * 3_600_000
const YEAR_MS = 365 * 24 * 3_600_000

/** For the sentence that refuses another text. */
export const SPAN_EXAMPLES = '"2y", "6 months" or "10 weeks"'

/** The same, and `2y`, `2 years`, `6 months`, of 365 and 30 days: for what need not be exact. */
export function parseSpanMs(text: string): number | undefined {
  const span = LONG_SPAN.exec(text.trim())?.groups
  if (span === undefined) return parseDurationMs(text)
  return Number(span['count']) * (span['unit']?.startsWith('y') === true ? YEAR_MS : MONTH_MS)
}

/** Exactly, to the second: `1 hour 30 minutes`. */
export function formatDuration(durationMs: number): string {
  let rest = durationMs
  const parts: string[] = []
  for (const { name, inMs } of UNITS) {
    const count = Math.floor(rest / inMs)
    rest -= count * inMs
    if (count > 0) parts.push(counted(count, name))
  }
  return parts.length === 0 ? '0 seconds' : parts.join(' ')
}

/** Roughly, by the largest unit: `4 minutes`. */
export function formatRoughDuration(durationMs: number): string {
  const unit = UNITS.find(({ inMs }) => durationMs >= inMs)
  if (unit === undefined) return 'less than a second'
  return counted(Math.floor(durationMs / unit.inMs), unit.name)
}

function counted(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
