/**
 * What the source was when a snapshot was made, remembered to tell what did not change since: for every
 * entry that is not a directory its device, inode, ctime, modification time, size and kind. No program can
 * set a ctime; whatever changes content, mode, owner, ACL or xattrs moves it. So an entry that is equal in
 * all of these is what was stored, for certain.
 *
 * Losing the state costs a comparison by content, never the truth: it is checked against its own
 * checksum, and what does not fit is not believed. The form on disk is described in
 * native-notes/decisions/0017-scan-and-link.md.
 */
import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { nameFromBytes } from '../model/entry-name.ts'
import { type EntryKind, entryKind, type SourceStatus } from './source-status.ts'

const deviceSchema = v.object({
  /** What `stat` gives; may differ after a reboot. */
  number: v.string(),
  /** File system type, what is mounted, and where below the source: what stays when the number does not. */
  identity: v.string(),
})
export type RememberedDevice = v.InferOutput<typeof deviceSchema>

const headerSchema = v.object({
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
})
export type StateHeader = v.InferOutput<typeof headerSchema>

const KINDS: readonly EntryKind[] = ['file', 'symlink', 'special']

export interface EntryState {
  readonly kind: EntryKind
  /** Index into the devices of the header. */
  readonly device: number
  readonly inode: bigint
  readonly changedNs: bigint
  readonly modifiedNs: bigint
  readonly sizeBytes: bigint
}

const MAGIC = 'snapfs source state 1\n'
const RECORD_BYTES = 40
const DIGEST_BYTES = 32
const FIRST_CHUNK_BYTES = 256 * 1024
/** Some fifteen million files. A larger state is not written, and not read. */
export const STATE_LIMIT_BYTES = 1024 * 1024 * 1024
/** More paths than this that were not stored: then the next run had better look at everything. */
const MISSING_LIMIT = 10_000

export interface DescribedEntry {
  readonly name: string
  readonly status: SourceStatus
  readonly device: number
}

/** Collects the state during a scan. */
export class StateWriter {
  readonly #blocks: Buffer[] = []
  #chunk = Buffer.allocUnsafe(FIRST_CHUNK_BYTES)
  #used = 0
  #bytes = 0

  /** Adds a directory with its entries; `path` is empty for the root of the source. */
  addDirectory(path: string, entries: readonly DescribedEntry[]): void {
    const namesBytes = entries.reduce((sum, { name }) => sum + 2 + name.length, 0)
    const length = 8 + path.length + namesBytes + entries.length * RECORD_BYTES
    const at = this.#reserve(4 + length)
    const chunk = this.#chunk
    let offset = chunk.writeUInt32LE(length, at)
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

  /** The whole state, or undefined when it is too large to be worth keeping. */
  encode(header: StateHeader): readonly Buffer[] | undefined {
    const tooLarge = this.#bytes > STATE_LIMIT_BYTES - FIRST_CHUNK_BYTES
    if (tooLarge || header.missing.length > MISSING_LIMIT) return undefined
    const head = Buffer.from(JSON.stringify(header), 'utf8')
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32LE(head.length)
    const parts = [Buffer.from(MAGIC, 'latin1'), length, head, ...this.blocks()]
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return [...parts, hash.digest()]
  }

  /** What was collected so far, to be read back by `stateOf`. */
  blocks(): readonly Buffer[] {
    return [...this.#blocks, this.#chunk.subarray(0, this.#used)]
  }

  #reserve(length: number): number {
    this.#bytes += length
    if (this.#used + length > this.#chunk.length) {
      this.#blocks.push(this.#chunk.subarray(0, this.#used))
      this.#chunk = Buffer.allocUnsafe(Math.max(FIRST_CHUNK_BYTES * 4, length))
      this.#used = 0
    }
    const at = this.#used
    this.#used += length
    return at
  }
}

/** A state that was read and fits its checksum, or a reason why there is none. */
export type StateReading =
  | { readonly kind: 'state'; readonly state: SourceState }
  | { readonly kind: 'damaged'; readonly reason: string }

/** Reads a state. Never throws: the bytes are foreign. */
export function decodeState(bytes: Buffer): StateReading {
  const damaged = (reason: string): StateReading => ({ kind: 'damaged', reason })
  const headAt = MAGIC.length + 4
  if (bytes.length < headAt + DIGEST_BYTES) return damaged('it is too short')
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return damaged('it is something else')
  const end = bytes.length - DIGEST_BYTES
  const digest = createHash('sha256').update(bytes.subarray(0, end)).digest()
  if (!digest.equals(bytes.subarray(end))) return damaged('its checksum does not fit')
  const blocksAt = headAt + bytes.readUInt32LE(MAGIC.length)
  if (blocksAt > end) return damaged('its header is longer than itself')
  let header: unknown
  try {
    header = JSON.parse(bytes.toString('utf8', headAt, blocksAt))
  } catch {
    return damaged('its header is not JSON')
  }
  const parsed = v.safeParse(headerSchema, header)
  if (!parsed.success) return damaged('its header is not understood')
  const state = new SourceState(parsed.output, [bytes.subarray(blocksAt, end)])
  return state.isWhole ? { kind: 'state', state } : damaged('its records are cut off')
}

/** Where the entries of a directory are described: from their number on to the end of the last record. */
interface Place {
  readonly block: Buffer
  readonly offset: number
  readonly end: number
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
  readonly #directories = new Map<string, Place>()
  readonly #missing: ReadonlySet<string>

