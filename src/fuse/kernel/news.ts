/** What the kernel may not believe any more when a snapshot has come or gone. */
import type { VirtualFileSystem } from '../../view/virtual-file-system.ts'
import { entryNotice, inodeNotice } from './encode-notice.ts'
import type { Known, NodeTable } from './node-table.ts'

export interface News<Node extends object> {
  readonly notices: readonly Buffer[]
  /** Directories that are not where they were: whoever is in them may stay. */
  readonly gone: readonly Known<Node>[]
}

/**
 * Notices for all that may have changed. The nodes are doubted already.
 * @param canExpire whether a name can be doubted without taking it from those who are in it
 */
export function newsFor<Node extends object>(
  fileSystem: VirtualFileSystem<Node>,
  table: NodeTable<Node>,
  canExpire: boolean,
): News<Node> {
  const notices: Buffer[] = []
  const gone: Known<Node>[] = []
  for (const known of table.all()) {
    const { id, kind, parent, name, lasts } = known
    // What is still sure of its node never changes.
    const isSure = known.node !== undefined && known !== table.root
    const isListed = kind === 'directory' || kind === 'symlink'
    if (!isSure) notices.push(inodeNotice(id, isListed ? 'content' : 'attributes'))
    if (parent === undefined) continue
    // A file that is gone takes room on the disk as long as it is open. The kernel forgets it unless somebody reads it.
    if (known.open !== undefined && table.nodeOf(known) === known.open.node) {
      notices.push(entryNotice(parent.id, name, 'now'))
      continue
    }
    if (lasts === 'until gone') {
      const above = table.nodeOf(parent)
      const found = above === undefined ? undefined : fileSystem.lookup(above, name)
      if (found !== undefined && known.is(fileSystem.identity(found))) continue
      notices.push(entryNotice(parent.id, name, 'now'))
      gone.push(known)
    } else if (lasts === 'until news' && kind === 'directory' && canExpire) {
      notices.push(entryNotice(parent.id, name, 'ask again'))
    }
  }
  return { notices, gone }
}
