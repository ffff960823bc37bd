/** Where things are in a repository. Pure: names only. The picture is in native-notes/ARCHITECTURE.md. */
import type { SnapshotId } from '../model/snapshot-id.ts'

export const MARKER_NAME = 'snapfs.json'
export const README_NAME = 'README.txt'
export const LATEST_NAME = 'latest'
export const INCOMING_NAME = '.incoming'
const TRASH_NAME = '.trash'
const LOCK_NAME = '.lock'
const STATE_NAME = '.state'
const VERIFIED_NAME = 'verified'
const CONFIRMED_CLOCK_NAME = 'clock.json'
export const LABELS_NAME = 'labels.json'
export const TREE_NAME = 'tree'
export const MANIFEST_NAME = 'manifest.json'
export const LOG_NAME = 'rsync.log'

/** In a staged snapshot beside its tree. */
export const CHECKED_NAME = 'checked'
export const RESUMED_NAME = 'resumed'
export const COPIED_NAME = 'copied'
export const MOVED_NAME = 'moved'
export const STAGED_STATE_NAME = 'state'
export const DURABLE_NAME = 'durable'

/** One series: all snapshots of a profile. */
export interface SeriesPlace {
  readonly repository: string
  readonly profile: string
}

export function seriesDirectory(place: SeriesPlace): string {
  return `${place.repository}/${place.profile}`
}

export function snapshotDirectory(place: SeriesPlace, id: SnapshotId): string {
  return `${seriesDirectory(place)}/${id}`
}

export function treeDirectory(place: SeriesPlace, id: SnapshotId): string {
  return `${snapshotDirectory(place, id)}/${TREE_NAME}`
}

export function manifestFile(place: SeriesPlace, id: SnapshotId): string {
  return `${snapshotDirectory(place, id)}/${MANIFEST_NAME}`
}

export function incomingDirectory(place: SeriesPlace): string {
  return `${seriesDirectory(place)}/${INCOMING_NAME}`
}

/** Snapshots on their way out; whole when they come there. */
export function trashDirectory(place: SeriesPlace): string {
  return `${seriesDirectory(place)}/${TRASH_NAME}`
}

export function trashedTreeDirectory(place: SeriesPlace, id: SnapshotId): string {
  return `${trashDirectory(place)}/${id}/${TREE_NAME}`
}

/** What the sources of the newest snapshots were; a cache, made anew when it is lost. */
export function stateDirectory(place: SeriesPlace): string {
  return `${seriesDirectory(place)}/${STATE_NAME}`
}

/** When the sources of snapshots were found unchanged: a file for each snapshot of which that is so. */
export function verificationsDirectory(place: SeriesPlace): string {
  return `${seriesDirectory(place)}/${VERIFIED_NAME}`
}

export function verificationsFile(place: SeriesPlace, id: SnapshotId): string {
  return `${verificationsDirectory(place)}/${id}.jsonl`
}

/** Up to which snapshot times may be believed. */
export function confirmedClockFile(place: SeriesPlace): string {
  return `${seriesDirectory(place)}/${CONFIRMED_CLOCK_NAME}`
}

export function lockFile(place: SeriesPlace): string {
  return `${seriesDirectory(place)}/${LOCK_NAME}`
}
