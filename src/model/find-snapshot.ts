/** A snapshot as people name it. Pure. */
import type { Label } from './labels.ts'
import type { Moment } from './local-time.ts'
import { parsePointInTime } from './point-in-time.ts'
import { epochMsOf, type SnapshotId } from './snapshot-id.ts'

/** For the sentence that refuses another text. */
export const SNAPSHOT_EXAMPLES =
  '2026-11-22T14-30-00Z (an id), latest, latest~2, 2026-11-22, "2026-11-22 14:30", yesterday, "3 days ago" or tag:NAME'

export type Finding<Snapshot> =
  | { readonly kind: 'found'; readonly snapshot: Snapshot }
  /** It is understood, and there is none. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'not understood' }

const LATEST = /^latest(?:~(?<back>\d{1,6}))?$/u
const TAG = /^tag:(?<tag>.+)$/su

/**
 * An id; `latest`, `latest~N` for the one N before it; `tag:NAME` for the newest with that tag; else a moment as `parsePointInTime` reads it, for the
 * newest that was taken up to then.
 * @param snapshots oldest first
 */
export function findSnapshot<Snapshot extends { readonly id: SnapshotId }>(
  text: string,
  snapshots: readonly Snapshot[],
  labels: ReadonlyMap<string, Label>,
  moment: Moment,
): Finding<Snapshot> {
  const exact = snapshots.find(({ id }) => id === text)
  if (exact !== undefined) return { kind: 'found', snapshot: exact }
  const latest = LATEST.exec(text)
  if (latest !== null) return foundOrNot(snapshots.at(-1 - Number(latest.groups?.['back'] ?? '0')))
  const tag = TAG.exec(text)?.groups?.['tag']
  if (tag !== undefined) {
    return foundOrNot(snapshots.findLast(({ id }) => labels.get(id)?.tags.includes(tag) === true))
  }
  const untilMs = parsePointInTime(text, moment)
  if (untilMs === undefined) return { kind: 'not understood' }
  return foundOrNot(snapshots.findLast(({ id }) => epochMsOf(id) <= untilMs))
}

function foundOrNot<Snapshot>(snapshot: Snapshot | undefined): Finding<Snapshot> {
  return snapshot === undefined ? { kind: 'absent' } : { kind: 'found', snapshot }
}
