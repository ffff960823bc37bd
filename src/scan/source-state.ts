/**
 * What the source was when a snapshot was made, remembered to tell what did not change since: for every
 * entry that is not a directory its device, inode, ctime, modification time, size and kind. No program can
 * set a ctime; whatever changes content, mode, owner, ACL or xattrs moves it. So an entry that is equal in
 * all of these is what was stored, for certain.
 *
 * Losing the state costs a comparison by content, never the truth: it is checked against its own
 * checksum, and what does not fit is not believed. The form on disk is described in
 * native-notes/decisions/0033-two-threads-and-a-state-on-disk.md. It is never in memory as a whole: a source of
 * millions of files has a state of hundreds of megabytes.
 */
import * as v from 'valibot'
import { nameFromBytes } from '../model/entry-name.ts'
import { directoryTrailSchema } from './directory-trail.ts'
import type { EntryKind } from './source-status.ts'
import type { StateBytes } from './state-bytes.ts'

const deviceSchema = v.object({
  /** What `stat` gives; may differ after a reboot. */
  number: v.string(),
  /** File system type, what is mounted, and where below the source: what stays when the number does not. */
  identity: v.string(),
})
export type RememberedDevice = v.InferOutput<typeof deviceSchema>

export const headerSchema = v.object({
  /** The snapshot that holds what is described here, or that would have, had the run not ended early. */
  snapshot: v.string(),
  /** `startedAt` of its manifest: an id can be used again after a removal. */
  startedAt: v.string(),
  machineId: v.string(),
  bootId: v.string(),
  /** When the scan began, in milliseconds since 1970. */
  scannedMs: v.number(),
  /** What was copied with the content (ACLs, xattrs, owners); a run that copies more must not rely on it. */
  fidelity: v.string(),
  devices: v.array(deviceSchema),
  /** Paths that are described but were not stored. Bytes as characters. */
  missing: v.array(v.string()),
  /** Absent in a state of an older snapfs. */
  directories: v.optional(directoryTrailSchema),
})
export type StateHeader = v.InferOutput<typeof headerSchema>

export const KINDS: readonly EntryKind[] = ['file', 'symlink', 'special']

export interface EntryState {
  readonly kind: EntryKind
  /** Index into the devices of the header. */
  readonly device: number
  readonly inode: bigint
  readonly changedNs: bigint
  readonly modifiedNs: bigint
  readonly sizeBytes: bigint
}

/** Of one entry: inode, ctime, modification time, size, device, kind. */
export const RECORD_BYTES = 40

/** Where the entries of a directory are described: from their number on to the end of the last record. */
interface Place {
  readonly offset: number
  readonly length: number
}

/** The same, read. */
interface Block {
  readonly bytes: Buffer
  /** Of the first record. */
  readonly records: number
}

/** What an inode is looked for by: the number itself, or one near it when it is larger than 2^53. */
export function inodeKey(inode: bigint): number {
  return Number(inode)
}

/** What a time and a size are looked for by; others have the same. */
export function lookKey(modifiedNs: bigint, sizeBytes: bigint): number {
  return Number(modifiedNs & 0xff_ff_ff_ffn) * 0x10_00_00 + Number(sizeBytes & 0x0f_ff_ffn)
}

/** Read access to a state. */
export class SourceState {
  readonly header: StateHeader
  /** Whether every block lies within its bounds. */
  readonly isWhole: boolean
  readonly #bytes: StateBytes
  readonly #directories = new Map<string, Place>()
  readonly #missing: ReadonlySet<string>

  /** @param bytes what a `StateWriter` wrote for directories, and nothing else */
  constructor(header: StateHeader, bytes: StateBytes) {
    this.header = header
    this.#bytes = bytes
    this.#missing = new Set(header.missing)
    this.isWhole = this.#index()
  }

  /** Every directory that was there, in the order of the scan. */
  directories(): IterableIterator<string> {
    return this.#directories.keys()
  }

