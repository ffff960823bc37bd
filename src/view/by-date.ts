/**
 * by-date: pick a time, see the whole tree. Levels of dates first, then the snapshot as it is. A time at which nothing
 * had changed is a link to the snapshot: the tree is there once, and who walks through by-date meets it once.
 */
import type { VerifiedTime } from '../catalog/catalog.ts'
import { type EntryName, type EntryPath, nameFromText } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { storedInode, syntheticInode } from './inode-number.ts'
import type { SeriesView } from './series-view.ts'
import { LATEST_LINK } from './time-template.ts'
import type { ViewNode } from './view-node.ts'
import type { ListedNode } from './virtual-file-system.ts'

const LATEST = nameFromText(LATEST_LINK)

export function lookupDate(
  series: SeriesView,
  prefix: EntryPath,
  name: EntryName,
): ViewNode | undefined {
  const level = series.dateLevel(prefix)
  if (level === undefined) return undefined
  const dated = level.dated.get(name)
  if (dated?.kind === 'snapshot') return storedNode(series, dated.snapshot, [])
  if (dated?.kind === 'verified') {
    return { kind: 'verified', series, time: dated.time, depth: prefix.length }
  }
  if (level.levels.has(name)) return { kind: 'dates', series, prefix: [...prefix, name] }
  if (prefix.length === 0 && name === LATEST && series.latest() !== undefined) {
    return { kind: 'latest', series }
  }
  return undefined
}

export function listDates(
  series: SeriesView,
  prefix: EntryPath,
): readonly ListedNode[] | undefined {
  const level = series.dateLevel(prefix)
  if (level === undefined) return undefined
  const listed: ListedNode[] = []
  if (prefix.length === 0 && series.latest() !== undefined) {
    listed.push({ name: LATEST, kind: 'symlink', inode: latestInode(series) })
  }
  for (const name of level.levels.keys()) {
    listed.push({ name, kind: 'directory', inode: dateLevelInode(series, [...prefix, name]) })
  }
  for (const [name, dated] of level.dated) {
    if (dated.kind === 'verified') {
      listed.push({ name, kind: 'symlink', inode: verifiedInode(series, dated.time) })
      continue
    }
    const inode = syntheticInode(`date/${series.profile}/${dated.snapshot.id}/`)
    listed.push({ name, kind: 'directory', inode })
  }
  return listed
}

/** The node of an entry of a snapshot, or undefined where there is none. */
export function storedNode(
  series: SeriesView,
  snapshot: Snapshot,
  path: EntryPath,
): ViewNode | undefined {
  const entry = series.catalog.entryAt(snapshot, path)
  return entry === undefined ? undefined : { kind: 'stored', series, snapshot, path, entry }
}

/** A directory of a snapshot. What vanishes between listing and looking is left out. */
export function listStored(
  series: SeriesView,
  snapshot: Snapshot,
  path: EntryPath,
): readonly ListedNode[] | undefined {
  const names = series.catalog.namesIn(snapshot, path)
  if (names === undefined) return undefined
  const listed: ListedNode[] = []
  for (const { name } of names) {
    const childPath = [...path, name]
    const entry = series.catalog.entryAt(snapshot, childPath)
    if (entry === undefined) continue
    const inode = storedInode(series.profile, snapshot, childPath, entry)
    listed.push({ name, kind: entry.kind, inode })
  }
  return listed
}

/** What the link of a verified time holds. */
export function verifiedTarget(
  series: SeriesView,
  { snapshot }: VerifiedTime,
  depth: number,
): string {
  return '../'.repeat(depth) + series.pathOf(snapshot).join('/')
}

export function verifiedInode(series: SeriesView, { id }: VerifiedTime): bigint {
  return syntheticInode(`verified/${series.profile}/${id}`)
}

export function latestInode(series: SeriesView): bigint {
  return syntheticInode(`latest/${series.profile}`)
}

export function dateLevelInode(series: SeriesView, prefix: EntryPath): bigint {
  return syntheticInode(`dates/${series.profile}/${prefix.join('/')}`)
}
