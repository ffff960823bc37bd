/**
 * The nodes that the kernel knows, under the numbers it was given: it asks by these, and says when it has forgotten one. A
 * number is given once, so what was meant for a forgotten node never reaches another.
 *
 * Of a file only the way to it is kept; its node is made again when it is asked for. With two hundred thousand files in the
 * kernel's memory that is the difference between 50 MB and 200.
 */
import type { EntryKind } from '../../model/entry.ts'
import type { EntryName } from '../../model/entry-name.ts'
import type { Lasting, NodeIdentity, VirtualFileSystem } from '../../view/virtual-file-system.ts'
import { ByIdentity } from './by-identity.ts'
import { ByNumber } from './by-number.ts'
import { Known } from './known-node.ts'
import { ROOT_ID } from './protocol.ts'

/** Nodes of files that are kept ready, some 700 bytes each: what is listed is opened soon after. */
const RECENT_NODES = 4096

export class NodeTable<Node extends object> {
  readonly root: Known<Node>
  readonly #fileSystem: VirtualFileSystem<Node>
  readonly #byId = new ByNumber<Known<Node>>()
  readonly #byIdentity = new ByIdentity<Known<Node>>()
  /** Files that have their node, in the order they got it, over and over. */
  readonly #recent: (Known<Node> | undefined)[] = []
  #nextRecent = 0
  /** The device of most files, so that all of them share one number in memory. */
  #device = 0n
  #nextId = ROOT_ID + 1
  #toldNow: Known<Node>[] = []

  constructor(fileSystem: VirtualFileSystem<Node>) {
    this.#fileSystem = fileSystem
    const identity = fileSystem.identity(fileSystem.root)
    this.root = new Known(ROOT_ID, 'directory', identity, undefined, '' as EntryName)
    this.root.node = fileSystem.root
    this.root.told = 1
    this.#byId.add(ROOT_ID, this.root)
  }

  get size(): number {
    return this.#byId.size
  }

  all(): Generator<Known<Node>> {
    return this.#byId.values()
  }

  byId(id: number): Known<Node> | undefined {
    return this.#byId.get(id)
  }

  /** The kernel is about to be told of a node, and how long it has that name. */
  tell(
    parent: Known<Node>,
    name: EntryName,
    node: Node,
    kind: EntryKind,
    lasts: Lasting,
  ): Known<Node> {
    const identity = this.#fileSystem.identity(node)
    const known = this.#byIdentity.find(identity) ?? this.#add(identity, parent, name, kind)
    this.tellAgain(known)
    known.goBy(parent, name, lasts)
    if (kind === 'directory') {
      known.node = node
      known.isChanging = this.#fileSystem.listingLasts(node) !== 'always'
    } else this.#keep(known, node)
    return known
  }

  /** The same of what is no directory, and has this name always; its node is made when it is asked for. */
  tellPlain(
    parent: Known<Node>,
    name: EntryName,
    identity: NodeIdentity,
    kind: EntryKind,
  ): Known<Node> {
    const known = this.#byIdentity.find(identity) ?? this.#add(identity, parent, name, kind)
    this.tellAgain(known)
    known.goBy(parent, name, 'always')
    return known
  }

  tellAgain(known: Known<Node>): void {
    known.told += 1
    this.#toldNow.push(known)
  }

  /** A reply is on its way: what it tells is told. */
  begin(): void {
    if (this.#toldNow.length > 0) this.#toldNow = []
  }

  /** The last reply did not arrive. @returns what the kernel does not know after all */
  takeBack(): readonly Known<Node>[] {
    const told = this.#toldNow
    this.#toldNow = []
    return told.flatMap((known) => this.forget(known.id, 1) ?? [])
  }

  /**
   * A directory is listed from its beginning. What it noted the last time goes: files are in several directories, each of
   * which would note them once more after the others.
   */
  beginOrder(directory: Known<Node>): void {
    directory.order = undefined
  }

  /** Notes the order in which files are listed, and directories: they will be read, or listed, in it. */
  place(known: Known<Node>): void {
    const { parent, kind } = known
    if (parent === undefined || (kind !== 'file' && kind !== 'directory')) return
    parent.order ??= { files: [], directories: [], reads: 0, place: undefined }
    const alike = kind === 'file' ? parent.order.files : parent.order.directories
    if (alike[known.position] === known) return
    known.position = alike.push(known) - 1
  }

  /** The kernel has forgotten a node so and so often. @returns it, when that was all */
  forget(id: number, count: number): Known<Node> | undefined {
    const known = this.#byId.get(id)
    if (known === undefined || id === ROOT_ID) return undefined
    known.told -= count
    if (known.told > 0) return undefined
    this.#byId.remove(id)
    this.#byIdentity.remove(known)
    known.node = undefined
    // Who still knows it as the directory of another way to something does not keep all that it knew.
    known.others = undefined
    known.order = undefined
    // Its place in the order of its directory goes with that.
    const order = known.parent?.order
    const alike = known.kind === 'directory' ? order?.directories : order?.files
    if (known.parent !== undefined && alike?.[known.position] === known) {
      known.parent.order = undefined
    }
    return known
  }

  /** The node, also when it has to be looked for anew; undefined when it is gone. */
  nodeOf(known: Known<Node>): Node | undefined {
    if (known.node !== undefined) return known.node
    const { parent, name } = known
    const above = parent === undefined ? this.#fileSystem.root : this.nodeOf(parent)
    if (above === undefined) return known.open?.node
    const found = this.#fileSystem.recall(above, name, known.identity)
    // What is open is what it was, wherever it lay.
    if (found === undefined) return known.open?.node
    if (known.kind === 'directory') known.node = found
    else this.#keep(known, found)
    return found
  }

  /** What may have changed with the set of snapshots is looked for anew. */
  doubt(): void {
    for (const known of this.#byId.values()) {
      const { node, parent } = known
      if (node === undefined || parent === undefined) continue
      if (this.#fileSystem.attributesLast(node) !== 'always') known.node = undefined
    }
  }

  /** Keeps the node of a file ready; the one that has been longest is let go. */
  #keep(known: Known<Node>, node: Node): void {
    if (known.node === undefined) {
      const oldest = this.#recent[this.#nextRecent]
      if (oldest !== undefined) oldest.node = undefined
      this.#recent[this.#nextRecent] = known
      this.#nextRecent = (this.#nextRecent + 1) % RECENT_NODES
    }
    known.node = node
  }

  #add(identity: NodeIdentity, parent: Known<Node>, name: EntryName, kind: EntryKind): Known<Node> {
    if (identity.device !== this.#device) this.#device = identity.device
    const shared = { ...identity, device: this.#device }
    const known = new Known(this.#nextId, kind, shared, parent, name)
    this.#nextId += 1
    this.#byIdentity.add(known)
    this.#byId.add(known.id, known)
    return known
  }
}
