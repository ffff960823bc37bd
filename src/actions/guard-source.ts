/**
 * What a run does about a source that is not what it was: it refuses, or, where the user said so, notes in the
 * manifest what was accepted.
 */
import type { Manifest } from '../model/manifest.ts'
import { DEFAULT_MAX_SHRINK } from '../model/max-shrink.ts'
import type { Profile } from '../model/profile.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { excludeRule } from '../rsync/filter-rules.ts'
import type { SourceScan } from '../scan/scan-source.ts'
import { findShrink, shrinkBasis, shrinkError, shrinkSentence } from './judge-shrink.ts'

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
  /** Patterns of the profile and of the command line. */
  readonly exclude: readonly string[]
  /** All that the series holds, oldest first. */
  readonly snapshots: readonly Snapshot[]
}

/** What would have been refused, and was accepted. */
export interface Accepted {
  readonly what: NonNullable<Manifest['accepted']>[number]
  readonly why: string
}

/**
 * Holds what the scan counted against the last snapshot.
 * @throws SnapfsError SOURCE_REFUSED for a source that shrank beyond what is allowed
 */
export function guardAgainstShrink(
  guarded: GuardedSource,
  { counts, unreadable }: Pick<SourceScan, 'counts' | 'unreadable'>,
): readonly Accepted[] {
  const { source, profile, exclude, snapshots } = guarded
  const shrink = findShrink(
    shrinkBasis(snapshots),
    { ...counts, unreadable: unreadable.length },
    profile.maxShrink ?? DEFAULT_MAX_SHRINK,
    { rules: exclude.map(excludeRule) },
  )
  if (shrink === undefined) return []
  const isAccepted =
    guarded.changedSource === 'accept' || (guarded.emptySource === 'allow' && counts.entries === 1)
  if (!isAccepted) throw shrinkError(source, shrink)
  return [{ what: 'shrink', why: `Accepted: ${shrinkSentence(source, shrink)}` }]
}
