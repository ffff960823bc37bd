/**
 * by-date: pick a time, see the whole tree. Levels of dates first, then the snapshot as it is. A time at which nothing
 * had changed is a link to the snapshot: the tree is there once, and who walks through by-date meets it once. `changes`
 * has the same times, and what each snapshot changed.
 */
import type { VerifiedTime } from '../catalog/catalog.ts'
import { type EntryName, type EntryPath, nameFromText } from '../model/entry-name.ts'
import { epochMsOf } from '../model/snapshot-id.ts'
import { listedLink } from './link-node.ts'
import { syntheticInode } from './inode-number.ts'
import type { Dated, SeriesView } from './series-view.ts'
import { storedNode } from './stored.ts'
import { LATEST_LINK } from './time-template.ts'
import type { DatedView, LinkNode, ViewNode } from './view-node.ts'
import type { ListedNode } from './virtual-file-system.ts'

const LATEST = nameFromText(LATEST_LINK)

/** What directories of by-date are numbered by. */
export const DATE_WAY = 'date'

export function lookupDate(
  series: SeriesView,
  of: DatedView,
  prefix: EntryPath,
  name: EntryName,
): ViewNode | undefined {
  const level = series.dateLevel(prefix)
  if (level === undefined) return undefined
  const dated = level.dated.get(name)
  if (dated !== undefined) return datedNode(series, of, prefix, dated)
  if (level.levels.has(name)) return { kind: 'dates', series, of, prefix: [...prefix, name] }
  return prefix.length === 0 && name === LATEST ? latestLink(series, of) : undefined
}

export function listDates(
  series: SeriesView,
  of: DatedView,
  prefix: EntryPath,
): readonly ListedNode[] | undefined {
  const level = series.dateLevel(prefix)
  if (level === undefined) return undefined
  const listed: ListedNode[] = []
  const latest = prefix.length === 0 ? latestLink(series, of) : undefined
  if (latest !== undefined) listed.push(listedLink(LATEST, latest))
  for (const name of level.levels.keys()) {
    listed.push({ name, kind: 'directory', inode: dateLevelInode(series, of, [...prefix, name]) })
  }
  for (const [name, dated] of level.dated) {
    if (dated.kind === 'snapshot') {
      const inode =
        of === 'changes'
          ? snapshotChangesInode(series, dated.snapshot.id)
          : syntheticInode(`${DATE_WAY}/${series.profile}/${dated.snapshot.id}/`)
      listed.push({ name, kind: 'directory', inode })
    } else if (of === 'by-date') {
      listed.push(listedLink(name, verifiedLink(series, dated.time, prefix.length)))
    }
  }
  return listed
}

function datedNode(
  series: SeriesView,
  of: DatedView,
  prefix: EntryPath,
  dated: Dated,
): ViewNode | undefined {
  if (dated.kind === 'snapshot') {
    const { snapshot } = dated
    if (of === 'changes') return { kind: 'snapshot-changes', series, snapshot }
    return storedNode(series, snapshot, [], DATE_WAY)
  }
  return of === 'by-date' ? verifiedLink(series, dated.time, prefix.length) : undefined
}

function latestLink(series: SeriesView, of: DatedView): LinkNode | undefined {
  const latest = series.latest()
  if (latest === undefined) return undefined
  return {
    kind: 'link',
    key: of === 'by-date' ? `latest/${series.profile}` : `latest-changes/${series.profile}`,
    target: latest.join('/'),
    modifiedNs: series.newestNs(),
    isPassing: false,
  }
}

/** @param depth how many levels below by-date it lies */
function verifiedLink(series: SeriesView, { id, snapshot }: VerifiedTime, depth: number): LinkNode {
  return {
    kind: 'link',
    key: `verified/${series.profile}/${id}`,
    target: '../'.repeat(depth) + series.pathOf(snapshot).join('/'),
    modifiedNs: BigInt(epochMsOf(id)) * 1_000_000n,
    isPassing: false,
  }
}

export function dateLevelInode(series: SeriesView, of: DatedView, prefix: EntryPath): bigint {
  const view = of === 'by-date' ? 'dates' : 'changes'
  return syntheticInode(`${view}/${series.profile}/${prefix.join('/')}`)
}

export function snapshotChangesInode(series: SeriesView, id: string): bigint {
  return syntheticInode(`snapshot-changes/${series.profile}/${id}`)
}
