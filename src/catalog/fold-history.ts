/** From what a path was in each snapshot to the versions it had. Pure. */
import { type Entry, sameInode } from '../model/entry.ts'
import type { Snapshot } from '../model/snapshot.ts'

/** What a path was in one snapshot. */
export interface Observation {
  readonly snapshot: Snapshot
  readonly entry: Entry | undefined
}

/** A run of consecutive snapshots in which a path is one inode, and not a directory. */
export interface Version {
  readonly first: Snapshot
  readonly last: Snapshot
  readonly snapshotCount: number
  /** As it was in the last snapshot of the run. */
  readonly entry: Entry
}

/** What all the directories of one path have in common over the snapshots. */
export interface DirectoryHistory {
  readonly newest: Entry
  /** The bits that every one of them grants. */
  readonly mode: number
  /** Whether owner or group ever changed, so that no single one may stand for all. */
  readonly ownerChanged: boolean
  readonly groupChanged: boolean
}

export interface PathHistory {
  /** Oldest first. */
  readonly versions: readonly Version[]
  /** Undefined when the path was never a directory. */
  readonly directory: DirectoryHistory | undefined
}

/**
 * Folds one observation per snapshot, oldest first. An absence, or a directory in its place, ends a
 * version: what comes back later is a version of its own, even with the same inode.
 */
export function foldHistory(observations: Iterable<Observation>): PathHistory {
  const versions: Version[] = []
  let directory: DirectoryHistory | undefined
  let open: Version | undefined
  for (const { snapshot, entry } of observations) {
    if (entry === undefined) {
      open = undefined
    } else if (entry.kind === 'directory') {
      open = undefined
      directory = withDirectory(directory, entry)
    } else if (open !== undefined && sameInode(open.entry, entry)) {
      open = { first: open.first, last: snapshot, snapshotCount: open.snapshotCount + 1, entry }
      versions[versions.length - 1] = open
    } else {
      open = { first: snapshot, last: snapshot, snapshotCount: 1, entry }
      versions.push(open)
    }
  }
  return { versions, directory }
}

function withDirectory(known: DirectoryHistory | undefined, entry: Entry): DirectoryHistory {
  if (known === undefined) {
    return { newest: entry, mode: entry.mode, ownerChanged: false, groupChanged: false }
  }
  return {
    newest: entry,
    mode: known.mode & entry.mode,
    ownerChanged: known.ownerChanged || known.newest.owner !== entry.owner,
    groupChanged: known.groupChanged || known.newest.group !== entry.group,
  }
}
