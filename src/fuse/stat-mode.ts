/** The type bits of st_mode, from inode(7). */
import type { EntryKind } from '../model/entry.ts'

const TYPE_BITS: Readonly<Record<EntryKind, number>> = {
  socket: 0o140000,
  symlink: 0o120000,
  file: 0o100000,
  'block-device': 0o060000,
  directory: 0o040000,
  'character-device': 0o020000,
  fifo: 0o010000,
}

export function statMode(kind: EntryKind, permissions: number): number {
  return TYPE_BITS[kind] | permissions
}
