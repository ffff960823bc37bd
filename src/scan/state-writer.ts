/** The state of a source on its way to the disk, while the source is scanned. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { DirectoryTrailWriter } from './directory-trail.ts'
import { KINDS, RECORD_BYTES, SourceState, type StateHeader } from './source-state.ts'
import { entryKind, type SourceStatus } from './source-status.ts'
import { bytesInMemory, BytesInFile } from './state-bytes.ts'

export const STATE_MAGIC = 'snapfs source state 2\n'
/** The length of the header and the checksum, after the header. */
export const STATE_END_BYTES = 4 + 32
/** Some two hundred million files. A larger state is not believed. */
export const STATE_LIMIT_BYTES = 16 * 1024 ** 3
/** More paths than this that were not stored: then the next run had better look at everything. */
const MISSING_LIMIT = 10_000
const CHUNK_BYTES = 256 * 1024

export interface DescribedEntry {
  readonly name: string
  readonly status: SourceStatus
  readonly device: number
}

export class StateWriter {
  /** What is remembered of the directories themselves. */
  readonly directories = new DirectoryTrailWriter()
  readonly #descriptor: number | undefined
  /** All that was written, where there is no file. */
  readonly #kept: Buffer[] = []
  readonly #hash = createHash('sha256')
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  #used = 0
  #written = 0

  /**
   * @param file is made, and must not be there; undefined: the state is kept in memory
   * @throws the operating system's error
   */
  constructor(file?: string) {
    this.#descriptor = file === undefined ? undefined : openSync(file, 'wx+', 0o600)
    this.#write(Buffer.from(STATE_MAGIC, 'latin1'))
  }

  /**
   * Adds a directory with its entries.
   * @param path empty for the root of the source
   * @throws the operating system's error
   */
  addDirectory(
    path: string,
    entries: readonly DescribedEntry[],
    itself: Omit<DescribedEntry, 'name'>,
  ): void {
    this.directories.add(path, itself, entries.length)
    const namesBytes = entries.reduce((sum, { name }) => sum + 2 + name.length, 0)
    const length = 8 + path.length + namesBytes + entries.length * RECORD_BYTES
    let offset = this.#reserve(4 + length)
    const chunk = this.#chunk
    offset = chunk.writeUInt32LE(length, offset)
    offset = chunk.writeUInt32LE(path.length, offset)
    offset += chunk.write(path, offset, 'latin1')
    offset = chunk.writeUInt32LE(entries.length, offset)
    for (const { name } of entries) {
      offset = chunk.writeUInt16LE(name.length, offset)
      offset += chunk.write(name, offset, 'latin1')
    }
    for (const { status, device } of entries) {
      offset = chunk.writeBigUInt64LE(status.ino, offset)
      offset = chunk.writeBigInt64LE(status.ctimeNs, offset)
      offset = chunk.writeBigInt64LE(status.mtimeNs, offset)
      offset = chunk.writeBigUInt64LE(status.size, offset)
      offset = chunk.writeUInt32LE(device, offset)
      offset = chunk.writeUInt32LE(KINDS.indexOf(entryKind(status)), offset)
    }
  }

  /**
   * Makes what was added a whole state; a second time, with another header.
   * @throws the operating system's error
   */
  seal(header: StateHeader): void {
    if (this.#descriptor === undefined) return
    this.#flush()
    const head = Buffer.from(JSON.stringify(header), 'utf8')
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32LE(head.length)
    const hash = this.#hash.copy()
    const end = [head, length, hash.update(head).update(length).digest()]
    ftruncateSync(this.#descriptor, this.#written)
    writeAll(this.#descriptor, Buffer.concat(end), this.#written)
  }

  /**
   * What was added, to be read until the writer is closed.
   * @throws the operating system's error
   */
  read(header: StateHeader): SourceState {
    this.#flush()
    const start = STATE_MAGIC.length
    const bytes =
      this.#descriptor === undefined
        ? bytesInMemory(Buffer.concat(this.#kept).subarray(start))
        : new BytesInFile(this.#descriptor, start, this.#written - start)
    const state = new SourceState(header, bytes)
    if (state.isWhole) return state
    const error = new Error('what was written of the source cannot be read again')
    throw Object.assign(error, { code: 'EIO' })
  }

  /** Whether the state would be of use to the next run. */
  isOfUse(header: StateHeader): boolean {
    return header.missing.length <= MISSING_LIMIT && this.#written < STATE_LIMIT_BYTES
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
  }

  #reserve(length: number): number {
    if (this.#used + length > this.#chunk.length) {
      this.#flush()
      if (length > this.#chunk.length) this.#chunk = Buffer.allocUnsafe(length)
    }
    const at = this.#used
    this.#used += length
    return at
  }

  #flush(): void {
    const bytes = this.#chunk.subarray(0, this.#used)
    this.#used = 0
    this.#write(this.#descriptor === undefined ? Buffer.from(bytes) : bytes)
  }

  #write(bytes: Buffer): void {
    this.#hash.update(bytes)
    if (this.#descriptor === undefined) this.#kept.push(bytes)
    else writeAll(this.#descriptor, bytes, this.#written)
    this.#written += bytes.length
  }
}

function writeAll(descriptor: number, bytes: Buffer, position: number): void {
  let written = 0
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, position + written)
  }
}
