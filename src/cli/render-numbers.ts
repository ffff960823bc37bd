/** Numbers as people read them. */
import prettyBytes from 'pretty-bytes'

export function countText(count: number): string {
  return count.toLocaleString('en-US')
}

/** `1 file`, `2 files`. */
export function countOf(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`
}

export function bytesText(bytes: number): string {
  return prettyBytes(bytes)
}

export function durationText(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  const rest = Math.round(seconds - minutes * 60)
  return minutes < 60
    ? `${minutes} min ${rest} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
