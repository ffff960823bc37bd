/**
 * What the view knows of an entry beyond what lstat tells, as extended attributes that are answered by name. They are
 * never listed: cp -a and rsync -X would write them onto every copy.
 */
import { LRUCache } from 'lru-cache'
import type { Version } from '../catalog/fold-history.ts'
import { epochMsOf } from '../model/snapshot-id.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { covers, versionNameOf } from './by-file.ts'
import { isEqualFile } from './equal-file.ts'
import type { StoredNode, ViewNode } from './view-node.ts'
import { ATTRIBUTE_PREFIX } from './virtual-file-system.ts'

/** So many earlier versions of the same size are read, the oldest first. */
const COMPARED_LIMIT = 16
/** Versions of which is remembered which earlier one they equal. */
const REMEMBERED = 10_000
const equals = new LRUCache<Version, { readonly version: Version | undefined }>({ max: REMEMBERED })

/**
 * A fact, or undefined where there is none:
 *  - `path`: below the source, bytes as characters
 *  - `mtime-ns`: the modification time in nanoseconds since 1970, which not every driver can show
 *  - `first`, `last`: the snapshots that hold this version, as UTC times (RFC 3339)
 *  - `snapshots`: how many
 *  - `same-as`: the oldest version with equal content, by its name beside this one; so a version that only has another
 *    mode or owner says so, and one that returns to what it was
 */
export function factOf(node: ViewNode, name: string): string | undefined {
  if (node.kind !== 'stored' || !name.startsWith(ATTRIBUTE_PREFIX)) return undefined
  switch (name.slice(ATTRIBUTE_PREFIX.length)) {
    case 'path':
      return node.path.join('/')
    case 'mtime-ns':
      return String(node.entry.modifiedNs)
    case 'first':
      return timeText(versionAt(node)?.first)
    case 'last':
      return timeText(versionAt(node)?.last)
    case 'snapshots':
      return versionAt(node)?.snapshotCount.toString()
    case 'same-as':
      return sameAs(node)
    default:
      return undefined
  }
}

function versionAt({ series, path, snapshot, entry }: StoredNode): Version | undefined {
  if (entry.kind === 'directory') return undefined
  const { versions } = series.history.historyOf(path)
  return versions.find((version) => covers(version, snapshot))
}

function sameAs(node: StoredNode): string | undefined {
  const { series, path } = node
  const version = versionAt(node)
  const name = path.at(-1)
  if (version === undefined || name === undefined) return undefined
  const known = equals.get(version) ?? { version: oldestEqual(node, version) }
  equals.set(version, known)
  return known.version === undefined ? undefined : versionNameOf(series, name, known.version)
}

function oldestEqual({ series, path }: StoredNode, version: Version): Version | undefined {
  const { versions } = series.history.historyOf(path)
  const { kind, sizeBytes } = version.entry
  return versions
    .slice(0, versions.indexOf(version))
    .filter(({ entry }) => entry.kind === kind && entry.sizeBytes === sizeBytes)
    .slice(0, COMPARED_LIMIT)
    .find((earlier) => isEqualFile(series.catalog, path, earlier, version))
}

function timeText(snapshot: Snapshot | undefined): string | undefined {
  return snapshot === undefined
    ? undefined
    : new Date(epochMsOf(snapshot.id)).toISOString().replace('.000', '')
}
