/** Symbolic links that only the view has: their numbers, and where they lead. */
import type { EntryName } from '../model/entry-name.ts'
import { syntheticInode } from './inode-number.ts'
import type { LinkNode } from './view-node.ts'
import type { ListedNode } from './virtual-file-system.ts'

export function linkInode({ key }: LinkNode): bigint {
  return syntheticInode(key)
}

export function listedLink(name: EntryName, node: LinkNode): ListedNode {
  return { name, kind: 'symlink', inode: linkInode(node) }
}
