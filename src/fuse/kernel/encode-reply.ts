/**
 * Answers to the kernel as bytes. Each function writes the body of one structure at a place and
 * returns where it ends; a reply begins with its header, whose length is known last.
 */
import type { Space } from '../../catalog/catalog.ts'
import type { RawStatus } from '../../catalog/raw-status.ts'
import type { EntryKind } from '../../model/entry.ts'
import type { NodeAttributes } from '../../view/virtual-file-system.ts'
import { statMode } from '../stat-mode.ts'
import { DIRENT_BYTES, DIRENT_TYPE, ENTRY_BYTES, MAJOR, MINOR } from './protocol.ts'

/** Where a reply is written. All that is in one begins at a multiple of its size, so it is written as what it is. */
export class Reply {
  readonly bytes: Buffer
  readonly words: Uint32Array
  readonly longs: BigInt64Array

  constructor(lengthBytes: number) {
    const memory = new ArrayBuffer(lengthBytes)
    this.bytes = Buffer.from(memory)
    this.words = new Uint32Array(memory)
    this.longs = new BigInt64Array(memory)
  }
}

const NS_PER_SECOND = 1_000_000_000n
const BLOCK_BYTES = 4096
const NAME_LIMIT_BYTES = 255
/** What never changes is kept for so many seconds: the kernel counts them in ticks, and more are cut to about this. */
const ALWAYS_SECONDS = 0x3fff_ffff

/** @param error a negative errno, or 0 */
export function writeHeader(
  out: Reply,
  { uniqueLow, uniqueHigh }: { readonly uniqueLow: number; readonly uniqueHigh: number },
  error: number,
  lengthBytes: number,
): void {
  out.words[0] = lengthBytes
  out.words[1] = error
  out.words[2] = uniqueLow
  out.words[3] = uniqueHigh
}

export interface Agreement {
  readonly readaheadBytes: number
  readonly flags: number
  readonly moreFlags: number
  /** Requests the kernel may have under way in the background. */
  readonly background: number
  /** Pages of one read. */
  readonly pages: number
  /** How many file systems may lie on top of one another, this one included; 0 when none is passed through. */
  readonly stackDepth: number
}

export function writeInit(out: Reply, at: number, agreement: Agreement): number {
  out.bytes.fill(0, at, at + 64)
  out.words[at >>> 2] = MAJOR
  out.words[(at + 4) >>> 2] = MINOR
  out.words[(at + 8) >>> 2] = agreement.readaheadBytes
  out.words[(at + 12) >>> 2] = agreement.flags >>> 0
  out.bytes.writeUInt16LE(agreement.background, at + 16)
  out.bytes.writeUInt16LE(Math.floor((agreement.background * 3) / 4), at + 18)
  // Nothing is written; less than a page is refused.
  out.words[(at + 20) >>> 2] = BLOCK_BYTES
  // Times are exact to the nanosecond.
  out.words[(at + 24) >>> 2] = 1
  out.bytes.writeUInt16LE(agreement.pages, at + 28)
  out.words[(at + 32) >>> 2] = agreement.moreFlags >>> 0
  out.words[(at + 36) >>> 2] = agreement.stackDepth
  return at + 64
}

export interface ToldEntry {
  /** 0: there is nothing of that name, and that may be remembered. */
  readonly node: number
  /** Tells apart the nodes of two mounts to whoever remembers them longer than a mount, as NFS does. */
  readonly generation: number
  readonly nameSeconds: number
  readonly attributeSeconds: number
}

export const FOR_EVER = ALWAYS_SECONDS

export function writeEntry(
  out: Reply,
  at: number,
  told: ToldEntry,
  attributes: NodeAttributes | undefined,
): number {
  writeNumber64(out, at, told.node)
  writeNumber64(out, at + 8, told.generation)
  writeNumber64(out, at + 16, told.nameSeconds)
  writeNumber64(out, at + 24, told.attributeSeconds)
  out.words[(at + 32) >>> 2] = 0
  out.words[(at + 36) >>> 2] = 0
  if (attributes === undefined) out.bytes.fill(0, at + 40, at + ENTRY_BYTES)
  else writeAttributes(out, at + 40, attributes)
  return at + ENTRY_BYTES
}

