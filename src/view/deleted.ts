/**
 * deleted: what existed and no longer does, by its original path and as it was last. A directory that is still there is
 * shown where something below it is gone. Earlier versions are in by-file, and as `name@~1` here.
 */
import type { Deleted } from '../catalog/series-deletions.ts'
import type { EntryName, EntryPath } from '../model/entry-name.ts'
import { containerName, originalsOf } from './by-file.ts'
import { syntheticInode } from './inode-number.ts'
import { DELETED_WAY, shownInPassing } from './passing.ts'
import type { SeriesView } from './series-view.ts'
import { listedEntry, storedNode } from './stored.ts'
import type { StoredNode, ViewNode } from './view-node.ts'
import type { ListedNode } from './virtual-file-system.ts'

/** The top of deleted. */
export function deletedRoot(series: SeriesView): ViewNode {
  const { directory } = series.history.historyOf([])
  return { kind: 'deleted', series, path: [], directory }
}

export function lookupDeleted(
  series: SeriesView,
  path: EntryPath,
  name: EntryName,
): ViewNode | undefined {
  const plain = series.deletions.at(path, name)
  if (plain?.directory !== undefined) {
    const child = [...path, name]
    const { directory } = series.history.historyOf(child)
    return { kind: 'deleted', series, path: child, directory }
  }
  for (const original of [name, ...originalsOf(series, path, name)]) {
    const deleted = original === name ? plain : series.deletions.at(path, original)
    if (deleted?.lastSeen === undefined) continue
    if (containerName(series, path, original) === name) {
      const last = lastOf(series, path, original, deleted)
      return last === undefined ? undefined : shownInPassing(last, 'looked up', [...path, name])
    }
  }
  return undefined
}

export function listDeleted(series: SeriesView, path: EntryPath): readonly ListedNode[] {
  const listed: ListedNode[] = []
  for (const [name, deleted] of series.deletions.namesIn(path)) {
    if (deleted.directory !== undefined) {
      listed.push({ name, kind: 'directory', inode: deletedInode(series, [...path, name]) })
    }
    const last = lastOf(series, path, name, deleted)
    if (last === undefined) continue
    // As in by-file, whose names do not change when a directory of that name has something deleted below it.
    const shown = containerName(series, path, name)
    listed.push(listedEntry(shown, shownInPassing(last, 'listed', [...path, shown])))
  }
  return listed
}

/** A file as it was last seen. Where it lies a directory may be as well, at another time. */
function lastOf(
  series: SeriesView,
  path: EntryPath,
  name: EntryName,
  { lastSeen }: Deleted,
): StoredNode | undefined {
  if (lastSeen === undefined) return undefined
  return storedNode(series, lastSeen, [...path, name], DELETED_WAY)
}

export function deletedInode(series: SeriesView, path: EntryPath): bigint {
  return syntheticInode(`deleted/${series.profile}/${path.join('/')}`)
}
