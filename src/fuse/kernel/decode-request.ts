/** Requests of the kernel: bytes as they are read from /dev/fuse. Whatever they are, nothing is thrown. */
import { type EntryName, nameFromBytes } from '../../model/entry-name.ts'
import { IN_HEADER_BYTES, OPCODE, WRITING } from './protocol.ts'

/** Numbers of 64 bits that are beyond a double's exactness are what no node, handle or offset has: this. */
const BEYOND = Number.POSITIVE_INFINITY

export type Question =
  | {
      readonly kind: 'init'
      readonly major: number
      readonly minor: number
      readonly readaheadBytes: number
      readonly flags: number
      readonly moreFlags: number
    }
  | { readonly kind: 'lookup'; readonly name: EntryName }
  | { readonly kind: 'forget'; readonly forgotten: readonly Forgotten[] }
  | { readonly kind: 'getattr' }
  | { readonly kind: 'statx' }
  | { readonly kind: 'readlink' }
  | { readonly kind: 'open'; readonly flags: number }
  | {
      readonly kind: 'read'
      readonly handle: number
      readonly offset: number
      readonly size: number
    }
  | { readonly kind: 'release'; readonly handle: number }
  | { readonly kind: 'opendir' }
  | { readonly kind: 'releasedir' }
  | {
      readonly kind: 'readdir'
      readonly offset: number
      readonly size: number
      readonly plus: boolean
    }
  | { readonly kind: 'statfs' }
  | { readonly kind: 'getxattr'; readonly name: string; readonly size: number }
  | { readonly kind: 'listxattr'; readonly size: number }
  | {
      readonly kind: 'lseek'
      readonly handle: number
      readonly offset: number
      readonly whence: number
    }
  /** Of a request that is answered already, or will be. */
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'destroy' }
  | { readonly kind: 'writing' }
  /** Not known here, or known and not offered. */
  | { readonly kind: 'unknown' }
  /** Shorter than its kind is. */
  | { readonly kind: 'malformed' }

export interface Forgotten {
  readonly node: number
  readonly count: number
}

export interface Request {
  /** Whom the answer is for: the two halves of a number that only the kernel reads. */
  readonly uniqueLow: number
  readonly uniqueHigh: number
  readonly node: number
  /** The thread that asks. */
  readonly process: number
  readonly question: Question
}

/** @returns undefined for what is too short to be answered at all */
export function decodeRequest(bytes: Buffer): Request | undefined {
  if (bytes.length < IN_HEADER_BYTES) return undefined
  return {
    uniqueLow: bytes.readUInt32LE(8),
    uniqueHigh: bytes.readUInt32LE(12),
    node: number64(bytes, 16),
    process: bytes.readUInt32LE(32),
    question: decodeQuestion(bytes.readUInt32LE(4), bytes, number64(bytes, 16)),
  }
}

const MALFORMED: Question = { kind: 'malformed' }
const UNKNOWN: Question = { kind: 'unknown' }

/** The body begins after the header. */
function decodeQuestion(opcode: number, bytes: Buffer, node: number): Question {
  const at = IN_HEADER_BYTES
  const room = bytes.length - at
  switch (opcode) {
    case OPCODE.lookup: {
      const name = textUpToNul(bytes, at)
      return name === undefined ? MALFORMED : { kind: 'lookup', name: nameFromBytes(name) }
    }
    case OPCODE.getattr:
      return { kind: 'getattr' }
    case OPCODE.read:
    case OPCODE.readdir:
    case OPCODE.readdirplus:
      return room < 40 ? MALFORMED : decodeReading(opcode, bytes, at)
    case OPCODE.forget:
      if (room < 8) return MALFORMED
      return { kind: 'forget', forgotten: [{ node, count: number64(bytes, at) }] }
    case OPCODE.batchForget:
      return room < 8 ? MALFORMED : decodeForgets(bytes, at)
    case OPCODE.readlink:
      return { kind: 'readlink' }
    case OPCODE.statfs:
      return { kind: 'statfs' }
    case OPCODE.statx:
      return { kind: 'statx' }
    case OPCODE.getxattr:
    case OPCODE.listxattr:
      return room < 8 ? MALFORMED : decodeAttribute(opcode, bytes, at)
    case OPCODE.open:
      return room < 8 ? MALFORMED : { kind: 'open', flags: bytes.readUInt32LE(at) }
    case OPCODE.release:
      return room < 24 ? MALFORMED : { kind: 'release', handle: number64(bytes, at) }
    case OPCODE.opendir:
      return { kind: 'opendir' }
    case OPCODE.releasedir:
      return { kind: 'releasedir' }
    case OPCODE.lseek:
      if (room < 24) return MALFORMED
      return {
        kind: 'lseek',
        handle: number64(bytes, at),
        offset: number64(bytes, at + 8),
        whence: bytes.readUInt32LE(at + 16),
      }
    case OPCODE.init:
      return room < 16 ? MALFORMED : decodeInit(bytes, at, room)
    case OPCODE.interrupt:
      return { kind: 'interrupt' }
    case OPCODE.destroy:
      return { kind: 'destroy' }
    default:
      return WRITING.has(opcode) ? { kind: 'writing' } : UNKNOWN
  }
}

function decodeInit(bytes: Buffer, at: number, room: number): Question {
  return {
    kind: 'init',
    major: bytes.readUInt32LE(at),
    minor: bytes.readUInt32LE(at + 4),
    readaheadBytes: bytes.readUInt32LE(at + 8),
    flags: bytes.readUInt32LE(at + 12),
    // Since 7.36.
    moreFlags: room < 20 ? 0 : bytes.readUInt32LE(at + 16),
  }
}

function decodeReading(opcode: number, bytes: Buffer, at: number): Question {
  const offset = number64(bytes, at + 8)
  const size = bytes.readUInt32LE(at + 16)
  if (opcode === OPCODE.read) return { kind: 'read', handle: number64(bytes, at), offset, size }
  return { kind: 'readdir', offset, size, plus: opcode === OPCODE.readdirplus }
}

function decodeAttribute(opcode: number, bytes: Buffer, at: number): Question {
  const size = bytes.readUInt32LE(at)
  if (opcode === OPCODE.listxattr) return { kind: 'listxattr', size }
  const name = textUpToNul(bytes, at + 8)
  return name === undefined ? MALFORMED : { kind: 'getxattr', name, size }
}

/** The count is the kernel's; what does not fit into the request is not there. */
function decodeForgets(bytes: Buffer, at: number): Question {
  const count = Math.min(bytes.readUInt32LE(at), Math.floor((bytes.length - at - 8) / 16))
  const forgotten: Forgotten[] = []
  for (let index = 0; index < count; index += 1) {
    const one = at + 8 + index * 16
    forgotten.push({ node: number64(bytes, one), count: number64(bytes, one + 8) })
  }
  return { kind: 'forget', forgotten }
}

function number64(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32LE(at + 4)
  return high > 0x1fffff ? BEYOND : high * 0x1_0000_0000 + bytes.readUInt32LE(at)
}

/** Bytes as characters; undefined when there are none, or no end. */
function textUpToNul(bytes: Buffer, at: number): string | undefined {
  const end = bytes.indexOf(0, at)
  return end <= at ? undefined : bytes.toString('latin1', at, end)
}
