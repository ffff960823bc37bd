/** The answer of statx(2) as the kernel writes it: to read it there saves the third part of what a look at a file costs. */
import type { Entry, EntryKind } from '../model/entry.ts'

const STATX_BYTES = 256
/** Of the upper half of a number that a double holds. */
const SMALL_HIGH = 0x20_0000

/** By the type in a mode, S_IFMT in sys/stat.h, which is that in a listing. */
export const KINDS: readonly (EntryKind | undefined)[] = [
  undefined,
  'fifo',
  'character-device',
  undefined,
  'directory',
  undefined,
  'block-device',
  undefined,
  'file',
  undefined,
  'symlink',
  undefined,
  'socket',
]

/** What `save` keeps: from the count of links to the device, both included. */
const FIRST_SAVED_WORD = 4
export const SAVED_WORDS = 32

/** Room for one answer, on a machine whose numbers begin with their last byte; and what lies where, by linux/stat.h. */
export class RawStatus {
  readonly bytes: Buffer
  readonly #words: Uint32Array
  readonly #longs: BigUint64Array
  /** What was last packed: nearly all of a series is on one device. */
  #packed = 0
  #device = 0n

  constructor() {
    const memory = new ArrayBuffer(STATX_BYTES)
    this.bytes = Buffer.from(memory)
    this.#words = new Uint32Array(memory)
    this.#longs = new BigUint64Array(memory)
  }

  /** A number of 32 bits at a place. */
  word(at: number): number {
    return this.#words[at >>> 2] ?? 0
  }

  /** With the type. */
  get mode(): number {
    return this.word(28) & 0xffff
  }

  get kind(): EntryKind {
    return KINDS[this.mode >>> 12] ?? 'block-device'
  }

  get inode(): bigint {
    return this.#longs[4] ?? 0n
  }

  /** As an identity has it: a number where it is small enough. */
  get inodeKey(): number | bigint {
    const high = this.word(36)
    return high < SMALL_HIGH ? high * 0x1_0000_0000 + this.word(32) : this.inode
  }

  get device(): bigint {
    const packed = deviceOf(this.word(136), this.word(140))
    if (packed !== this.#packed) {
      this.#packed = packed
      this.#device = BigInt(packed)
    }
    return this.#device
  }

  get sizeBytes(): number {
    return this.word(40) + this.word(44) * 0x1_0000_0000
  }

  /** The device that a device file stands for. */
  get deviceNumber(): number {
    return deviceOf(this.word(128), this.word(132))
  }

  get birthNs(): bigint {
    return nanoseconds(this.word(80), this.word(84), this.word(88))
  }

  /** As an identity has it: microseconds. */
  get birth(): number {
    const high = this.word(84) | 0
    if (high < 0) return Number(this.birthNs / 1000n)
    const seconds = high * 0x1_0000_0000 + this.word(80)
    return seconds * 1_000_000 + Math.floor(this.word(88) / 1000)
  }

  /** Keeps the answer in another room, at a place. */
  save(to: Uint32Array, at: number): void {
    const words = this.#words
    for (let word = 0; word < SAVED_WORDS; word += 1) {
      to[at + word] = words[FIRST_SAVED_WORD + word] ?? 0
    }
  }

  /** Takes back what `save` has kept. */
  load(from: Uint32Array, at: number): void {
    const words = this.#words
    for (let word = 0; word < SAVED_WORDS; word += 1) {
      words[FIRST_SAVED_WORD + word] = from[at + word] ?? 0
    }
  }

  entry(): Entry {
    return {
      kind: this.kind,
      mode: this.mode & 0o7777,
      owner: this.word(20),
      group: this.word(24),
      sizeBytes: this.sizeBytes,
      blocks512: this.word(48) + this.word(52) * 0x1_0000_0000,
      linkCount: this.word(16),
      deviceNumber: this.deviceNumber,
      modifiedNs: nanoseconds(this.word(112), this.word(116), this.word(120)),
      changedNs: nanoseconds(this.word(96), this.word(100), this.word(104)),
      device: this.device,
      inode: this.inode,
      birthNs: this.birthNs,
    }
  }
}

/** Seconds in two words, the upper one with the sign, and the rest. */
function nanoseconds(low: number, high: number, rest: number): bigint {
  return BigInt((high | 0) * 0x1_0000_0000 + low) * 1_000_000_000n + BigInt(rest)
}

/** As `makedev` packs it in sys/sysmacros.h, and stat(2) has it. Linux has majors of 12 bits and minors of 20. */
function deviceOf(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 0x100 + (minor >>> 8) * 0x10_0000
}
