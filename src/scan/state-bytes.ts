/** The bytes of a state, wherever they are: few of those that are in a file are in memory at a time. */
import { closeSync, readSync } from 'node:fs'
import { requireSystemErrorCode } from '../errors/system-error.ts'

export interface StateBytes {
  readonly length: number
  /** So many bytes, valid until the next call; undefined where there are fewer, or they cannot be read. */
  read(offset: number, length: number): Buffer | undefined
  close(): void
}

export function bytesInMemory(bytes: Buffer): StateBytes {
  return {
    length: bytes.length,
    read: (offset, length) =>
      offset + length > bytes.length ? undefined : bytes.subarray(offset, offset + length),
    close: () => undefined,
  }
}

const WINDOW_BYTES = 256 * 1024

/** A stretch of a file, read in large pieces, since it is mostly gone through from one end to the other. */
export class BytesInFile implements StateBytes {
  readonly length: number
  readonly #descriptor: number
  readonly #start: number
  #room = Buffer.allocUnsafe(WINDOW_BYTES)
  #window = Buffer.alloc(0)
  #windowAt = 0

  /** @param descriptor is closed by `close` */
  constructor(descriptor: number, start: number, length: number) {
    this.#descriptor = descriptor
    this.#start = start
    this.length = length
  }

  read(offset: number, length: number): Buffer | undefined {
    if (offset + length > this.length) return undefined
    const isIn = offset >= this.#windowAt && offset + length <= this.#windowAt + this.#window.length
    if (!isIn && !this.#move(offset, length)) return undefined
    const from = offset - this.#windowAt
    return this.#window.subarray(from, from + length)
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #move(offset: number, length: number): boolean {
    const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.length - offset)
    if (this.#room.length < wanted) this.#room = Buffer.allocUnsafe(wanted)
    const window = this.#room.subarray(0, wanted)
    this.#window = window
    this.#windowAt = offset
    try {
      return readWhole(this.#descriptor, window, this.#start + offset)
    } catch (error) {
      requireSystemErrorCode(error)
      this.#window = Buffer.alloc(0)
      return false
    }
  }
}

/** Fills a buffer from a file, and says whether the file had enough. @throws the operating system's error */
export function readWhole(descriptor: number, into: Buffer, position: number): boolean {
  let got = 0
  while (got < into.length) {
    const more = readSync(descriptor, into, got, into.length - got, position + got)
    if (more === 0) return false
    got += more
  }
  return true
}
