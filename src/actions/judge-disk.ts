/**
 * Whether a source lies on another disk than at its last snapshot, by mistake: its own is not mounted, so that the
 * directory below is seen, or another is mounted in its place. Pure.
 */
import { SnapfsError } from '../errors/snapfs-error.ts'
import { contains } from '../model/absolute-path.ts'
import type { SourceDisk } from '../model/manifest.ts'
import type { Snapshot } from '../model/snapshot.ts'

export interface DiskChange {
  readonly what: 'not mounted' | 'another'
  readonly past: SourceDisk
  readonly now: SourceDisk
  /** The snapshot that tells of the past. */
  readonly snapshot: Snapshot
}

/**
 * The change that must be a mistake or be accepted, if there is one. What cannot be told for certain is no change.
 * @param source absolute, without symbolic links
 * @param snapshots of the series, oldest first
 */
export function findDiskChange(
  source: string,
  now: SourceDisk | undefined,
  snapshots: readonly Snapshot[],
): DiskChange | undefined {
  const snapshot = snapshots.findLast(({ manifest }) => manifest.source.device !== undefined)
  const past = snapshot?.manifest.source.device
  if (snapshot === undefined || past === undefined || now === undefined) return undefined
  // Where another path was configured, or a link was turned, the user knows.
  if (snapshot.manifest.source.realPath !== source) return undefined
  const change = { past, now, snapshot }
  if (past.mountpoint !== now.mountpoint) {
    const isAbove = contains(now.mountpoint, past.mountpoint)
    return isAbove && isElsewhere(past, now) ? { what: 'not mounted', ...change } : undefined
  }
  // A machine has one root, and who puts another in its place knows.
  if (now.mountpoint === '/' || past.root === undefined || now.root === undefined) return undefined
  return past.root === now.root ? undefined : { what: 'another', ...change }
}

/**
 * Whether the mount that has gone showed something else than is seen without it. A subvolume of btrfs that is
 * also reached from above, or a directory bound to itself, is the same without its mount.
 */
function isElsewhere(past: SourceDisk, now: SourceDisk): boolean {
  if (past.directory !== undefined && now.directory !== undefined) {
    return past.directory !== now.directory
  }
  return past.type !== now.type || past.mounted !== now.mounted
}

/** The sentence about it. */
export function diskSentence(source: string, { what, past, now, snapshot }: DiskChange): string {
  const then = `${past.mounted}, ${past.type}`
  switch (what) {
    case 'not mounted':
      return `The source ${source} lay on what was mounted on ${past.mountpoint} (${then}) at its last snapshot ${snapshot.id}, and that is not mounted now.`
    case 'another':
      return `The source ${source} lies on another file system than at its last snapshot ${snapshot.id}: on ${past.mountpoint} was another (${then}) than is there now (${now.mounted}, ${now.type}).`
  }
}

export function diskError(source: string, change: DiskChange): SnapfsError {
  const remedy =
    change.what === 'not mounted'
      ? 'Mount it and run again. If the source is meant to be as it is'
      : 'Is it the right disk? If it was replaced'
  return new SnapfsError('SOURCE_REFUSED', diskSentence(source, change), {
    hint: `Nothing was copied. ${remedy}, run once with --accept-shrink.`,
  })
}
