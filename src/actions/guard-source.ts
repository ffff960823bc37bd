/**
 * What a run does about a source that is not what it was: it refuses, or, where the user said so, notes in the
 * manifest what was accepted.
 */
import { readMountTable } from '../fuse/mount-table.ts'
import type { Manifest, SourceDisk } from '../model/manifest.ts'
import { DEFAULT_MAX_SHRINK } from '../model/max-shrink.ts'
import type { Profile } from '../model/profile.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { SourceLocation } from '../model/source-location.ts'
import { bytePathFromText } from '../model/entry-name.ts'
import { type SeriesPlace, treeDirectory } from '../repository/layout.ts'
import { countStillThere } from '../scan/count-still-there.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import { readSourceDisk } from '../scan/source-disk.ts'
import { refuseSuddenlyEmpty } from './check-source.ts'
import { diskError, diskSentence, findDiskChange } from './judge-disk.ts'
import { findShrink, shrinkBasis, shrinkError, shrinkSentence } from './judge-shrink.ts'
import { lookAtRemote } from './look-at-remote.ts'

/** What the user accepts of a source. */
export interface Acceptance {
  /** A source that has become empty. */
  readonly emptySource: 'refuse' | 'allow'
  /** A source that is another than it was, empty or not. */
  readonly changedSource: 'refuse' | 'accept'
}

export interface GuardedSource extends Acceptance {
  /** Absolute, without symbolic links. */
  readonly source: string
  readonly profile: Profile
  readonly place: SeriesPlace
  /** All that the series holds, oldest first. */
  readonly snapshots: readonly Snapshot[]
}

/** A source, and what it lies on. */
export interface GuardedDisk {
  /** Undefined where that cannot be told. */
  readonly disk: SourceDisk | undefined
  readonly accepted: readonly Accepted[]
}

/** What would have been refused, and was accepted. */
export interface Accepted {
  readonly what: NonNullable<Manifest['accepted']>[number]
  readonly why: string
}

/**
 * Holds the source against what it was, before anything is written.
 * @param stallMs for how long another machine may say nothing
 * @throws SnapfsError SOURCE_REFUSED, unless the user accepts it as it is; and what `lookAtRemote` throws
 */
export async function guardBeforeCopy(
  source: SourceLocation,
  request: Acceptance & { readonly profile: Profile; readonly signal: AbortSignal },
  snapshots: readonly Snapshot[],
  stallMs: number,
): Promise<GuardedDisk> {
  const newest = snapshots.at(-1)
  const emptySource = request.changedSource === 'accept' ? 'allow' : request.emptySource
  if (source.kind !== 'local') {
    await lookAtRemote({ ...request, emptySource, location: source, newest, stallMs })
    return { disk: undefined, accepted: [] }
  }
  if (emptySource === 'refuse') await refuseSuddenlyEmpty(source.path, newest)
  return guardAgainstOtherDisk(source.path, request, snapshots)
}

/**
 * Finds out what a source lies on, and holds it against what it lay on.
 * @throws SnapfsError SOURCE_REFUSED for a source whose disk is not mounted, or is another
 */
async function guardAgainstOtherDisk(
  source: string,
  { changedSource }: Pick<Acceptance, 'changedSource'>,
  snapshots: readonly Snapshot[],
): Promise<GuardedDisk> {
  const disk = await readSourceDisk(source, await readMountTable())
  const change = findDiskChange(source, disk, snapshots)
  if (change === undefined) return { disk, accepted: [] }
  if (changedSource !== 'accept') throw diskError(source, change)
  return { disk, accepted: [{ what: 'disk', why: `Accepted: ${diskSentence(source, change)}` }] }
}

/**
 * Holds what the scan counted against the last snapshot.
 * @throws SnapfsError SOURCE_REFUSED for a source that shrank beyond what is allowed
 */
export function guardAgainstShrink(
  guarded: GuardedSource,
  { counts, unreadable }: Pick<SourceScan, 'counts' | 'unreadable'>,
): readonly Accepted[] {
  const { source, profile, place, snapshots } = guarded
  const shrink = findShrink(
    shrinkBasis(snapshots),
    { ...counts, unreadable: unreadable.length },
    profile.maxShrink ?? DEFAULT_MAX_SHRINK,
    (past) =>
      countStillThere(
        bytePathFromText(treeDirectory(place, past.id)),
        bytePathFromText(guarded.source),
      ),
  )
  if (shrink === undefined) return []
  const isAccepted =
    guarded.changedSource === 'accept' || (guarded.emptySource === 'allow' && counts.entries === 1)
  if (!isAccepted) throw shrinkError(source, shrink)
  return [{ what: 'shrink', why: `Accepted: ${shrinkSentence(source, shrink)}` }]
}
