/** Which snapshots a series holds, read from the names and manifests on disk. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import { decodeLabels, type Label } from '../model/labels.ts'
import { decodeManifest, type Manifest } from '../model/manifest.ts'
import { compareSnapshots, type Snapshot } from '../model/snapshot.ts'
import { parseSnapshotId, type SnapshotId } from '../model/snapshot-id.ts'
import { isProfileName } from '../model/profile.ts'
import {
  INCOMING_NAME,
  LABELS_NAME,
  manifestFile,
  type SeriesPlace,
  seriesDirectory,
  treeDirectory,
} from '../repository/layout.ts'

/** A manifest names at most 1,000 problems of one line each; what is larger is not one. */
const MANIFEST_LIMIT_BYTES = 64 * 1024 * 1024

export interface SeriesReading {
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[]
  /** Directories with a snapshot's name that are not whole, each with the reason. */
  readonly damaged: readonly { readonly id: SnapshotId; readonly reason: string }[]
}

/** Ids of the directories that claim to be snapshots, in name order. */
export function snapshotIdsIn(place: SeriesPlace): readonly SnapshotId[] {
  return readdirSync(seriesDirectory(place), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => parseSnapshotId(entry.name))
    .filter((id) => id !== undefined)
    .sort()
}

/**
 * Reads a series whole. Names that are not ours are ignored; ours that are damaged are reported.
 * @throws the operating system's error when the series directory cannot be read
 */
export function readSeries(place: SeriesPlace): SeriesReading {
  const snapshots: Snapshot[] = []
  const damaged: { id: SnapshotId; reason: string }[] = []
  for (const id of snapshotIdsIn(place)) {
    const reading = readSnapshot(place, id)
    if ('reason' in reading) damaged.push({ id, reason: reading.reason })
    else snapshots.push(reading)
  }
  return { snapshots: snapshots.sort(compareSnapshots), damaged }
}

/** One snapshot, or why it is not one. */
function readSnapshot(place: SeriesPlace, id: SnapshotId): Snapshot | { readonly reason: string } {
  let manifest: Manifest | { readonly damage: string }
  try {
    const file = manifestFile(place, id)
    if (lstatSync(file).size > MANIFEST_LIMIT_BYTES) return { reason: 'its manifest is too large' }
    manifest = decodeManifest(readFileSync(file, 'utf8'))
    if (!lstatSync(treeDirectory(place, id)).isDirectory()) return { reason: 'it has no tree' }
  } catch (error) {
    return { reason: messageOf(error) }
  }
  if ('damage' in manifest) return { reason: `its manifest is damaged: ${manifest.damage}` }
  if (manifest.id !== id) return { reason: `its manifest is that of ${manifest.id}` }
  return { id, sequence: manifest.sequence, manifest }
}

/** The profiles that have a series in a repository, by name. */
export function profilesIn(repository: string): readonly string[] {
  return readdirSync(repository, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isProfileName(entry.name))
    .map((entry) => entry.name)
    .filter((profile) => isSeries({ repository, profile }))
    .sort()
}

/** A directory of somebody else's may lie in a repository; a series has our staging directory. */
function isSeries(place: SeriesPlace): boolean {
  const names = readdirSync(seriesDirectory(place))
  return names.some((name) => name === INCOMING_NAME || parseSnapshotId(name) !== undefined)
}

/** Pins, tags and comments by snapshot id; empty when there are none, undefined when unreadable. */
export function readLabels(place: SeriesPlace): ReadonlyMap<string, Label> | undefined {
  try {
    return decodeLabels(readFileSync(`${seriesDirectory(place)}/${LABELS_NAME}`, 'utf8'))
  } catch (error) {
    return systemErrorCode(error) === 'ENOENT' ? new Map() : undefined
  }
}
