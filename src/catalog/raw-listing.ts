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
export const LISTING_ROOM_BYTES = 512 * 1024
/** The longest record; whether another one fits is for the kernel to say. */
const RECORD_BYTES = 280
/** Of `struct linux_dirent64`, in linux/dirent.h: after the number and where to go on, of 64 bits each, the length of the record, the type, and the name with a NUL. */
const LENGTH_AT = 16
const TYPE_AT = 18
const NAME_AT = 19
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

/**
 * Lists directories, on a machine whose numbers begin with their last byte. The same names, kinds and inodes as in the
 * directory before are the same object.
 */
export class RawListing {
  readonly room: Buffer
  readonly #words: Uint32Array
  readonly #lengths: Uint16Array
  readonly #calls: ListingCalls
  readonly #tellsInodes: boolean
  #used = 0
  #last: { readonly bytes: Buffer; readonly names: readonly ListedName[] } | undefined

  /**
   * @param callsFor of a room, which is there as long as this
   * @param tellsInodes whether what is listed has the number that it has when it is looked at
   */
  constructor(callsFor: (room: Buffer) => ListingCalls, tellsInodes: boolean) {
    const memory = new ArrayBuffer(LISTING_ROOM_BYTES)
    this.room = Buffer.from(memory)
    this.#words = new Uint32Array(memory)
    this.#lengths = new Uint16Array(memory)
    this.#calls = callsFor(this.room)
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
    this.room.fill(0, 0, this.#used)
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
    const { room } = this
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
    const bytes = this.room.subarray(0, end)
    if (this.#last?.bytes.equals(bytes) === true) return this.#last.names
    const names: ListedName[] = []
    if (!this.#take(end, names)) return undefined
    this.#last = { bytes: Buffer.from(bytes), names }
    return names
  }

  #take(end: number, names: ListedName[]): boolean {
    const { room } = this
    let at = 0
    while (at < end) {
      const next = at + (this.#lengths[(at + LENGTH_AT) >> 1] || end)
      const [record, kind] = [at, KINDS[room[at + TYPE_AT] ?? DT_UNKNOWN]]
      at = next
      if (kind === undefined) return false
      // The room was empty: what the kernel has left of it is.
      let nameEnd = next
      while (room[nameEnd - 1] === 0) nameEnd -= 1
      const name = nameFromBytes(room.toString('latin1', record + NAME_AT, nameEnd))
      if (name === '.' || name === '..') continue
      const inode = kind === 'directory' ? undefined : this.#inodeAt(record)
      names.push(inode === undefined ? { name, kind } : { name, kind, inode })
    }
    return true
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
