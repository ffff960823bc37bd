/** Whether a run reads all of the source or believes what the system says of it. Pure. */
import type { Snapshot } from '../model/snapshot.ts'

/**
 * `content` when it was asked for, and when the last snapshot for which all was read is older than the interval. The
 * first of a series was: it is a copy of everything.
 * @param intervalMs undefined: never by itself
 * @param snapshots oldest first
 */
export function chooseComparison(
  asked: boolean,
  intervalMs: number | undefined,
  snapshots: readonly Snapshot[],
  nowMs: number,
): 'content' | 'state' {
  if (asked) return 'content'
  if (intervalMs === undefined || snapshots.length === 0) return 'state'
  const read = snapshots.findLast(({ manifest }) => manifest.comparedBy === 'content')
  // When retention has removed that one, the oldest that is left is no older.
  const since = read ?? snapshots[0]
  if (since === undefined) return 'state'
  return nowMs - Date.parse(since.manifest.startedAt) >= intervalMs ? 'content' : 'state'
}
