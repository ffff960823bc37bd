/**
 * Listings. They come in pieces, each asked for by where the last one ended, and nobody says when he is done. A listing goes
 * on as it began, whatever is new meanwhile; each name is looked up when it is written.
 */
import { LRUCache } from 'lru-cache'
import type { EntryName } from '../../model/entry-name.ts'
import type { NodeAttributes, VirtualFileSystem } from '../../view/virtual-file-system.ts'
import { EINVAL, ENOENT, ENOTDIR } from '../errno.ts'
import { inodeNotice } from './encode-notice.ts'
import { direntBytes, writeDirent, writeEntry, writeOpen, type Reply } from './encode-reply.ts'
import type { EntryAnswers } from './entry-answers.ts'
import { DirectoryLook, type Entered } from './directory-look.ts'
import type { Known } from './known-node.ts'
import type { NodeTable } from './node-table.ts'
import type { QuickLook } from './quick-look.ts'
import { ENTRY_BYTES, OPEN_FLAG, OUT_HEADER_BYTES } from './protocol.ts'
import { Walkers } from './walkers.ts'

interface Listing {
  readonly number: number
  readonly names: readonly EntryName[]
}

/** From where on, how many bytes at most, and whether with all that a lookup tells. */
interface Piece {
  readonly offset: number
  readonly size: number
  readonly plus: boolean
  readonly process: number
}

interface Listed<Node extends object> {
  readonly node: Node
  readonly listing: Listing
  /** Where its names can be looked at where they lie. */
  readonly entered: Entered<Node> | undefined
}

/** A name that is to be written. */
interface Line {
  readonly name: EntryName
  /** Its place among the names. */
  readonly index: number
  /** Where the listing goes on after it. */
  readonly next: number
  readonly plus: boolean
}

export interface ListingHost {
  readonly notify: (notices: readonly Buffer[]) => void
  readonly look: QuickLook | undefined
  /** Milliseconds since some moment. */
  elapsed(): number
}

/** Names in all listings that are under way. */
const NAMES_LIMIT = 1_000_000
/** Where a listing goes on is its number in these steps, and a place in it. */
const STEP = 0x1_0000_0000
/** So that the sum is a number that a double holds. */
const LAST_NUMBER = 0xf_ffff
const DOTS = ['.', '..'] as const

/** Inode numbers below this are the view's to replace. */
const PLAIN_FROM = 2

const NO_NODE = { node: 0, generation: 0, nameSeconds: 0, attributeSeconds: 0 }

