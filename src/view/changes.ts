/** changes: for each snapshot what it added, modified and deleted against the one before, as trees of just that. */
import { type Change, CHANGE_KINDS, type Extent } from '../catalog/series-changes.ts'
import { type EntryName, type EntryPath, nameFromText } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { syntheticInode } from './inode-number.ts'
import { shownInPassing } from './passing.ts'
import type { SeriesView } from './series-view.ts'
import { listedEntry, storedNode } from './stored.ts'
import type { ChangedNode, StoredNode, ViewNode } from './view-node.ts'
import type { ListedNode } from './virtual-file-system.ts'

const NAMES: ReadonlyMap<EntryName, Change> = new Map(
  CHANGE_KINDS.map((change) => [nameFromText(change), change]),
)

export function lookupChange(
  series: SeriesView,
  snapshot: Snapshot,
  name: EntryName,
): ViewNode | undefined {
  const change = NAMES.get(name)
  return change === undefined ? undefined : changedRoot(series, snapshot, change)
}

/** All three, also where nothing was changed so: who looks for what was deleted finds that nothing was. */
export function listChanges(series: SeriesView, snapshot: Snapshot): readonly ListedNode[] {
  return [...NAMES].flatMap(([name, change]) => {
    const root = changedRoot(series, snapshot, change)
    return root === undefined ? [] : [{ name, kind: 'directory', inode: changedInode(root) }]
  })
}

/** For the first snapshot, before which nothing was, what was deleted is an empty directory like its own. */
function changedRoot(
  series: SeriesView,
  snapshot: Snapshot,
  change: Change,
): ChangedNode | undefined {
  const holder = series.changes.holderOf(snapshot, change) ?? snapshot
  const entry = series.catalog.entryAt(holder, [])
  if (entry === undefined) return undefined
  return { kind: 'changed', series, snapshot, change, path: [], entry }
}

export function lookupChanged(node: ChangedNode, name: EntryName): ViewNode | undefined {
  const { series, snapshot, change, path } = node
  const extent = series.changes.extentOf(snapshot, change, path, name)
  const found = extent === undefined ? undefined : child(node, name, extent)
  return found?.kind === 'stored' ? shownInPassing(found, 'looked up') : found
}

export function listChanged(node: ChangedNode): readonly ListedNode[] {
  const { series, snapshot, change, path } = node
  const listed: ListedNode[] = []
  for (const [name, extent] of series.changes.namesIn(snapshot, change, path)) {
    const found = child(node, name, extent)
    if (found === undefined) continue
    if (found.kind === 'stored') listed.push(listedEntry(name, shownInPassing(found, 'listed')))
    else listed.push({ name, kind: 'directory', inode: changedInode(found) })
  }
  return listed
}

function child(
  node: ChangedNode,
  name: EntryName,
  extent: Extent,
): StoredNode | ChangedNode | undefined {
  const { series, snapshot, change } = node
  const holder = series.changes.holderOf(snapshot, change)
  if (holder === undefined) return undefined
  const path: EntryPath = [...node.path, name]
  const stored = storedNode(series, holder, path, `${change}/${snapshot.id}`)
  if (stored === undefined || extent === 'itself') return stored
  return { kind: 'changed', series, snapshot, change, path, entry: stored.entry }
}

export function changedInode({ series, snapshot, change, path }: ChangedNode): bigint {
  return syntheticInode(`${change}/${snapshot.id}/${series.profile}/${path.join('/')}`)
}
