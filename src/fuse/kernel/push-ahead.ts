/**
 * Which files are sent before they are asked for. Whoever reads files in the order of their listing will read the next ones;
 * and whoever did so in one directory will in the next, where he can be kept waiting for the end of the listing until what is
 * sent is so far ahead that he will not overtake it.
 */
import type { BytePath } from '../../model/entry-name.ts'
import type { VirtualFileSystem } from '../../view/virtual-file-system.ts'
import type { Request } from './decode-request.ts'
import type { Known } from './known-node.ts'
import type { NodeTable } from './node-table.ts'
import { Readers } from './readers.ts'
import type { Push, PushedFile } from './thread-messages.ts'
import type { Unique } from './threads-state.ts'

export interface PushHost {
  /** Has files sent. */
  push(push: Push): void
  /** A file was asked for before its content was sent, or that it was read before. */
  overtaken(id: number): void
  /** Whether somebody sends them, who can be trusted with an answer. */
  isPushing(): boolean
  /** @returns a place where somebody may be kept waiting until he has sent enough; undefined when there is none left */
  reserve(): number | undefined
  /** Leaves the answer to a request to him. @returns false when he has sent enough already */
  owe(place: number, request: Unique): boolean
  /** @returns whether he has not answered it, and will not */
  takeBackOwed(place: number): boolean
}

/** After so many files of a directory were read, those after them will be. */
const READS_BEFORE_PUSHING = 2
const PUSHED_AT_ONCE = 64
/** Whoever reads is at the next ones before they can be sent. */
const NOT_PUSHED = 3
/** Of a directory that has just been listed. */
const PUSHED_AFTER_LISTING = 256
/** Of those the part that is sent before he who listed them is let go on. */
const SENT_BEFORE_READING = 0.4

export class PushAhead<Node extends object> {
  readonly #fileSystem: VirtualFileSystem<Node>
  readonly #table: NodeTable<Node>
  readonly #host: PushHost
  readonly #readers = new Readers()

  constructor(fileSystem: VirtualFileSystem<Node>, table: NodeTable<Node>, host: PushHost) {
    this.#fileSystem = fileSystem
    this.#table = table
    this.#host = host
  }

  /** A file was asked for. */
  noteRead(known: Known<Node>, process: number): void {
    const isKnown = this.#readers.knows(process)
    if (known.wasRead) {
      this.#host.overtaken(known.id)
      if (isKnown) this.#readers.saw(process)
      return
    }
    known.wasRead = true
    const order = known.parent?.order
    if (order?.files[known.position] !== known) return
    order.reads += 1
    if (order.reads < READS_BEFORE_PUSHING && !isKnown) return
    this.#readers.saw(process)
    const push = this.#unread(known.parent, known.position + 1 + NOT_PUSHED, PUSHED_AT_ONCE)
    if (push.files.length > 0) this.#host.push(push)
  }

  /** A process was told all names of a directory. */
  noteListed(directory: Known<Node>, process: number): void {
    const { order } = directory
    if (order === undefined || !this.#host.isPushing()) return
    const expected = this.#readers.expect(process)
    if (expected === undefined) return
    const push = this.#unread(directory, expected.isDoubted ? 1 : 0, PUSHED_AFTER_LISTING)
    if (push.files.length === 0) return
    const until = Math.ceil(push.files.length * SENT_BEFORE_READING)
    const place = this.#host.reserve()
    order.place = place
    this.#host.push({ ...push, held: place === undefined ? undefined : { place, until } })
  }

  /**
   * A directory was listed to its end, which has yet to be told.
   * @returns whether that is left to whoever sends its files
   */
  noteEnd({ order }: Known<Node>, request: Request): boolean {
    const place = order?.place
    if (order === undefined || place === undefined) return false
    order.place = undefined
    if (!this.#host.owe(place, request)) return false
    // Should he have ended before that was noted, nobody else looks at it.
    return this.#host.isPushing() || !this.#host.takeBackOwed(place)
  }

  /** Those in a directory that were never read, from a place on; they count as read then. */
  #unread(directory: Known<Node> | undefined, from: number, limit: number): Push {
    const listed = directory?.order?.files ?? []
    const node = directory === undefined ? undefined : this.#table.nodeOf(directory)
    const place = node === undefined ? undefined : this.#fileSystem.plainPlace(node)
    const files: PushedFile[] = []
    for (let at = from; at < listed.length && files.length < limit; at += 1) {
      const next = listed[at]
      if (next === undefined || next.wasRead) continue
      // It may have been found in another directory since, under another name.
      const isHere = place !== undefined && next.parent === directory
      const name = isHere ? next.name : this.#placeOf(next)
      if (name === undefined) continue
      next.wasRead = true
      files.push({ id: next.id, name, ...next.identity })
    }
    return { directory: place, files }
  }

  #placeOf(known: Known<Node>): BytePath | undefined {
    const node = this.#table.nodeOf(known)
    return node === undefined ? undefined : this.#fileSystem.storedPlace(node)
  }
}
