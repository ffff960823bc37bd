/** What is known of a node that the kernel knows: the ways to it, and what was seen of whoever came by. */
import type { ReadHandle } from '../../catalog/catalog.ts'
import { KINDS } from '../../catalog/raw-status.ts'
import type { EntryKind } from '../../model/entry.ts'
import type { EntryName } from '../../model/entry-name.ts'
import type { Lasting, NodeIdentity } from '../../view/virtual-file-system.ts'

/** Of one file, so many ways that do not last; then the kernel may keep one of them until it wants memory. */
const OTHER_WAYS = 16

/** A name that the kernel was told. */
export interface Way<Node extends object> {
  readonly parent: Known<Node>
  readonly name: EntryName
  readonly lasts: Lasting
}

interface Order<Node extends object> {
  readonly files: Known<Node>[]
  readonly directories: Known<Node>[]
  /** How many of the files were read. */
  reads: number
  /** Where it is noted who waits for the files that are being sent. */
  place: number | undefined
}

/** What few nodes have at a time. */
class Rare<Node extends object> {
  others: Way<Node>[] | undefined
  node: Node | undefined
  open: { readonly handle: ReadHandle; readonly node: Node } | undefined
  order: Order<Node> | undefined
}

/** By their places in one number, which takes less memory than a word for each: the type of a mode has four bits. */
const KIND_BITS = 0b1111
const LASTING: readonly Lasting[] = ['once', 'until news', 'until gone', 'always']
const LASTING_SHIFT = 4
const LASTING_BITS = 0b11 << LASTING_SHIFT
const WAS_READ = 0b100_0000
const IS_CHANGING = 0b1000_0000

/** A node that the kernel knows: of two hundred thousand files each, so each word of it is counted. */
export class Known<Node extends object> {
  readonly id: number
  readonly inode: number | bigint
  readonly birth: number
  readonly device: bigint
  /** The way to it that was found last; undefined for the root. */
  parent: Known<Node> | undefined
  name: EntryName
  /** How often it was told to the kernel, less what it has forgotten. */
  told = 0
  /** Its place in the order that its directory was listed in. */
  position = 0
  /** Another one in the same row of `ByIdentity`. */
  next: Known<Node> | undefined
  #bits: number
  #rare: Rare<Node> | undefined

  constructor(
    id: number,
    kind: EntryKind,
    identity: NodeIdentity,
    parent: Known<Node> | undefined,
    name: EntryName,
  ) {
    this.id = id
    this.#bits = KINDS.indexOf(kind)
    this.inode = identity.inode
    this.birth = identity.birth
    this.device = identity.device
    this.parent = parent
    this.name = name
  }

  get kind(): EntryKind {
    return KINDS[this.#bits & KIND_BITS] ?? 'file'
  }

  /** How long it has the name that was told last. */
  get lasts(): Lasting {
    return LASTING[(this.#bits & LASTING_BITS) >> LASTING_SHIFT] ?? 'once'
  }

  set lasts(lasts: Lasting) {
    this.#bits = (this.#bits & ~LASTING_BITS) | (LASTING.indexOf(lasts) << LASTING_SHIFT)
  }

  /** Whether its content was sent, or is being read. */
  get wasRead(): boolean {
    return (this.#bits & WAS_READ) !== 0
  }

  set wasRead(was: boolean) {
    this.#bits = was ? this.#bits | WAS_READ : this.#bits & ~WAS_READ
  }

  /** Of a directory: whether there may be news in it. */
  get isChanging(): boolean {
    return (this.#bits & IS_CHANGING) !== 0
  }

  set isChanging(is: boolean) {
    this.#bits = is ? this.#bits | IS_CHANGING : this.#bits & ~IS_CHANGING
  }

  /** Of what is no directory: other ways to it that do not go with the snapshot it lies in, and one that does. */
  get others(): Way<Node>[] | undefined {
    return this.#rare?.others
  }

  set others(others: Way<Node>[] | undefined) {
    if (others !== undefined || this.#rare !== undefined) this.#rareOnes().others = others
  }

  /** Of a directory as long as it is not doubted; of a file while it is one of the recent ones. */
  get node(): Node | undefined {
    return this.#rare?.node
  }

  set node(node: Node | undefined) {
    if (node !== undefined || this.#rare !== undefined) this.#rareOnes().node = node
  }

  /** Of a file that is read, as long as there is room for it; and the node it was opened as. */
  get open(): { readonly handle: ReadHandle; readonly node: Node } | undefined {
    return this.#rare?.open
  }

  set open(open: { readonly handle: ReadHandle; readonly node: Node } | undefined) {
    if (open !== undefined || this.#rare !== undefined) this.#rareOnes().open = open
  }

  /** Of a directory: its files, and its directories, in the order they were listed in. */
  get order(): Order<Node> | undefined {
    return this.#rare?.order
  }

  set order(order: Order<Node> | undefined) {
    if (order !== undefined || this.#rare !== undefined) this.#rareOnes().order = order
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

  #rareOnes(): Rare<Node> {
    this.#rare ??= new Rare()
    return this.#rare
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