/** Of what lies in a snapshot and is no directory, from how the kernel describes it: name and attributes hold for ever. */
export function writePlainEntry(
  out: Reply,
  at: number,
  node: number,
  generation: number,
  status: RawStatus,
): number {
  writeNumber64(out, at, node)
  writeNumber64(out, at + 8, generation)
  writeNumber64(out, at + 16, FOR_EVER)
  writeNumber64(out, at + 24, FOR_EVER)
  const { words } = out
  words[(at + 32) >>> 2] = 0
  words[(at + 36) >>> 2] = 0
  const to = (at + 40) >>> 2
  // Number, size and blocks lie one after the other in both.
  for (let word = 0; word < 6; word += 1) words[to + word] = status.word(32 + word * 4)
  words[to + 6] = words[to + 8] = status.word(112)
  words[to + 7] = words[to + 9] = status.word(116)
  words[to + 10] = status.word(96)
  words[to + 11] = status.word(100)
  words[to + 12] = words[to + 13] = status.word(120)
  words[to + 14] = status.word(104)
  words[to + 15] = status.mode
  words[to + 16] = status.word(16)
  words[to + 17] = status.word(20)
  words[to + 18] = status.word(24)
  words[to + 19] = status.deviceNumber
  words[to + 20] = BLOCK_BYTES
  words[to + 21] = 0
  return at + ENTRY_BYTES
}

export function writeAttributeReply(
  out: Reply,
  at: number,
  attributes: NodeAttributes,
  seconds: number,
): number {
  writeNumber64(out, at, seconds)
  writeNumber64(out, at + 8, 0)
  return writeAttributes(out, at + 16, attributes)
}

function writeAttributes(out: Reply, at: number, attributes: NodeAttributes): number {
  const { modifiedNs, changedNs } = attributes
  const modified = secondsOf(modifiedNs)
  const modifiedRest = Number(modifiedNs - modified * NS_PER_SECOND)
  const changed = modifiedNs === changedNs ? modified : secondsOf(changedNs)
  out.longs[at >>> 3] = attributes.inode
  writeNumber64(out, at + 8, attributes.sizeBytes)
  writeNumber64(out, at + 16, attributes.blocks512)
  // What nobody reads without reading it has no other time of access.
  out.longs[(at + 24) >>> 3] = modified
  out.longs[(at + 32) >>> 3] = modified
  out.longs[(at + 40) >>> 3] = changed
  out.words[(at + 48) >>> 2] = modifiedRest
  out.words[(at + 52) >>> 2] = modifiedRest
  out.words[(at + 56) >>> 2] = Number(changedNs - changed * NS_PER_SECOND)
  out.words[(at + 60) >>> 2] = statMode(attributes.kind, attributes.mode)
  out.words[(at + 64) >>> 2] = attributes.linkCount >>> 0
  out.words[(at + 68) >>> 2] = attributes.owner >>> 0
  out.words[(at + 72) >>> 2] = attributes.group >>> 0
  out.words[(at + 76) >>> 2] = attributes.deviceNumber >>> 0
  out.words[(at + 80) >>> 2] = BLOCK_BYTES
  out.words[(at + 84) >>> 2] = 0
  return at + 88
}

/** Rounded down, also before 1970. */
function secondsOf(ns: bigint): bigint {
  const seconds = ns / NS_PER_SECOND
  return ns < 0n && ns % NS_PER_SECOND !== 0n ? seconds - 1n : seconds
}

/** STATX_BASIC_STATS and STATX_BTIME. */
const BASIC_STATISTICS = 0x7ff
const BIRTH_TIME = 0x800

