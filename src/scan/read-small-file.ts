/** Files that say something about the directory they lie in: a marker, a list of patterns, a tag. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { type BytePath, systemPath } from '../model/entry-name.ts'

export interface SmallFile {
  /** Whether a symbolic link that leads to one will do. */
  readonly links: 'follow' | 'refuse'
  /** No more is read of it. */
  readonly limitBytes: number
}

/**
 * The start of a regular file, as bytes, one character each; undefined when it is none. Opened without waiting, and
 * looked at only then: a FIFO that somebody puts there would keep us for ever.
 * @returns `isWhole`: whether there was no more
 * @throws the operating system's error
 */
export function readSmallFile(
  path: BytePath,
  { links, limitBytes }: SmallFile,
): { readonly text: string; readonly isWhole: boolean } | undefined {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants
  const flags = O_RDONLY | O_NONBLOCK | (links === 'refuse' ? O_NOFOLLOW : 0)
  const descriptor = openSync(systemPath(path), flags)
  try {
    if (!fstatSync(descriptor).isFile()) return undefined
    // One byte more tells whether there is more.
    const buffer = Buffer.alloc(limitBytes + 1)
    let length = 0
    for (;;) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null)
      length += read
      if (read === 0 || length === buffer.length) break
    }
    const text = buffer.toString('latin1', 0, Math.min(length, limitBytes))
    return { text, isWhole: length <= limitBytes }
  } finally {
    closeSync(descriptor)
  }
}