export class ListingAnswers<Node extends object> {
  readonly #fileSystem: VirtualFileSystem<Node>
  readonly #table: NodeTable<Node>
  readonly #reply: Reply
  readonly #entries: EntryAnswers<Node>
  readonly #host: ListingHost
  readonly #look: DirectoryLook<Node> | undefined
  readonly #walkers = new Walkers<Node>()
  readonly #underWay = new LRUCache<number, Listing>({
    maxSize: NAMES_LIMIT,
    // What is larger than all of them together is listed anew for each piece.
    sizeCalculation: ({ names }) => names.length + 1,
  })
  #last = 0
  #isWhole = false

  constructor(
    fileSystem: VirtualFileSystem<Node>,
    table: NodeTable<Node>,
    reply: Reply,
    entries: EntryAnswers<Node>,
    host: ListingHost,
  ) {
    this.#fileSystem = fileSystem
    this.#table = table
    this.#reply = reply
    this.#entries = entries
    this.#host = host
    const { look } = host
    this.#look = look && new DirectoryLook(fileSystem, look, () => host.elapsed())
  }

  /** Whether all names were told with the last answer. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Nobody asks for anything. */
  rest(): void {
    this.#look?.rest()
  }

  /** Something is new or gone. */
  doubt(): void {
    this.#look?.doubt()
  }

  /** For kernels that want directories opened. */
  open(node: Node): number {
    const isLasting = this.#fileSystem.listingLasts(node) !== 'once'
    const flags = isLasting ? OPEN_FLAG.keepCache | OPEN_FLAG.cacheDirectory : 0
    return writeOpen(this.#reply, OUT_HEADER_BYTES, 0, flags)
  }

  list(directory: Known<Node>, node: Node, asked: Piece): number {
    this.#isWhole = false
    if (!Number.isSafeInteger(asked.offset)) return EINVAL
    const listing = this.#listing(directory, node, Math.floor(asked.offset / STEP))
    if (listing === undefined) return ENOTDIR
    if (asked.offset === 0 && asked.plus) {
      this.#table.beginOrder(directory)
      this.#walkers.begins(asked.process, directory)
    }
    const { number, names } = listing
    const count = DOTS.length + names.length
    if (asked.offset % STEP >= count) {
      this.#end(directory, node, number)
      return OUT_HEADER_BYTES
    }
    const entered = this.#look?.enter(directory, node)
    try {
      return this.#writePiece(directory, { node, listing, entered }, asked)
    } finally {
      entered?.leave()
    }
  }

  #writePiece(
    directory: Known<Node>,
    { node, listing: { number, names }, entered }: Listed<Node>,
    asked: Piece,
  ): number {
    const limit = Math.min(OUT_HEADER_BYTES + asked.size, this.#reply.bytes.length)
    const count = DOTS.length + names.length
    let end = OUT_HEADER_BYTES
    let place = asked.offset % STEP
    for (; place < count; place += 1) {
      const name: string | undefined = DOTS[place] ?? names[place - DOTS.length]
      if (name === undefined) break
      const room = direntBytes(name) + (asked.plus ? ENTRY_BYTES : 0)
      if (end + room > limit) break
      const next = number * STEP + place + 1
      if (name === '.' || name === '..') {
        end = this.#writeDots(end, directory, name, next, asked.plus)
        continue
      }
      const line = { name: name as EntryName, index: place - DOTS.length, next, plus: asked.plus }
      end =
        this.#writePlain(end, directory, entered, line) ??
        this.#writeChild(end, directory, node, line)
    }
    this.#isWhole = place === count
    if (this.#isWhole) this.#planNext(directory, asked)
    else if (entered !== undefined) {
      this.#look?.plan({ directory, node, names, from: Math.max(0, place - DOTS.length) })
    }
    return end
  }

  /** A listing is as good as at its end: what will most likely be listed next. */
  #planNext(directory: Known<Node>, { process, plus }: Piece): void {
    this.#look?.leave(directory)
    if (!plus) return
    const next = this.#walkers.goesOn(process, directory)
    if (next === undefined || this.#table.byId(next.id) !== next) return
    const node = this.#table.nodeOf(next)
    if (node !== undefined) this.#look?.plan({ directory: next, node, names: undefined, from: 0 })
  }

  /** The kernel keeps what it was told, unless it is told not to: next time more may be known. */
  #end(directory: Known<Node>, node: Node, number: number): void {
    this.#underWay.delete(number)
    if (this.#fileSystem.listingLasts(node) !== 'once') return
    this.#host.notify([inodeNotice(directory.id, 'content')])
  }

  #listing(directory: Known<Node>, node: Node, number: number): Listing | undefined {
    const begun = number === 0 ? undefined : this.#underWay.get(number)
    if (begun !== undefined) return begun
    const names = this.#look?.names(directory) ?? this.#fileSystem.names(node)
    if (names === undefined) return undefined
    this.#last = this.#last === LAST_NUMBER ? 1 : this.#last + 1
    const listing = { number: this.#last, names }
    this.#underWay.set(listing.number, listing)
    return listing
  }

  #writeDots(
    at: number,
    directory: Known<Node>,
    name: '.' | '..',
    next: number,
    plus: boolean,
  ): number {
    const node = this.#table.nodeOf(name === '.' ? directory : (directory.parent ?? directory))
    if (node === undefined) return at
    const { inode } = this.#fileSystem.attributes(node)
    const begin = plus ? writeEntry(this.#reply, at, NO_NODE, undefined) : at
    return writeDirent(this.#reply, begin, { name, kind: 'directory', inode }, next)
  }

  /**
   * Writes what lies where the directory lies, without a node for it: most of what is listed is never asked for by itself.
   * @returns undefined where that cannot be
   */
  #writePlain(
    at: number,
    directory: Known<Node>,
    entered: Entered<Node> | undefined,
    { name, index, next, plus }: Line,
  ): number | undefined {
    const look = this.#look
    const errno = entered?.at(index, name)
    if (look === undefined || errno === undefined) return undefined
    if (errno === ENOENT) return at
    const { status } = look
    const { kind, inodeKey: inode } = status
    // A directory is numbered by the way to it, and what no disk should number so as well.
    if (errno !== 0 || kind === 'directory' || inode < PLAIN_FROM) return undefined
    const begin = plus ? this.#entries.tellPlain(at, directory, name, status) : at
    return writeDirent(this.#reply, begin, { name, kind, inode }, next)
  }

  /** A name under which nothing is any more is left out. */
  #writeChild(at: number, directory: Known<Node>, node: Node, { name, next, plus }: Line): number {
    if (plus) {
      const told = this.#entries.tell(at, directory, node, name)
      if (told === undefined) return at
      const { known, attributes, end } = told
      this.#table.place(known)
      return writeDirent(this.#reply, end, { name, ...shownOf(attributes) }, next)
    }
    const found = this.#fileSystem.lookup(node, name)
    if (found === undefined) return at
    const attributes = this.#fileSystem.attributes(found)
    return writeDirent(this.#reply, at, { name, ...shownOf(attributes) }, next)
  }
}

function shownOf({ kind, inode }: NodeAttributes): Pick<NodeAttributes, 'kind' | 'inode'> {
  return { kind, inode }
}
