/** Numbers as people read them, in sentences and tables. */
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
