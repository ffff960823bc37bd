/** Lengths of time in the words of people. */

/** Largest first. A day is 24 hours here, whatever the clocks of a country do. */
const UNITS = [
  { name: 'week', inMs: 7 * 24 * 3_600_000 },
  { name: 'day', inMs: 24 * 3_600_000 },
  { name: 'hour', inMs: 3_600_000 },
  { name: 'minute', inMs: 60_000 },
  { name: 'second', inMs: 1000 },
] as const

/** Roughly, by the largest unit: `4 minutes`. */
export function formatRoughDuration(durationMs: number): string {
  const unit = UNITS.find(({ inMs }) => durationMs >= inMs)
  return unit === undefined
    ? 'less than a second'
    : counted(Math.floor(durationMs / unit.inMs), unit.name)
}

function counted(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
