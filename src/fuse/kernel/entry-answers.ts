/** What is under a name: a node, its attributes, and how long the kernel may believe it. */
import type { RawStatus } from '../../catalog/raw-status.ts'
import type { EntryName } from '../../model/entry-name.ts'
import type { Lasting, NodeAttributes, VirtualFileSystem } from '../../view/virtual-file-system.ts'
import { ENAMETOOLONG, ENOENT, ENOTDIR, ESTALE } from '../errno.ts'
import {
  FOR_EVER,
  writeAttributeReply,
  writeEntry,
  writePlainEntry,
  writeStatx,
  type Reply,
} from './encode-reply.ts'
import type { Known } from './known-node.ts'
import type { NodeTable } from './node-table.ts'
import { OUT_HEADER_BYTES } from './protocol.ts'

const NAME_LIMIT_BYTES = 255
/** For what the kernel cannot be told to doubt. */
const SHORT_SECONDS = 1

export interface EntryManner<Node extends object> {
  /** Another one for every mount. */
  readonly generation: number
  /** Something was looked up by itself that may not be found again. */
  readonly onLookedUp: (known: Known<Node>) => void
}

interface Told<Node extends object> {
  readonly known: Known<Node>
  readonly attributes: NodeAttributes
  /** Where the reply goes on. */
  readonly end: number
}

export class EntryAnswers<Node extends object> {
  /** Whether a name can be doubted without taking it from those who are in it. */
  canExpire = false
  readonly #fileSystem: VirtualFileSystem<Node>
  readonly #table: NodeTable<Node>
  readonly #reply: Reply
  readonly #manner: EntryManner<Node>

  constructor(
    fileSystem: VirtualFileSystem<Node>,
    table: NodeTable<Node>,
    reply: Reply,
    manner: EntryManner<Node>,
  ) {
    this.#fileSystem = fileSystem
    this.#table = table
    this.#reply = reply
    this.#manner = manner
  }

  /** Answers a question for a name. */
  lookUp(parent: Known<Node>, above: Node, name: EntryName): number {
    if (parent.kind !== 'directory') return ENOTDIR
    if (name.length > NAME_LIMIT_BYTES) return ENAMETOOLONG
    // Only NFS asks for these.
    const asked: string = name
    if (asked === '.' || asked === '..') return this.#lookUpDots(parent, asked)
    const found = this.tell(OUT_HEADER_BYTES, parent, above, name)
    if (found !== undefined) {
      // It is about to be opened, as far as anybody tells.
      if (found.known.lasts === 'once') this.#manner.onLookedUp(found.known)
      return found.end
    }
    if (this.#fileSystem.nameLasts(above, name, undefined) !== 'always') return ENOENT
    const nowhere = { node: 0, generation: 0, nameSeconds: FOR_EVER, attributeSeconds: 0 }
    return writeEntry(this.#reply, OUT_HEADER_BYTES, nowhere, undefined)
  }

  /** Writes what is under a name at a place of the reply; undefined when there is nothing. */
  tell(at: number, parent: Known<Node>, above: Node, name: EntryName): Told<Node> | undefined {
    const node = this.#fileSystem.lookup(above, name)
    if (node === undefined) return undefined
    const attributes = this.#fileSystem.attributes(node)
    const lasts = this.#fileSystem.nameLasts(above, name, node)
    const known = this.#table.tell(parent, name, node, attributes.kind, lasts)
    const told = {
      node: known.id,
      generation: this.#manner.generation,
      nameSeconds: this.#nameSeconds(lasts, known),
      attributeSeconds: this.#attributeSeconds(node),
    }
    return { known, attributes, end: writeEntry(this.#reply, at, told, attributes) }
  }

  /** The same of what is no directory, from a look at where it lies. @returns where the reply goes on */
  tellPlain(at: number, parent: Known<Node>, name: EntryName, status: RawStatus): number {
    const { kind, inodeKey: inode, birth, device } = status
    const known = this.#table.tellPlain(parent, name, { inode, birth, device }, kind)
    this.#table.place(known)
    return writePlainEntry(this.#reply, at, known.id, this.#manner.generation, status)
  }

  attributes(node: Node): number {
    const attributes = this.#fileSystem.attributes(node)
    const seconds = this.#attributeSeconds(node)
    return writeAttributeReply(this.#reply, OUT_HEADER_BYTES, attributes, seconds)
  }

  /** The same, with the time of birth. */
  status(node: Node): number {
    const attributes = this.#fileSystem.attributes(node)
    const seconds = this.#attributeSeconds(node)
    const birthNs = this.#fileSystem.birthNs(node)
    return writeStatx(this.#reply, OUT_HEADER_BYTES, attributes, birthNs, seconds)
  }

  #lookUpDots(known: Known<Node>, name: '.' | '..'): number {
    const asked = name === '.' ? known : (known.parent ?? known)
    const node = this.#table.nodeOf(asked)
    if (node === undefined) return ESTALE
    this.#table.tellAgain(asked)
    const told = { node: asked.id, generation: this.#manner.generation, nameSeconds: 0 }
    const attributes = this.#fileSystem.attributes(node)
    return writeEntry(this.#reply, OUT_HEADER_BYTES, { ...told, attributeSeconds: 0 }, attributes)
  }

  #nameSeconds(lasts: Lasting, known: Known<Node>): number {
    switch (lasts) {
      case 'always':
      case 'until gone':
        return FOR_EVER
      case 'until news':
        // A file has other names, too, and only the last one is known.
        return this.canExpire && known.kind === 'directory' ? FOR_EVER : SHORT_SECONDS
      case 'once':
        return 0
    }
  }

  #attributeSeconds(node: Node): number {
    return this.#fileSystem.attributesLast(node) === 'once' ? SHORT_SECONDS : FOR_EVER
  }
}
