/** Entries of snapshots in the view, whichever way leads to them. */
import type { EntryName, EntryPath } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { storedInode } from './inode-number.ts'
import { listedLink } from './link-node.ts'
import { shownInPassing } from './passing.ts'
import type { SeriesView } from './series-view.ts'
import type { LinkNode, StoredNode } from './view-node.ts'
import type { ListedNode } from './virtual-file-system.ts'

/** The node of an entry of a snapshot, or undefined where there is none. */
export function storedNode(
  series: SeriesView,
  snapshot: Snapshot,
  path: EntryPath,
  way: string,
): StoredNode | undefined {
  const entry = series.catalog.entryAt(snapshot, path)
  return entry === undefined ? undefined : { kind: 'stored', series, snapshot, path, entry, way }
}

/** A directory of a snapshot. What vanishes between listing and looking is left out. */
export function listStored(node: StoredNode): readonly ListedNode[] | undefined {
  const { series, snapshot, path, way } = node
  const names = series.catalog.namesIn(snapshot, path)
  if (names === undefined) return undefined
  const listed: ListedNode[] = []
  for (const { name } of names) {
    const child = storedNode(series, snapshot, [...path, name], way)
    if (child !== undefined) listed.push(listedEntry(name, shownInPassing(child, 'listed')))
  }
  return listed
}

/** An entry in a listing, or the link that stands for it. */
export function listedEntry(name: EntryName, node: StoredNode | LinkNode): ListedNode {
  if (node.kind === 'link') return listedLink(name, node)
  return { name, kind: node.entry.kind, inode: storedInode(node) }
}
