/**
 * Read access to one series: the contract between what is stored and what is shown. Everything is
 * synchronous (native-notes/ARCHITECTURE.md says why), and absence is a value.
 *
 * Invariant: no symbolic link is ever followed. A path that leads through anything but directories
 * of the snapshot is absent, even where following it would find something.
 */
import type { Entry, EntryKind } from '../model/entry.ts'
import type { BytePath, EntryName, EntryPath } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'

export interface ListedName {
  readonly name: EntryName
  readonly kind: EntryKind
  /** Its number on the disk; of directories never, and of others where a listing tells it. */
  readonly inode?: number
}

/** A time at which the source was what a snapshot holds, and no other snapshot was made. */
export interface VerifiedTime {
  /** Of no snapshot. */
  readonly id: SnapshotId
  readonly snapshot: Snapshot
}

/** An opened regular file. Stays readable when its snapshot is pruned. */
export interface ReadHandle {
  /** Fills the buffer from an offset in bytes; returns how many bytes there were, 0 at the end. */
  read(buffer: Uint8Array, offsetBytes: number): number
  /** Of this process, where there is one. */
  readonly descriptor?: number
  close(): void
}

export interface Catalog {
  readonly profile: string
  /** Looks at the disk for new and removed snapshots, and verified times; the one way to learn of them. */
  refresh(): void
  /** Changes whenever the set of snapshots or of verified times does; what was read may be kept until then. Asks nothing. */
  readonly generation: number
  /** Oldest first. */
  snapshots(): readonly Snapshot[]
  /** In the order of their snapshots, and of their making. */
  verifiedTimes(): readonly VerifiedTime[]
  entryAt(snapshot: Snapshot, path: EntryPath): Entry | undefined
  /** The names in a directory, in no particular order; undefined when it is not one. */
  namesIn(snapshot: Snapshot, path: EntryPath): readonly ListedName[] | undefined
  /** The same without kinds; for who looks at each of them anyhow, and remembers. */
  bareNamesIn(snapshot: Snapshot, path: EntryPath): readonly EntryName[] | undefined
  /** Where an entry lies, for who looks for itself. It may not be there, or may be another by then. */
  storedPlace(snapshot: Snapshot, path: EntryPath): BytePath | undefined
  /** What a symbolic link holds, as bytes. */
  linkTarget(snapshot: Snapshot, path: EntryPath): string | undefined
  /**
   * Opens the regular file that `entry` described. When the path has come to hold another inode
   * since, it is undefined: never another file's content.
   */
  open(snapshot: Snapshot, path: EntryPath, entry: Entry): ReadHandle | undefined
  /** Size and free space of the file system the series is on. */
  space(): Space
}

export interface Space {
  readonly blockBytes: number
  readonly blocks: number
  readonly freeBlocks: number
  readonly availableBlocks: number
  readonly inodes: number
  readonly freeInodes: number
}
