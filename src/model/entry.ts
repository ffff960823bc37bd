/** One named thing in a snapshot, with everything `lstat` tells of it. */

export type EntryKind =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'fifo'
  | 'socket'
  | 'character-device'
  | 'block-device'

export interface Attributes {
  readonly kind: EntryKind
  /** The twelve permission bits, without the type. */
  readonly mode: number
  readonly owner: number
  readonly group: number
  readonly sizeBytes: number
  /** Space really used, in units of 512 bytes: less than the size says where there are holes. */
  readonly blocks512: number
  readonly linkCount: number
  /** Major and minor number of a device file, as the kernel packs them. */
  readonly deviceNumber: number
  readonly modifiedNs: bigint
  readonly changedNs: bigint
}

export interface Entry extends Attributes {
  readonly device: bigint
  readonly inode: bigint
  readonly birthNs: bigint
}

/**
 * What makes two names the same stored thing. Inode numbers are reused after a prune, so the birth
 * time belongs to the key; ctime does not, since linking an inode into a new snapshot moves it.
 */
export function sameInode(left: Entry, right: Entry): boolean {
  return (
    left.inode === right.inode && left.device === right.device && left.birthNs === right.birthNs
  )
}