/** @param birthNs 0 for what has no time of birth */
export function writeStatx(
  out: Reply,
  at: number,
  attributes: NodeAttributes,
  birthNs: bigint,
  seconds: number,
): number {
  out.bytes.fill(0, at, at + 288)
  writeNumber64(out, at, seconds)
  const to = at + 32
  out.words[to >>> 2] = birthNs === 0n ? BASIC_STATISTICS : BASIC_STATISTICS | BIRTH_TIME
  out.words[(to + 4) >>> 2] = BLOCK_BYTES
  out.words[(to + 16) >>> 2] = attributes.linkCount >>> 0
  out.words[(to + 20) >>> 2] = attributes.owner >>> 0
  out.words[(to + 24) >>> 2] = attributes.group >>> 0
  out.bytes.writeUInt16LE(statMode(attributes.kind, attributes.mode), to + 28)
  out.longs[(to + 32) >>> 3] = attributes.inode
  writeNumber64(out, to + 40, attributes.sizeBytes)
  writeNumber64(out, to + 48, attributes.blocks512)
  writeStatxTime(out, to + 64, attributes.modifiedNs)
  writeStatxTime(out, to + 80, birthNs)
  writeStatxTime(out, to + 96, attributes.changedNs)
  writeStatxTime(out, to + 112, attributes.modifiedNs)
  // As the kernel packs them: eight bits of the minor number, twelve of the major, the rest of the minor.
  const device = attributes.deviceNumber
  out.words[(to + 128) >>> 2] = (device >>> 8) & 0xfff
  out.words[(to + 132) >>> 2] = (device & 0xff) | ((device >>> 12) & 0xfff00)
  return at + 288
}

function writeStatxTime(out: Reply, at: number, ns: bigint): void {
  const seconds = secondsOf(ns)
  out.longs[at >>> 3] = seconds
  out.words[(at + 8) >>> 2] = Number(ns - seconds * NS_PER_SECOND)
}

/** @param backing the number of the file that is passed through; 0 for none */
export function writeOpen(
  out: Reply,
  at: number,
  handle: number,
  flags: number,
  backing = 0,
): number {
  writeNumber64(out, at, handle)
  out.words[(at + 8) >>> 2] = flags
  out.words[(at + 12) >>> 2] = backing
  return at + 16
}

export function writeSpace(out: Reply, at: number, space: Space): number {
  out.bytes.fill(0, at, at + 80)
  const counts = [space.blocks, space.freeBlocks, space.availableBlocks, space.inodes]
  counts.forEach((count, index) => writeNumber64(out, at + index * 8, count))
  writeNumber64(out, at + 32, space.freeInodes)
  out.words[(at + 40) >>> 2] = space.blockBytes >>> 0
  out.words[(at + 44) >>> 2] = NAME_LIMIT_BYTES
  out.words[(at + 48) >>> 2] = space.blockBytes >>> 0
  return at + 80
}

/** How much room an extended attribute takes, or where something begins: what is one number of 64 bits. */
export function writeSize(out: Reply, at: number, size: number): number {
  writeNumber64(out, at, size)
  return at + 8
}

/** Room a name takes in a listing. */
export function direntBytes(name: string): number {
  return (DIRENT_BYTES + name.length + 7) & ~7
}

/** @param next where a listing goes on after this */
export function writeDirent(
  out: Reply,
  at: number,
  {
    name,
    kind,
    inode,
  }: { readonly name: string; readonly kind: EntryKind; readonly inode: number | bigint },
  next: number,
): number {
  const end = at + direntBytes(name)
  if (typeof inode === 'bigint') out.longs[at >>> 3] = inode
  else writeNumber64(out, at, inode)
  writeNumber64(out, at + 8, next)
  out.words[(at + 16) >>> 2] = name.length
  out.words[(at + 20) >>> 2] = DIRENT_TYPE[kind]
  // What follows the name is zero.
  writeNumber64(out, end - 8, 0)
  out.bytes.write(name, at + DIRENT_BYTES, 'latin1')
  return end
}

function writeNumber64(out: Reply, at: number, value: number): void {
  out.words[at >>> 2] = value % 0x1_0000_0000
  out.words[(at >>> 2) + 1] = Math.floor(value / 0x1_0000_0000)
}
