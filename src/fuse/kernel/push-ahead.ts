/**
 * Which files are sent before they are asked for. Whoever reads files in the order of their listing will read the next ones;
 * and whoever did so in one directory will in the next, where he can be kept waiting for the end of the listing until what is
 * sent is so far ahead that he will not overtake it.
 */
import { type BytePath, joinPath } from '../../model/entry-name.ts'
import type { VirtualFileSystem } from '../../view/virtual-file-system.ts'
import type { Request } from './decode-request.ts'
import type { Known, NodeTable } from './node-table.ts'
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
  /** Leaves the answer to a request to him. @returns where it is noted; undefined where it cannot be */
  owe(request: Unique): number | undefined
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
    const files = this.#unread(order.files, known.position + 1 + NOT_PUSHED, PUSHED_AT_ONCE)
    if (files.length > 0) this.#host.push({ files })
  }

  /**
   * A directory was listed to its end, which has yet to be told.
   * @returns whether that is left to whoever sends its files
   */
  noteEnd(directory: Known<Node>, request: Request): boolean {
    const { order } = directory
    if (order === undefined || !this.#host.isPushing()) return false
    const expected = this.#readers.expect(request.process)
    if (expected === undefined) return false
    const files = this.#unread(order.files, expected.isDoubted ? 1 : 0, PUSHED_AFTER_LISTING)
    if (files.length === 0) return false
    const until = Math.ceil(files.length * SENT_BEFORE_READING)
    const place = this.#host.owe(request)
    if (place === undefined) return false
    this.#host.push({ files, held: { place, until } })
    // Should he have ended before that was noted, nobody else looks at it.
    return this.#host.isPushing() || !this.#host.takeBackOwed(place)
  }

  /** Those that were never read, from a place on; they count as read then. */
  #unread(listed: readonly Known<Node>[], from: number, limit: number): readonly PushedFile[] {
    const files: PushedFile[] = []
    for (let at = from; at < listed.length && files.length < limit; at += 1) {
      const next = listed[at]
      if (next === undefined || next.wasRead) continue
      const path = this.#placeOf(next)
      if (path === undefined) continue
      next.wasRead = true
      files.push({ id: next.id, path, ...next.identity })
    }
    return files
  }

  #placeOf(known: Known<Node>): BytePath | undefined {
    const above = known.parent === undefined ? undefined : this.#table.nodeOf(known.parent)
    const plain = above === undefined ? undefined : this.#fileSystem.plainPlace(above)
    if (plain !== undefined) return joinPath(plain, known.name)
    const node = this.#table.nodeOf(known)
    return node === undefined ? undefined : this.#fileSystem.storedPlace(node)
  }
}
