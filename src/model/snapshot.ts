import type { Manifest } from './manifest.ts'
import type { SnapshotId } from './snapshot-id.ts'

/** A published state of a source. Immutable: a directory with this name is whole, or does not exist. */
export interface Snapshot {
  readonly id: SnapshotId
  readonly sequence: number
  readonly manifest: Manifest
}

/** Oldest first, by sequence; the id only decides where two snapshots claim one sequence. */
export function compareSnapshots(left: Snapshot, right: Snapshot): number {
  if (left.sequence !== right.sequence) return left.sequence - right.sequence
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0
}
