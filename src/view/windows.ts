/**
 * `@gmt`: the snapshots under the names that Windows asks for in "Previous versions", as Samba's vfs_shadow_copy2 lists
 * and opens them: `@GMT-YYYY.MM.DD-HH.MM.SS`, in UTC. Not listed at the root, since it shows nothing that by-date does not.
 */
import { type EntryName, nameFromText } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { storedInode, syntheticInode } from './inode-number.ts'
import type { SeriesView } from './series-view.ts'
import { storedNode } from './stored.ts'
import type { StoredNode } from './view-node.ts'
import type { ListedNode } from './virtual-file-system.ts'

export const WINDOWS = nameFromText('@gmt')

export function lookupToken(series: SeriesView, name: EntryName): StoredNode | undefined {
  const snapshot = series.catalog.snapshots().find((one) => tokenOf(one) === name)
  return snapshot === undefined ? undefined : storedNode(series, snapshot, [], WINDOWS)
}

export function listTokens(series: SeriesView): readonly ListedNode[] {
  return series.catalog.snapshots().flatMap((snapshot) => {
    const node = storedNode(series, snapshot, [], WINDOWS)
    if (node === undefined) return []
    return [{ name: tokenOf(snapshot), kind: 'directory', inode: storedInode(node) }]
  })
}

/** From `2026-11-22T14-30-00Z`. */
function tokenOf({ id }: Snapshot): EntryName {
  const [date, time] = id.replace(/Z$/u, '').split('T')
  return nameFromText(
    `@GMT-${date?.replaceAll('-', '.') ?? ''}-${time?.replaceAll('-', '.') ?? ''}`,
  )
}

export function windowsInode(series: SeriesView): bigint {
  return syntheticInode(`windows/${series.profile}`)
}
