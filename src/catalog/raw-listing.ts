/**
 * The answer of getdents64(2) as the kernel writes it. Node's listing of a directory sorts its names, and is made anew where
 * it is the same in a thousand snapshots: here that is seen before any name is taken out of it.
 */
import { statfsSync } from 'node:fs'
import { type BytePath, nameFromBytes } from '../model/entry-name.ts'
import type { ListedName } from './catalog.ts'
import { KINDS } from './raw-status.ts'

/** Past Node; each returns a negative errno where something is wrong. */
export interface ListingCalls {
  /** Opens a directory, no link followed. @returns a descriptor */
  open(directory: BytePath): number
  /** getdents64(2), to a place of the room. @returns how many bytes there were; 0 at the end */
  read(descriptor: number, at: number): number
  close(descriptor: number): void
}

/** @returns undefined where Node has to be asked: it says what is wrong */
export type ListDirectory = (directory: BytePath) => readonly ListedName[] | undefined

/** Some ten thousand names. What is larger comes in pieces, and is not compared. */
const LISTING_ROOM_BYTES = 512 * 1024
/** The longest record; whether another one fits is for the kernel to say. */
const RECORD_BYTES = 280
/** Of `struct linux_dirent64`, in linux/dirent.h: after the number and where to go on, of 64 bits each, the length of the record, the type, and the name with a NUL. */
const LENGTH_AT = 16
const TYPE_AT = 18
const NAME_AT = 19
const DOT = 0x2e
/** Records among which one of the last listing is looked for: some names may have gone in between. */
const LOOK_AHEAD = 8
const DT_UNKNOWN = 0
const DT_DIRECTORY = 4
/** Of the upper half of a number that a double holds. */
const SMALL_HIGH = 0x20_0000

/** By the numbers in linux/magic.h: what lists a file under the number that a look at it tells. */
const NUMBERED_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3 and ext4
  0x5846_5342, // XFS
  0x9123_683e, // Btrfs
  0xf2f5_2010, // F2FS
  0x0102_1994, // tmpfs
])

interface LastListing {
  readonly bytes: Buffer
  readonly words: Uint32Array
  readonly names: readonly ListedName[]
  /** Where the records of the names begin. */
  readonly starts: readonly number[]
}

/**
 * Lists directories, on a machine whose numbers begin with their last byte. The same names, kinds and inodes as in the
 * directory before are the same object.
 */
export class RawListing {
  /** With nothing but NUL where nothing was read. */
  readonly #room: Buffer
  readonly #words: Uint32Array
  readonly #lengths: Uint16Array
  readonly #calls: ListingCalls
  readonly #tellsInodes: boolean
  #used = 0
  #last: LastListing | undefined

  /**
   * @param callsFor of a room, which is there as long as this
   * @param tellsInodes whether what is listed has the number that it has when it is looked at
   */
  constructor(callsFor: (room: Buffer) => ListingCalls, tellsInodes: boolean) {
    const memory = new ArrayBuffer(LISTING_ROOM_BYTES)
    this.#room = Buffer.from(memory)
    this.#words = new Uint32Array(memory)
    this.#lengths = new Uint16Array(memory)
    this.#calls = callsFor(this.#room)
    this.#tellsInodes = tellsInodes
  }

  list(directory: BytePath): readonly ListedName[] | undefined {
    const descriptor = this.#calls.open(directory)
    if (descriptor < 0) return undefined
    try {
      return this.#listOpen(descriptor)
    } finally {
      this.#calls.close(descriptor)
    }
  }

  #listOpen(descriptor: number): readonly ListedName[] | undefined {
    const before: ListedName[] = []
    for (let isWhole = true; ; isWhole = false) {
      const end = this.#fill(descriptor)
      if (end < 0 || !this.#isPlain(end)) return undefined
      const mayBeMore = end > LISTING_ROOM_BYTES - RECORD_BYTES
      if (isWhole && !mayBeMore) return this.#sameOrNew(end)
      if (!this.#take(end, before)) return undefined
      if (!mayBeMore) return before
    }
  }

  /** @returns how much of the room is full; less than a record is left in it when there may be more */
  #fill(descriptor: number): number {
    // After each name are some bytes that the kernel leaves as they were.
    this.#room.fill(0, 0, this.#used)
    this.#used = 0
    while (this.#used <= LISTING_ROOM_BYTES - RECORD_BYTES) {
      const more = this.#calls.read(descriptor, this.#used)
      if (more < 0) return more
      if (more === 0) break
      this.#used += more
    }
    return this.#used
  }

