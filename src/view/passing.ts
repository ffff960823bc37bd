/**
 * Files at paths that may have stood for another: those of what was deleted. Which file that is depends on which
 * snapshots there are.
 */
import { type EntryPath, nameFromText } from '../model/entry-name.ts'
import { linkToVersion } from './aliases.ts'
import { CHANGES, DELETED } from './series-view.ts'
import type { LinkNode, StoredNode } from './view-node.ts'

/** What directories below deleted are numbered by; in changes the id of the snapshot that lacks them follows. */
export const DELETED_WAY = 'deleted'
const IN_CHANGES = `${DELETED_WAY}/`

/**
 * What is shown of an entry: itself, or a link to its place in by-file.
 * @param step whether the kernel is about to be told what is there, or only which names there are
 * @param shown the path below deleted, where it is another than in the source
 */
export function shownInPassing(
  node: StoredNode,
  step: 'looked up' | 'listed',
  shown: EntryPath = node.path,
): StoredNode | LinkNode {
  const { series, entry, path, snapshot, way } = node
  // What is no file has nothing that is remembered but its attributes, and these not for long.
  if (series.told === undefined || entry.kind !== 'file' || !isPassing(way)) return node
  // No name holds what parts the two.
  const key = `${way}\0${shown.join('/')}`
  const isSame =
    step === 'listed' ? series.told.mayStandFor(key, entry) : series.told.claim(key, entry)
  if (isSame) return node
  const place = placeOf(node, shown)
  return place === undefined ? node : (linkToVersion(series, place, path, snapshot) ?? node)
}

function isPassing(way: string): boolean {
  return way === DELETED_WAY || way.startsWith(IN_CHANGES)
}

/** Below the top of the profile; undefined where the snapshot it was deleted in has just gone. */
function placeOf({ series, way }: StoredNode, shown: EntryPath): EntryPath | undefined {
  if (way === DELETED_WAY) return [DELETED, ...shown]
  const id = way.slice(IN_CHANGES.length)
  const snapshot = series.catalog.snapshots().find((one) => one.id === id)
  if (snapshot === undefined) return undefined
  return [CHANGES, ...series.pathOf(snapshot), nameFromText('deleted'), ...shown]
}
