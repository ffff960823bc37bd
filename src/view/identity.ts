/** What makes two nodes of the view the same thing. */
import type { Entry } from '../model/entry.ts'
import type { NodeAttributeReader } from './attributes.ts'
import { syntheticInode } from './inode-number.ts'
import type { ViewNode } from './view-node.ts'
import type { NodeIdentity } from './virtual-file-system.ts'

const MAX_SAFE_INODE = BigInt(Number.MAX_SAFE_INTEGER)

export function identityOf(node: ViewNode, attributes: NodeAttributeReader): NodeIdentity {
  if (node.kind === 'stored' && node.entry.kind !== 'directory') return identityOfEntry(node.entry)
  // A link that leads elsewhere is another: what it led to may be remembered.
  const inode =
    node.kind === 'link' ? syntheticInode(`${node.key}\0${node.target}`) : attributes.of(node).inode
  return { inode: inodeKey(inode), birth: 0, device: 0n }
}

/** Of what is no directory: a directory is in the view once for every way to it. */
export function identityOfEntry({ inode, birthNs, device }: Entry): NodeIdentity {
  return { inode: inodeKey(inode), birth: Number(birthNs / 1000n), device }
}

export function isSameNode(left: NodeIdentity, right: NodeIdentity): boolean {
  return left.inode === right.inode && left.birth === right.birth && left.device === right.device
}

function inodeKey(inode: bigint): number | bigint {
  return inode <= MAX_SAFE_INODE ? Number(inode) : inode
}