  constructor(header: StateHeader, blocks: readonly Buffer[]) {
    this.header = header
    this.#missing = new Set(header.missing)
    this.isWhole = blocks.every((block) => this.#index(block))
  }

  /** Every directory that was there, in the order of the scan. */
  directories(): IterableIterator<string> {
    return this.#directories.keys()
  }

  /** The entries of a directory by name; undefined when it was not there. */
  entriesOf(path: string): ReadonlyMap<string, EntryState> | undefined {
    const place = this.#directories.get(path)
    if (place === undefined) return undefined
    const entries = new Map<string, EntryState>()
    let offset = recordsAt(place)
    for (const name of namesAt(place)) {
      if (!this.#isMissing(path, name)) entries.set(name, readRecord(place.block, offset))
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
      const { block, end } = place
      let names: readonly string[] | undefined
      const first = recordsAt(place)
      for (let offset = first; offset < end; offset += RECORD_BYTES) {
        const inode = block.readUInt32LE(offset) + block.readUInt32LE(offset + 4) * 2 ** 32
        const sizeBits = block.readUInt32LE(offset + 24) % 0x10_00_00
        if (!isWanted(inode, block.readUInt32LE(offset + 16) * 0x10_00_00 + sizeBits)) continue
        names ??= namesAt(place)
        const name = names[(offset - first) / RECORD_BYTES]
        if (name === undefined || this.#isMissing(directory, name)) continue
        const path = directory === '' ? name : `${directory}/${name}`
        yield { path, entry: readRecord(block, offset) }
      }
    }
  }

  #isMissing(directory: string, name: string): boolean {
    if (this.#missing.size === 0) return false
    return this.#missing.has(directory === '' ? name : `${directory}/${name}`)
  }

  #index(block: Buffer): boolean {
    let offset = 0
    while (offset < block.length) {
      if (offset + 12 > block.length) return false
      const next = offset + 4 + block.readUInt32LE(offset)
      const pathLength = block.readUInt32LE(offset + 4)
      const countAt = offset + 8 + pathLength
      if (next > block.length || countAt + 4 > next) return false
      if (!namesFit(block, countAt, next)) return false
      const path = block.toString('latin1', offset + 8, countAt)
      this.#directories.set(path, { block, offset: countAt, end: next })
      offset = next
    }
    return true
  }
}

function namesFit(block: Buffer, countAt: number, end: number): boolean {
  const count = block.readUInt32LE(countAt)
  let offset = countAt + 4
  if (offset + count * (2 + RECORD_BYTES) > end) return false
  for (let index = 0; index < count; index += 1) {
    if (offset + 2 > end) return false
    offset += 2 + block.readUInt16LE(offset)
  }
  return offset + count * RECORD_BYTES === end
}

function recordsAt({ block, offset, end }: Place): number {
  return end - block.readUInt32LE(offset) * RECORD_BYTES
}

function namesAt({ block, offset }: Place): readonly string[] {
  const names: string[] = []
  const count = block.readUInt32LE(offset)
  let at = offset + 4
  for (let index = 0; index < count; index += 1) {
    const length = block.readUInt16LE(at)
    names.push(nameFromBytes(block.toString('latin1', at + 2, at + 2 + length)))
    at += 2 + length
  }
  return names
}

function readRecord(block: Buffer, offset: number): EntryState {
  return {
    inode: block.readBigUInt64LE(offset),
    changedNs: block.readBigInt64LE(offset + 8),
    modifiedNs: block.readBigInt64LE(offset + 16),
    sizeBytes: block.readBigUInt64LE(offset + 24),
    device: block.readUInt32LE(offset + 32),
    kind: KINDS[block.readUInt32LE(offset + 36)] ?? 'special',
  }
}
