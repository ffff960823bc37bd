/**
 * The nodes that the kernel knows, under the numbers it was given: it asks by these, and says when it has forgotten one. A
 * number is given once, so what was meant for a forgotten node never reaches another.
 *
 * Of a file only the way to it is kept; its node is made again when it is asked for. With two hundred thousand files in the
 * kernel's memory that is the difference between 50 MB and 200.
 */
import type { ReadHandle } from '../../catalog/catalog.ts'
import type { EntryKind } from '../../model/entry.ts'
import type { EntryName } from '../../model/entry-name.ts'
import type { Lasting, NodeIdentity, VirtualFileSystem } from '../../view/virtual-file-system.ts'
import { ByNumber } from './by-number.ts'
import { ROOT_ID } from './protocol.ts'

/** Nodes of files that are kept ready, some 700 bytes each: what is listed is opened soon after. */
const RECENT_NODES = 4096

/** Of one file, so many ways that do not last; then the kernel may keep one of them until it wants memory. */
const OTHER_WAYS = 16

/** A name that the kernel was told. */
export interface Way<Node extends object> {
  readonly parent: Known<Node>
  readonly name: EntryName
  readonly lasts: Lasting
}

/** A node that the kernel knows. */
export class Known<Node extends object> {
  readonly id: number
  readonly kind: EntryKind
  readonly inode: number | bigint
  readonly birth: number
  readonly device: bigint
  /** The way to it that was found last; undefined for the root. */
  parent: Known<Node> | undefined
  name: EntryName
  /** How long it has the name that was told last. */
  lasts: Lasting = 'once'
  /** Of what is no directory: other ways to it that do not go with the snapshot it lies in, and one that does. */
  others: Way<Node>[] | undefined
  /** How often it was told to the kernel, less what it has forgotten. */
  told = 0
  /** Of a directory as long as it is not doubted; of a file while it is one of the recent ones. */
  node: Node | undefined
  /** Of a file that is read, as long as there is room for it; and the node it was opened as. */
  open: { readonly handle: ReadHandle; readonly node: Node } | undefined
  /** Whether its content was sent, or is being read. */
  wasRead = false
  /** Of a directory: its files in the order they were listed in. Of a file: its place there. */
  order: { readonly files: Known<Node>[]; reads: number } | undefined
  position = 0
  /** Of a directory: whether there may be news in it. */
  isChanging = false
  /** Another with the same inode number, from another time or device. */
  next: Known<Node> | undefined

  constructor(
    id: number,
    kind: EntryKind,
    identity: NodeIdentity,
    parent: Known<Node> | undefined,
    name: EntryName,
  ) {
    this.id = id
    this.kind = kind
    this.inode = identity.inode
    this.birth = identity.birth
    this.device = identity.device
    this.parent = parent
    this.name = name
  }

  get identity(): NodeIdentity {
    const { inode, birth, device } = this
    return { inode, birth, device }
  }

  /** It was told under a name, which is the way to it from now on. */
  goBy(parent: Known<Node>, name: EntryName, lasts: Lasting): void {
    const { parent: above, lasts: lasted } = this
    const isOther = above !== undefined && (above !== parent || this.name !== name)
    // Ways that last go with their snapshots. All snapshots may have one, so they are not noted for their own sake.
    if (isOther && this.kind !== 'directory' && !(lasted === 'always' && lasts === 'always')) {
      this.#note({ parent: above, name: this.name, lasts: lasted })
    }
    this.parent = parent
    this.name = name
    this.lasts = lasts
  }

  /** All the ways to it that are known. */
  ways(): readonly Way<Node>[] {
    const { parent, name, lasts, others = [] } = this
    return parent === undefined ? others : [{ parent, name, lasts }, ...others]
  }

  #note(way: Way<Node>): void {
    const isSame = (other: Way<Node>): boolean =>
      way.lasts === 'always'
        ? other.lasts === 'always'
        : other.parent === way.parent && other.name === way.name
    // What is below a directory that the kernel has forgotten it has forgotten as well.
    const others = (this.others ?? []).filter((other) => other.parent.told > 0 && !isSame(other))
    this.others = [...others.slice(1 - OTHER_WAYS), way]
  }

  is(identity: NodeIdentity): boolean {
    const { inode, birth, device } = identity
    return this.inode === inode && this.birth === birth && this.device === device
  }
}

export class NodeTable<Node extends object> {
  readonly root: Known<Node>
  readonly #fileSystem: VirtualFileSystem<Node>
  readonly #byId = new ByNumber<Known<Node>>()
  /** By numbers that are quick to look up, where they are small enough; those of stored files are. */
  readonly #byInode = new Map<number | bigint, Known<Node>>()
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
    const known = this.#find(identity) ?? this.#add(identity, parent, name, kind)
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
    const known = this.#find(identity) ?? this.#add(identity, parent, name, kind)
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

  /** Notes the order in which files are listed: they will be read in it. */
  place(known: Known<Node>): void {
    const { parent } = known
    if (parent === undefined) return
    parent.order ??= { files: [], reads: 0 }
    if (parent.order.files[known.position] === known) return
    known.position = parent.order.files.push(known) - 1
  }

  /** The kernel has forgotten a node so and so often. @returns it, when that was all */
  forget(id: number, count: number): Known<Node> | undefined {
    const known = this.#byId.get(id)
    if (known === undefined || id === ROOT_ID) return undefined
    known.told -= count
    if (known.told > 0) return undefined
    this.#byId.remove(id)
    this.#unlink(known)
    known.node = undefined
    // Who still knows it as the directory of another way to something does not keep all that it knew.
    known.others = undefined
    known.order = undefined
    // Its place in the order of its directory goes with that.
    if (known.parent?.order?.files[known.position] === known) known.parent.order = undefined
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

  #find(identity: NodeIdentity): Known<Node> | undefined {
    let known = this.#byInode.get(identity.inode)
    while (known !== undefined && !known.is(identity)) known = known.next
    return known
  }

  #add(identity: NodeIdentity, parent: Known<Node>, name: EntryName, kind: EntryKind): Known<Node> {
    if (identity.device !== this.#device) this.#device = identity.device
    const shared = { ...identity, device: this.#device }
    const known = new Known(this.#nextId, kind, shared, parent, name)
    this.#nextId += 1
    known.next = this.#byInode.get(identity.inode)
    this.#byInode.set(identity.inode, known)
    this.#byId.add(known.id, known)
    return known
  }

  #unlink(known: Known<Node>): void {
    const first = this.#byInode.get(known.inode)
    if (first === known) {
      if (known.next === undefined) this.#byInode.delete(known.inode)
      else this.#byInode.set(known.inode, known.next)
      return
    }
    let before = first
    while (before !== undefined && before.next !== known) before = before.next
    if (before !== undefined) before.next = known.next
  }
}
