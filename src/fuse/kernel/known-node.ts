/** What is known of a node that the kernel knows: the ways to it, and what was seen of whoever came by. */
import type { ReadHandle } from '../../catalog/catalog.ts'
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
  /** Of a directory: its files, and its directories, in the order they were listed in. */
  order: Order<Node> | undefined
  /** Its own place in one of them. */
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
