/**
 * Names that can be asked for and are never listed, tried where nothing is stored under a name: `report.odt@yesterday`,
 * `report.odt@2026-11-20`, `report.odt@~2`, and `.history` in directories of by-date. Each is a link to what it means, so
 * that a version has one place, and who asks sees which it is.
 */
import type { Version } from '../catalog/fold-history.ts'
import { type EntryName, type EntryPath, nameFromText, textOfName } from '../model/entry-name.ts'
import type { Moment } from '../model/local-time.ts'
import { parsePointInTime } from '../model/point-in-time.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { epochMsOf } from '../model/snapshot-id.ts'
import { containerName, covers, versionNameOf } from './by-file.ts'
import { BY_DATE, BY_FILE, type SeriesView } from './series-view.ts'
import { LATEST_LINK } from './time-template.ts'
import type { LinkNode } from './view-node.ts'

/** A directory of the view in which an alias is asked for. */
export interface AskedIn {
  readonly series: SeriesView
  /** The directory of the source it shows. */
  readonly path: EntryPath
  /** Where it is, below by-date and its like. */
  readonly place: EntryPath
  /** The snapshot it shows; undefined where it shows all. */
  readonly snapshot: Snapshot | undefined
}

const HISTORY = nameFromText('.history')
/** `~0` is the version that is there, `~1` the one before. */
const VERSIONS_BACK = /^~(\d{1,6})$/u

/** Whether a name that is not stored may be found all the same, now or later. */
export function mayBeAlias(name: EntryName): boolean {
  return name === HISTORY || name.lastIndexOf('@') > 0
}

/** The directory of all versions of what is and was here. */
export function historyLink(asked: AskedIn, name: EntryName): LinkNode | undefined {
  if (name !== HISTORY) return undefined
  return linkTo(asked, name, [BY_FILE, ...asked.path])
}

/** @param now when it is asked, and where the asker lives */
export function lookupAlias(asked: AskedIn, name: EntryName, now: Moment): LinkNode | undefined {
  const at = name.lastIndexOf('@')
  if (at <= 0) return undefined
  const when = textOfName(name.slice(at + 1))
  if (when === undefined) return undefined
  const original = name.slice(0, at) as EntryName
  const back = VERSIONS_BACK.exec(when)?.[1]
  const target =
    back === undefined
      ? targetAt(asked, original, snapshotAt(asked.series, when, now))
      : targetBack(asked, original, Number(back))
  return target === undefined ? undefined : linkTo(asked, name, target)
}

function targetBack(asked: AskedIn, name: EntryName, count: number): EntryPath | undefined {
  const { series, path, snapshot } = asked
  const { versions } = series.history.historyOf([...path, name])
  const from =
    snapshot === undefined
      ? versions.length - 1
      : versions.findIndex((version) => covers(version, snapshot))
  const version = from === -1 ? undefined : versions[from - count]
  return version === undefined ? undefined : versionPath(series, path, name, version)
}

function targetAt(
  { series, path }: Pick<AskedIn, 'series' | 'path'>,
  name: EntryName,
  snapshot: Snapshot | undefined,
): EntryPath | undefined {
  if (snapshot === undefined) return undefined
  const child = [...path, name]
  const entry = series.catalog.entryAt(snapshot, child)
  if (entry === undefined) return undefined
  if (entry.kind === 'directory') return [BY_DATE, ...series.pathOf(snapshot), ...child]
  const { versions } = series.history.historyOf(child)
  const version = versions.find((one) => covers(one, snapshot))
  return version === undefined ? undefined : versionPath(series, path, name, version)
}

/**
 * A link to the version of a path that a snapshot holds; undefined where it holds none.
 * @param place of the link, below the top of its profile
 */
export function linkToVersion(
  series: SeriesView,
  place: EntryPath,
  path: EntryPath,
  snapshot: Snapshot,
): LinkNode | undefined {
  const [name, linkName] = [path.at(-1), place.at(-1)]
  if (name === undefined || linkName === undefined) return undefined
  const directory = path.slice(0, -1)
  const target = targetAt({ series, path: directory }, name, snapshot)
  if (target === undefined) return undefined
  return linkTo({ series, place: place.slice(0, -1) }, linkName, target)
}

/** The newest up to a moment. */
function snapshotAt(series: SeriesView, when: string, now: Moment): Snapshot | undefined {
  const snapshots = series.catalog.snapshots()
  if (when === LATEST_LINK) return snapshots.at(-1)
  const epochMs = parsePointInTime(when, now)
  if (epochMs === undefined) return undefined
  return snapshots.findLast(({ id }) => epochMsOf(id) <= epochMs)
}

function versionPath(
  series: SeriesView,
  path: EntryPath,
  name: EntryName,
  version: Version,
): EntryPath {
  const container = containerName(series, path, name)
  return [BY_FILE, ...path, container, versionNameOf(series, name, version)]
}

function linkTo(
  { series, place }: Pick<AskedIn, 'series' | 'place'>,
  name: EntryName,
  target: EntryPath,
): LinkNode {
  const apart = place.findIndex((one, depth) => one !== target[depth])
  const shared = apart === -1 ? place.length : apart
  return {
    kind: 'link',
    key: `alias/${series.profile}/${[...place, name].join('/')}`,
    target: '../'.repeat(place.length - shared) + target.slice(shared).join('/'),
    modifiedNs: series.newestNs(),
    // What was there an hour ago is another version an hour later.
    isPassing: !name.endsWith(HISTORY),
  }
}
