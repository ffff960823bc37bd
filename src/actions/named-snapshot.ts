/** The snapshot that somebody has written. */
import { SnapfsError } from '../errors/snapfs-error.ts'
import { findSnapshot, SNAPSHOT_EXAMPLES } from '../model/find-snapshot.ts'
import type { Label } from '../model/labels.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import type { World } from '../model/world.ts'

/**
 * @param snapshots of the series, oldest first
 * @throws SnapfsError USAGE when there is none, or the text names none
 */
export function namedSnapshot<Snapshot extends { readonly id: SnapshotId }>(
  text: string,
  snapshots: readonly Snapshot[],
  labels: ReadonlyMap<string, Label>,
  { profile, world }: { readonly profile: string; readonly world: World },
): Snapshot {
  const moment = { nowMs: world.clock.now(), timeZone: world.timeZone }
  const finding = findSnapshot(text, snapshots, labels, moment)
  if (finding.kind === 'found') return finding.snapshot
  throw new SnapfsError(
    'USAGE',
    finding.kind === 'absent'
      ? `${profile} has no snapshot "${text}".`
      : `"${text}" names no snapshot.`,
    { hint: `Write ${SNAPSHOT_EXAMPLES}. "snapfs list ${profile}" shows what there is.` },
  )
}
