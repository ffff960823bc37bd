/**
 * What a driver serves: a read-only file system in terms of nodes, as rich as the kernel's protocol
 * (64-bit inodes, nanoseconds, names as bytes). A driver knows nothing else of snapfs, and nothing
 * here knows of FUSE. Synchronous; absence is a value; errors of the disk are thrown as they are.
 */
import type { ReadHandle, Space } from '../catalog/catalog.ts'
import type { Attributes, EntryKind } from '../model/entry.ts'
import type { BytePath, EntryName } from '../model/entry-name.ts'

export interface NodeAttributes extends Attributes {
  /** The same number for the same stored inode, in every view and over remounts. Never 0 or 1. */
  readonly inode: bigint
}

export interface ListedNode {
  readonly name: EntryName
  readonly kind: EntryKind
  readonly inode: bigint
}

/** How every extended attribute of a virtual file system begins. */
export const ATTRIBUTE_PREFIX = 'user.snapfs.'

/**
 * What makes two nodes the same thing, however they were reached. Equal ones have the same content for as long as both are
 * known; a number alone is given out again when its file is gone.
 */
export interface NodeIdentity {
  /** A number where a double holds it, which takes less time and memory. */
  readonly inode: number | bigint
  /** Microseconds since 1970; 0 for what only the view has. */
  readonly birth: number
  readonly device: bigint
}

/**
 * How long an answer holds: always; until what it tells of is gone; until anything is new or gone; or only for the one who
 * asked.
 */
export type Lasting = 'always' | 'until gone' | 'until news' | 'once'

export interface VirtualFileSystem<Node> {
  readonly root: Node
  /**
   * Looks for what is new or gone; to be called before each question of a reader.
   * @returns a number that changes when nodes looked up before may no longer be right
   */
  refresh(): number
  lookup(parent: Node, name: EntryName): Node | undefined
  /** Whether a lookup may find something else under its name another time, although nothing is new or gone. */
  isPassing(node: Node): boolean
  identity(node: Node): NodeIdentity
  /** How long a name stands for what a lookup found, or for nothing. */
  nameLasts(parent: Node, name: EntryName, found: Node | undefined): Lasting
  listingLasts(node: Node): Lasting
  attributesLast(node: Node): Lasting
  /** The names that `list` tells, without a look at what they stand for: some may not be found. */
  names(node: Node): readonly EntryName[] | undefined
  /** What was found under a name before, wherever it is by now. */
  recall(parent: Node, name: EntryName, identity: NodeIdentity): Node | undefined
  /** Whether what is stored lies in a snapshot that has not been removed; what only the view has always is there. */
  isThere(node: Node): boolean
  /** Where a stored entry lies, for who looks for itself and checks what it found; undefined for what only the view has. */
  storedPlace(node: Node): BytePath | undefined
  /**
   * Where a stored directory lies, each name of which stands for what lies there: the name always, attributes of what is no
   * directory until news. Whoever looks there himself sees what a lookup would find.
   */
  plainPlace(node: Node): BytePath | undefined
  /** Everything in a directory, without `.` and `..`; undefined when it is not one. */
  list(node: Node): readonly ListedNode[] | undefined
  attributes(node: Node): NodeAttributes
  /** Nanoseconds since 1970; 0 for what has no time of birth. */
  birthNs(node: Node): bigint
  /** Undefined for what is not a file, or is gone. */
  open(node: Node): ReadHandle | undefined
  /** The bytes of a symbolic link's target; undefined when it is not one. */
  linkTarget(node: Node): string | undefined
  /** An extended attribute, bytes as characters; undefined when there is none of that name. */
  extendedAttribute(node: Node, name: string): string | undefined
  space(): Space
}
