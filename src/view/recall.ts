/**
 * Stored files that were found once, after what led to them is gone: the snapshot was removed, or the version has another
 * name since. As long as any snapshot holds the same inode at that path, it is read from there.
 */
import type { EntryName, EntryPath } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { identityOfEntry, isSameNode } from './identity.ts'
import type { SeriesView } from './series-view.ts'
import { storedNode } from './stored.ts'
import type { StoredNode, ViewNode } from './view-node.ts'
import type { NodeIdentity } from './virtual-file-system.ts'

export function recallStored(
  parent: ViewNode,
  name: EntryName,
  identity: NodeIdentity,
): StoredNode | undefined {
  const place = placeBelow(parent, name)
  if (place === undefined) return undefined
  const { series, path, way, snapshot } = place
  // What is about to be removed is last: it was the one that led to it.
  const candidates = [...series.catalog.snapshots(), ...(snapshot === undefined ? [] : [snapshot])]
  for (const candidate of candidates) {
    const node = storedNode(series, candidate, path, way)
    if (node !== undefined && isSameFile(node, identity)) return node
  }
  return undefined
}

interface Place {
  readonly series: SeriesView
  readonly path: EntryPath
  readonly way: string
  readonly snapshot: Snapshot | undefined
}

function placeBelow(parent: ViewNode, name: EntryName): Place | undefined {
  switch (parent.kind) {
    case 'stored': {
      const { series, path, way, snapshot } = parent
      return { series, path: [...path, name], way, snapshot }
    }
    case 'versions': {
      const { series, path, last } = parent
      return { series, path, way: 'version', snapshot: last }
    }
    case 'changed':
    case 'deleted': {
      const { series, path } = parent
      return { series, path: [...path, name], way: parent.kind, snapshot: undefined }
    }
    default:
      return undefined
  }
}

function isSameFile({ entry }: StoredNode, identity: NodeIdentity): boolean {
  return entry.kind !== 'directory' && isSameNode(identityOfEntry(entry), identity)
}
