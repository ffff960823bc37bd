/**
 * Looking at what is in a directory past the view, and ahead of time: while the kernel is busy with one part of a listing, or
 * its reader with the files of it, what will be asked for next is looked at. It is answered at once then.
 */
import { SAVED_WORDS } from '../../catalog/raw-status.ts'
import type { BytePath, EntryName } from '../../model/entry-name.ts'
import type { VirtualFileSystem } from '../../view/virtual-file-system.ts'
import { ENOENT } from '../errno.ts'
import type { Known } from './known-node.ts'
import type { QuickLook } from './quick-look.ts'

/** Some more than the kernel asks for at once. */
const LOOKED_AT = 256
/** Longer nobody waits for an answer because of what may be asked for. */
const PATIENCE_MS = 2
/** So many may walk at the same time. */
const ROOMS = 4

/** A directory and its names, from a place on. */
interface Part<Node extends object> {
  readonly directory: Known<Node>
  readonly node: Node
  /** Undefined where it was not listed yet. */
  readonly names: readonly EntryName[] | undefined
  readonly from: number
}

/** What was seen. */
interface Room<Node extends object> {
  directory: Known<Node> | undefined
  names: readonly EntryName[]
  from: number
  until: number
  readonly errnos: Int32Array
  readonly statuses: Uint32Array
}

/** A directory in which names are looked at one after the other. */
export class Entered<Node extends object> {
  readonly #look: QuickLook
  readonly #place: BytePath
  readonly #seen: Room<Node> | undefined
  #inside: number | undefined

  constructor(look: QuickLook, place: BytePath, seen: Room<Node> | undefined) {
    this.#look = look
    this.#place = place
    this.#seen = seen
  }

  /**
   * Looks at the name at an index of the listing.
   * @returns 0 when it was found, or a negative errno; undefined when the directory is not where it was
   */
  at(index: number, name: EntryName): number | undefined {
    const seen = this.#seen
    if (
      seen !== undefined &&
      index >= seen.from &&
      index < seen.until &&
      seen.names[index] === name
    ) {
      this.#look.status.load(seen.statuses, (index - seen.from) * SAVED_WORDS)
      return seen.errnos[index - seen.from] ?? ENOENT
    }
    // Most of what was looked at ahead of time needs no directory.
    this.#inside ??= this.#look.enter(this.#place)
    return this.#inside < 0 ? undefined : this.#look.in(this.#inside, name)
  }

  leave(): void {
    if (this.#inside !== undefined && this.#inside >= 0) this.#look.leave(this.#inside)
  }
}

export class DirectoryLook<Node extends object> {
  readonly #fileSystem: VirtualFileSystem<Node>
  readonly #look: QuickLook
  readonly #rooms: readonly Room<Node>[] = Array.from({ length: ROOMS }, () => ({
    ...{ directory: undefined, names: [], from: 0, until: 0 },
    errnos: new Int32Array(LOOKED_AT),
    statuses: new Uint32Array(LOOKED_AT * SAVED_WORDS),
  }))
  readonly #elapsed: () => number
  #nextRoom = 0
  #planned: Part<Node> | undefined

  /** @param elapsed milliseconds since some moment */
  constructor(fileSystem: VirtualFileSystem<Node>, look: QuickLook, elapsed: () => number) {
    this.#fileSystem = fileSystem
    this.#look = look
    this.#elapsed = elapsed
  }

  /** What `at` of an entered directory has found. */
  get status(): QuickLook['status'] {
    return this.#look.status
  }

  /** The names in a directory that was looked at ahead of time. */
  names(directory: Known<Node>): readonly EntryName[] | undefined {
    return this.#roomOf(directory)?.names
  }

  /** @returns undefined where what lies there cannot be looked at by itself */
  enter(directory: Known<Node>, node: Node): Entered<Node> | undefined {
    const place = this.#fileSystem.plainPlace(node)
    if (place === undefined) return undefined
    return new Entered(this.#look, place, this.#roomOf(directory))
  }

  /** All of a directory was told: what was seen of it is of no more use. */
  leave(directory: Known<Node>): void {
    const room = this.#roomOf(directory)
    if (room !== undefined) empty(room)
  }

  /** What will be asked for next. */
  plan(part: Part<Node>): void {
    this.#planned = part
  }

  /** Nobody asks for anything. */
  rest(): void {
    const planned = this.#planned
    if (planned === undefined) return
    this.#planned = undefined
    this.#lookAt(planned)
  }

  /** What was seen may not be so any more. */
  doubt(): void {
    this.#planned = undefined
    for (const room of this.#rooms) empty(room)
  }

  #roomOf(directory: Known<Node>): Room<Node> | undefined {
    for (const room of this.#rooms) if (room.directory === directory) return room
    return undefined
  }

  #lookAt({ directory, node, names: listed, from }: Part<Node>): void {
    const place = this.#fileSystem.plainPlace(node)
    const names = place === undefined ? undefined : (listed ?? this.#fileSystem.names(node))
    if (place === undefined || names === undefined) return
    const room = this.#roomOf(directory) ?? this.#oldestRoom()
    if (room === undefined) return
    Object.assign(room, { directory, names, from, until: from })
    const inside = this.#look.enter(place)
    if (inside < 0) return
    const end = this.#elapsed() + PATIENCE_MS
    try {
      const last = Math.min(names.length, from + LOOKED_AT)
      for (let at = from; at < last; at += 1) {
        const name = names[at]
        if (name === undefined) break
        room.errnos[at - from] = this.#look.in(inside, name)
        this.#look.status.save(room.statuses, (at - from) * SAVED_WORDS)
        room.until = at + 1
        if (this.#elapsed() > end) break
      }
    } finally {
      this.#look.leave(inside)
    }
  }

  #oldestRoom(): Room<Node> | undefined {
    const room = this.#rooms[this.#nextRoom]
    this.#nextRoom = (this.#nextRoom + 1) % ROOMS
    return room
  }
}

/** The names of a large directory take a lot of memory. */
function empty<Node extends object>(room: Room<Node>): void {
  room.directory = undefined
  room.names = []
}
