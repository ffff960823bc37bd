/**
 * by-file: pick a file, see every version it ever had. A directory of the source is a directory, as
 * the union over all snapshots; a file is a directory of its versions. Lazy: a listing reads only what
 * it shows.
 */
import { LRUCache } from 'lru-cache'
import type { Version } from '../catalog/fold-history.ts'
import { type EntryName, type EntryPath, nameFromBytes } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { syntheticInode, versionInode } from './inode-number.ts'
import type { SeriesView } from './series-view.ts'
import { versionName, WAS_FILE, wasFileName } from './version-name.ts'
import type { ViewNode } from './view-node.ts'
import type { ListedNode } from './virtual-file-system.ts'

/** The top of by-file; its directory is undefined while there is no snapshot. */
export function fileRoot(series: SeriesView): ViewNode {
  const { directory } = series.history.historyOf([])
  return { kind: 'file-directory', series, path: [], directory }
}

export function lookupFile(
  series: SeriesView,
  path: EntryPath,
  name: EntryName,
): ViewNode | undefined {
  const roles = series.history.rolesOf(path, name)
  if (roles === undefined) return lookupWasFile(series, path, name)
  const child = [...path, name]
  if (roles.lastVersioned !== undefined && !roles.directory) {
    return { kind: 'versions', series, path: child, last: roles.lastVersioned }
  }
  const { directory } = series.history.historyOf(child)
  return { kind: 'file-directory', series, path: child, directory }
}

/** A name we made up for the file that a directory had been. */
function lookupWasFile(series: SeriesView, path: EntryPath, name: EntryName): ViewNode | undefined {
  for (const original of originalsOf(series, path, name)) {
    const roles = series.history.rolesOf(path, original)
    if (roles?.lastVersioned === undefined || !roles.directory) continue
    if (containerName(series, path, original) === name) {
      return { kind: 'versions', series, path: [...path, original], last: roles.lastVersioned }
    }
  }
  return undefined
}

/** What a name made up for a file may stand for. */
export function originalsOf(series: SeriesView, path: EntryPath, name: EntryName): EntryName[] {
  if (!name.includes(WAS_FILE)) return []
  const plain = nameFromBytes(name.slice(0, name.lastIndexOf(WAS_FILE)))
  // A shortened name cannot be taken apart, so only a look at all names finds what it stands for.
  if (!/~[0-9a-f]{6}$/u.test(plain)) return [plain]
  return [...series.history.namesEver(path)]
    .filter(([, roles]) => roles.directory && roles.lastVersioned !== undefined)
    .map(([original]) => original)
}

/** The name under which the versions of a path are found, and in deleted its last one. */
export function containerName(series: SeriesView, path: EntryPath, name: EntryName): EntryName {
  const { history } = series
  if (history.rolesOf(path, name)?.directory !== true) return name
  return wasFileName(name, (candidate) => history.rolesOf(path, candidate) !== undefined)
}

export function listFiles(series: SeriesView, path: EntryPath): readonly ListedNode[] {
  const names = series.history.namesEver(path)
  const listed: ListedNode[] = []
  for (const [name, roles] of names) {
    const child = [...path, name]
    if (roles.directory) {
      listed.push({ name, kind: 'directory', inode: fileDirectoryInode(series, child) })
    }
    if (roles.lastVersioned !== undefined) {
      const shown = roles.directory ? wasFileName(name, (candidate) => names.has(candidate)) : name
      listed.push({ name: shown, kind: 'directory', inode: versionsInode(series, child) })
    }
  }
  return listed
}

/** Containers whose names are kept ready, since a listing is followed by a lookup of each name. */
const CONTAINERS = 256
const namesByVersions = new LRUCache<readonly Version[], ReadonlyMap<EntryName, Version>>({
  max: CONTAINERS,
})

function versionsByName(series: SeriesView, path: EntryPath): ReadonlyMap<EntryName, Version> {
  const { versions } = series.history.historyOf(path)
  const known = namesByVersions.get(versions)
  if (known !== undefined) return known
  const name = path.at(-1) ?? nameFromBytes('')
  const named = new Map(versions.map((version) => [versionNameOf(series, name, version), version]))
  namesByVersions.set(versions, named)
  return named
}

/** Whether a version is what a snapshot holds. */
export function covers({ first, last }: Version, { sequence }: Snapshot): boolean {
  return first.sequence <= sequence && sequence <= last.sequence
}

export function versionNameOf(series: SeriesView, name: EntryName, { first }: Version): EntryName {
  return versionName(name, series.timeOf(first))
}

export function lookupVersion(
  series: SeriesView,
  path: EntryPath,
  name: EntryName,
): ViewNode | undefined {
  const version = versionsByName(series, path).get(name)
  if (version === undefined) return undefined
  const { last: snapshot, entry } = version
  return { kind: 'stored', series, snapshot, path, entry, way: 'version' }
}

export function listVersions(series: SeriesView, path: EntryPath): readonly ListedNode[] {
  return [...versionsByName(series, path)].map(([name, { entry }]) => ({
    name,
    kind: entry.kind,
    inode: versionInode(entry),
  }))
}

export function fileDirectoryInode(series: SeriesView, path: EntryPath): bigint {
  return syntheticInode(`file/${series.profile}/${path.join('/')}`)
}

export function versionsInode(series: SeriesView, path: EntryPath): bigint {
  return syntheticInode(`versions/${series.profile}/${path.join('/')}`)
}
