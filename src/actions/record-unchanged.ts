/** The end of a backup that made no snapshot, since its source is what the newest one holds. */
import { messageOf } from '../errors/system-error.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import { showLife } from '../model/sign-of-life.ts'
import { VERIFICATION_FORMAT } from '../model/verification.ts'
import type { World } from '../model/world.ts'
import { snapshotDirectory } from '../repository/layout.ts'
import { removeLeftovers } from '../repository/leftovers.ts'
import { discardSnapshot } from '../repository/staged-snapshot.ts'
import { appendVerification } from '../repository/verification-log.ts'
import type { UnchangedSource } from './find-unchanged.ts'
import type { TransferTask } from './transfer.ts'

/** What a backup says that made no snapshot. */
export interface UnchangedReport {
  readonly kind: 'unchanged'
  readonly profile: string
  /** The time of the run, as an id that no snapshot has. */
  readonly id: SnapshotId
  /** What the source equals, and where that is. */
  readonly snapshot: SnapshotId
  readonly path: string
  /** When that began, and when it was found equal: RFC 3339 in UTC. */
  readonly since: string
  readonly verifiedAt: string
  readonly counts: UnchangedSource['counts']
  /** Sentences. */
  readonly warnings: readonly string[]
  readonly durationMs: number
}

/** Writes down when the source was found equal to a snapshot. @throws the operating system's error; then it is not */
export async function recordUnchanged(
  run: Pick<TransferTask, 'place' | 'staged' | 'leftovers' | 'startedMs'> & {
    readonly profile: { readonly name: string }
    readonly startedElapsed: number
  },
  { snapshot, counts, fidelity }: UnchangedSource,
  { clock, version }: World,
): Promise<UnchangedReport> {
  const { place, staged, startedMs } = run
  const startedAt = new Date(startedMs).toISOString()
  const since = snapshot.manifest.startedAt
  showLife('publish')
  await appendVerification(place, snapshot.id, {
    format: VERIFICATION_FORMAT,
    id: staged.id,
    snapshot: snapshot.id,
    snapshotStartedAt: since,
    startedAt,
    finishedAt: new Date(clock.now()).toISOString(),
    fidelity,
    entries: counts.entries,
    totalBytes: counts.totalBytes,
    snapfsVersion: version,
  })
  showLife('settle')
  return {
    kind: 'unchanged',
    profile: run.profile.name,
    id: staged.id,
    snapshot: snapshot.id,
    path: snapshotDirectory(place, snapshot.id),
    since,
    verifiedAt: startedAt,
    counts,
    warnings: await tidyUp(run),
    durationMs: Math.round(clock.elapsed() - run.startedElapsed),
  }
}

/** Nothing of an interrupted run is wanted any more: all that there is has a place in the snapshot. */
async function tidyUp({
  staged,
  leftovers,
}: Pick<TransferTask, 'staged' | 'leftovers'>): Promise<readonly string[]> {
  try {
    await discardSnapshot(staged)
    await removeLeftovers(leftovers)
    return []
  } catch (error) {
    return [`What lies in .incoming could not be removed: ${messageOf(error)}.`]
  }
}
