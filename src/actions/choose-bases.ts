/** Which snapshots a new one may link against. Pure. */
import type { Snapshot } from '../model/snapshot.ts'

/**
 * rsync looks into every basis for each file it does not find, so a few must do. The newest snapshot
 * may be partial; what it lacks is found in a complete one before it, or would be copied again.
 */
const COMPLETE_BASES = 2

/** The bases, best first: the newest complete ones, then the newest of all when that is partial. */
export function chooseBases(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  const newestFirst = snapshots.toReversed()
  const complete = newestFirst.filter((snapshot) => snapshot.manifest.outcome === 'complete')
  const newest = newestFirst[0]
  const bases = complete.slice(0, COMPLETE_BASES)
  return newest === undefined || bases.includes(newest) ? bases : [...bases, newest]
}
