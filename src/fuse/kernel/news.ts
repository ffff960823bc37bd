/** What the kernel may not believe any more when a snapshot has come or gone. */
import type { VirtualFileSystem } from '../../view/virtual-file-system.ts'
import type { Agreed } from './agreement.ts'
import { entryNotice, inodeNotice, pruneNotice } from './encode-notice.ts'
import type { Known } from './known-node.ts'
import type { NodeTable } from './node-table.ts'

/** So many nodes in one message, which the kernel copies in pieces. */
const PRUNED_AT_ONCE = 4096

export interface News<Node extends object> {
  readonly notices: readonly Buffer[]
  /** Directories that are not where they were: whoever is in them may stay. */
  readonly gone: readonly Known<Node>[]
  /** Files whose names have yet to be taken back, where they are still in use by then. */
  readonly leaving: readonly Known<Node>[]
}

/**
 * Notices for all that may have changed. The nodes are doubted already.
 * @param agreed whether a name can be doubted without taking it from those who are in it, and nodes forgotten by number
 */
export function newsFor<Node extends object>(
  fileSystem: VirtualFileSystem<Node>,
  table: NodeTable<Node>,
  { canExpire, canPrune }: Pick<Agreed, 'canExpire' | 'canPrune'>,
): News<Node> {
  const notices: Buffer[] = []
  const gone: Known<Node>[] = []
  const leaving: Known<Node>[] = []
  for (const known of table.all()) {
    const { id, kind, parent, name, lasts } = known
    // What is still sure of its node never changes.
    const isSure = known.node !== undefined && known !== table.root
    const isListed = kind === 'directory' || kind === 'symlink'
    if (!isSure) notices.push(inodeNotice(id, isListed ? 'content' : 'attributes'))
    if (parent === undefined) continue
    if (known.open !== undefined && isGone(fileSystem, table.nodeOf(known))) {
      // It takes room on the disk as long as it is open. The kernel forgets it unless somebody reads it.
      leaving.push(known)
      continue
    }
    // One that was deleted, as changes shows it: what is below it would stay as it is for ever.
    if (isSure && kind === 'directory' && lasts === 'once' && isGone(fileSystem, known.node)) {
      notices.push(entryNotice(parent.id, name, 'now'))
      gone.push(known)
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
  const tops = new Set(gone)
  for (const known of tops.size === 0 ? [] : table.all()) {
    // By some way the kernel may keep what has no name any more, and then it would have to be held open.
    if (known.kind !== 'directory' && isBelow(known, tops)) leaving.push(known)
  }
  notices.push(...(canPrune ? pruneNotices(leaving) : nameNotices(leaving)))
  return { notices, gone, leaving: canPrune ? leaving : [] }
}

function isGone<Node extends object>(
  fileSystem: VirtualFileSystem<Node>,
  node: Node | undefined,
): boolean {
  return node === undefined || !fileSystem.isThere(node)
}

/** Whether a way that was told leads through one of some directories. */
export function isBelow<Node extends object>(
  known: Known<Node>,
  tops: ReadonlySet<Known<Node>>,
): boolean {
  const leadsBelow = (parent: Known<Node> | undefined): boolean => {
    let above = parent
    while (above !== undefined && !tops.has(above)) above = above.parent
    return above !== undefined
  }
  return leadsBelow(known.parent) || known.others?.some(({ parent }) => leadsBelow(parent)) === true
}

/**
 * For files that lie in no snapshot any more: what is in use loses its names, and is forgotten when it is not in use any more. Each may have
 * to wait for whoever looks at that directory.
 */
export function nameNotices<Node extends object>(
  leaving: readonly Known<Node>[],
): readonly Buffer[] {
  return (
    leaving
      // Below a removed snapshot names are lost with that.
      .filter(({ open, others }) => open !== undefined || others !== undefined)
      .flatMap((known) => known.ways())
      .map(({ parent, name }) => entryNotice(parent.id, name, 'now'))
  )
}

/** All that is not in use is forgotten, whatever names it has, also in directories that the kernel, being busy, has left where they were. */
function pruneNotices<Node extends object>(leaving: readonly Known<Node>[]): readonly Buffer[] {
  const notices: Buffer[] = []
  for (let from = 0; from < leaving.length; from += PRUNED_AT_ONCE) {
    notices.push(pruneNotice(leaving.slice(from, from + PRUNED_AT_ONCE).map(({ id }) => id)))
  }
  return notices
}