  /**
   * Takes out what says nothing of the names: where to go on, and the numbers of directories, which each snapshot has of its
   * own.
   * @returns whether all kinds are told
   */
  #isPlain(end: number): boolean {
    const room = this.#room
    const words = this.#words
    const lengths = this.#lengths
    for (let at = 0; at < end; at += lengths[(at + LENGTH_AT) >> 1] || end) {
      const type = room[at + TYPE_AT]
      if (type === DT_UNKNOWN) return false
      const word = at >> 2
      words[word + 2] = 0
      words[word + 3] = 0
      if (type !== DT_DIRECTORY) continue
      words[word] = 0
      words[word + 1] = 0
    }
    return true
  }

  #sameOrNew(end: number): readonly ListedName[] | undefined {
    const last = this.#last
    if (last?.bytes.equals(this.#room.subarray(0, end)) === true) return last.names
    const names: ListedName[] = []
    const starts: number[] = []
    if (!this.#take(end, names, starts)) return undefined
    const memory = this.#room.buffer.slice(0, end)
    this.#last = { bytes: Buffer.from(memory), words: new Uint32Array(memory), names, starts }
    return names
  }

  /**
   * Most of what is not the same as in the last listing is so but for some names, which come in the same order: what has the
   * same record is the same object.
   * @param starts where the records of the names begin; not asked for where the next listing is no other one
   */
  #take(end: number, names: ListedName[], starts?: number[]): boolean {
    const last = starts === undefined ? undefined : this.#last
    let expected = 0
    for (let at = 0; at < end; at += this.#lengths[(at + LENGTH_AT) >> 1] || end) {
      if (this.#isDots(at)) continue
      const place = last === undefined ? -1 : this.#placeIn(last, at, expected)
      if (place >= 0) expected = place + 1
      const known = last !== undefined && this.#hasNumberOf(last, place, at)
      const listed = known ? last.names[place] : this.#nameAt(at)
      if (listed === undefined) return false
      names.push(listed)
      starts?.push(at)
    }
    return true
  }

  /** @returns where the last listing has the name and the kind of a record, among those that are expected next; negative: not there */
  #placeIn(last: LastListing, at: number, expected: number): number {
    const words = this.#words
    const here = at >> 2
    // From the length on: where that is another, so is the name.
    const end = (this.#lengths[(at + LENGTH_AT) >> 1] ?? 0) >> 2
    const until = Math.min(expected + LOOK_AHEAD, last.starts.length)
    for (let place = expected; place < until; place += 1) {
      const there = (last.starts[place] ?? 0) >> 2
      let word = LENGTH_AT >> 2
      while (word < end && words[here + word] === last.words[there + word]) word += 1
      if (word === end) return place
    }
    return -1
  }

  #hasNumberOf(last: LastListing, place: number, at: number): boolean {
    const start = last.starts[place]
    if (start === undefined) return false
    const [here, there] = [at >> 2, start >> 2]
    return (
      this.#words[here] === last.words[there] && this.#words[here + 1] === last.words[there + 1]
    )
  }

  #isDots(at: number): boolean {
    const room = this.#room
    if (room[at + NAME_AT] !== DOT) return false
    return (
      room[at + NAME_AT + 1] === 0 ||
      (room[at + NAME_AT + 1] === DOT && room[at + NAME_AT + 2] === 0)
    )
  }

  #nameAt(at: number): ListedName | undefined {
    const room = this.#room
    const kind = KINDS[room[at + TYPE_AT] ?? DT_UNKNOWN]
    if (kind === undefined) return undefined
    // The room was empty: what the kernel has left of it is.
    let end = at + (this.#lengths[(at + LENGTH_AT) >> 1] ?? 0)
    while (room[end - 1] === 0) end -= 1
    const name = nameFromBytes(room.toString('latin1', at + NAME_AT, end))
    const inode = kind === 'directory' ? undefined : this.#inodeAt(at)
    return inode === undefined ? { name, kind } : { name, kind, inode }
  }

  #inodeAt(at: number): number | undefined {
    const high = this.#words[(at >> 2) + 1] ?? 0
    if (!this.#tellsInodes || high >= SMALL_HIGH) return undefined
    return high * 0x1_0000_0000 + (this.#words[at >> 2] ?? 0)
  }
}

/** Whether listings on the file system of a path can be believed as to numbers. */
export function listsTrueNumbers(path: string): boolean {
  return NUMBERED_FILE_SYSTEMS.has(statfsSync(path).type)
}