  /** The entries of a directory by name; undefined when it was not there, or its description cannot be read. */
  entriesOf(path: string): ReadonlyMap<string, EntryState> | undefined {
    const block = this.#read(this.#directories.get(path))
    if (block === undefined) return undefined
    const entries = new Map<string, EntryState>()
    let offset = block.records
    for (const name of namesIn(block)) {
      if (!this.#isMissing(path, name)) entries.set(name, readRecord(block.bytes, offset))
      offset += RECORD_BYTES
    }
    return entries
  }

  /**
   * The entries that are wanted, with their paths, in the order of the scan. Those that are not wanted cost next to
   * nothing.
   */
  *find(
    isWanted: (inodeKey: number, lookKey: number) => boolean,
  ): Generator<{ readonly path: string; readonly entry: EntryState }> {
    for (const [directory, place] of this.#directories) {
      const block = this.#read(place)
      if (block === undefined) continue
      const { bytes, records } = block
      let names: readonly string[] | undefined
      for (let offset = records; offset < bytes.length; offset += RECORD_BYTES) {
        const inode = bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32
        const sizeBits = bytes.readUInt32LE(offset + 24) % 0x10_00_00
        if (!isWanted(inode, bytes.readUInt32LE(offset + 16) * 0x10_00_00 + sizeBits)) continue
        names ??= namesIn(block)
        const name = names[(offset - records) / RECORD_BYTES]
        if (name === undefined || this.#isMissing(directory, name)) continue
        const path = directory === '' ? name : `${directory}/${name}`
        yield { path, entry: readRecord(bytes, offset) }
      }
    }
  }

  /** Lets go of the file it is read from. */
  close(): void {
    this.#bytes.close()
  }

  #isMissing(directory: string, name: string): boolean {
    if (this.#missing.size === 0) return false
    return this.#missing.has(directory === '' ? name : `${directory}/${name}`)
  }

  #read(place: Place | undefined): Block | undefined {
    const bytes = place === undefined ? undefined : this.#bytes.read(place.offset, place.length)
    if (bytes === undefined || !namesFit(bytes)) return undefined
    return { bytes, records: bytes.length - bytes.readUInt32LE(0) * RECORD_BYTES }
  }

  #index(): boolean {
    let offset = 0
    while (offset < this.#bytes.length) {
      const start = this.#bytes.read(offset, 8)
      if (start === undefined) return false
      const next = offset + 4 + start.readUInt32LE(0)
      const pathLength = start.readUInt32LE(4)
      const countAt = offset + 8 + pathLength
      if (next > this.#bytes.length || countAt + 4 > next) return false
      const path = this.#bytes.read(offset + 8, pathLength)?.toString('latin1')
      if (path === undefined) return false
      const place = { offset: countAt, length: next - countAt }
      if (this.#read(place) === undefined) return false
      this.#directories.set(path, place)
      offset = next
    }
    return true
  }
}

/** @param bytes from the number of entries on */
function namesFit(bytes: Buffer): boolean {
  const count = bytes.readUInt32LE(0)
  let offset = 4
  if (offset + count * (2 + RECORD_BYTES) > bytes.length) return false
  for (let index = 0; index < count; index += 1) {
    if (offset + 2 > bytes.length) return false
    offset += 2 + bytes.readUInt16LE(offset)
  }
  return offset + count * RECORD_BYTES === bytes.length
}

function namesIn({ bytes }: Block): readonly string[] {
  const names: string[] = []
  const count = bytes.readUInt32LE(0)
  let at = 4
  for (let index = 0; index < count; index += 1) {
    const length = bytes.readUInt16LE(at)
    names.push(nameFromBytes(bytes.toString('latin1', at + 2, at + 2 + length)))
    at += 2 + length
  }
  return names
}

function readRecord(bytes: Buffer, offset: number): EntryState {
  return {
    inode: bytes.readBigUInt64LE(offset),
    changedNs: bytes.readBigInt64LE(offset + 8),
    modifiedNs: bytes.readBigInt64LE(offset + 16),
    sizeBytes: bytes.readBigUInt64LE(offset + 24),
    device: bytes.readUInt32LE(offset + 32),
    kind: KINDS[bytes.readUInt32LE(offset + 36)] ?? 'special',
  }
}
