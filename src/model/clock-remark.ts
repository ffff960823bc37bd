/**
 * What a clock says that is behind the snapshots there are. Nothing is lost by it: the sequence orders a series, and
 * an id is taken once. But who reads the names is led astray, and so is a policy that counts days.
 */
import { formatRoughDuration } from './duration.ts'
import type { Snapshot } from './snapshot.ts'
import type { SnapshotId } from './snapshot-id.ts'

/** A clock is set by parts of a second all the time. */
const TOLERANCE_MS = 1000
/** No machine is off by so much unless its clock has lost its battery, or was set wrong. */
const ABSURD_MS = 24 * 3_600_000

/**
 * The sentence about it; undefined when the clock is ahead of all snapshots.
 * @param snapshots oldest first
 * @param id that of the snapshot in the making
 */
export function clockRemark(
  nowMs: number,
  id: SnapshotId,
  snapshots: readonly Snapshot[],
): string | undefined {
  const started = ({ manifest }: Snapshot): number => Date.parse(manifest.startedAt)
  const latest = snapshots.reduce<Snapshot | undefined>(
    (best, snapshot) => (best === undefined || started(snapshot) > started(best) ? snapshot : best),
    undefined,
  )
  if (latest === undefined) return undefined
  const behindMs = started(latest) - nowMs
  // Also when a damaged manifest holds no time.
  if (!(behindMs > TOLERANCE_MS)) return undefined
  const figures = `The clock is ${formatRoughDuration(behindMs)} behind the snapshot ${latest.id}`
  const order = `${id} comes after it in the series all the same, whatever its name says`
  return behindMs > ABSURD_MS
    ? `${figures}, which is in the future: the clock is wrong now, or was wrong then. ${order}.`
    : `${figures}. ${order}.`
}
