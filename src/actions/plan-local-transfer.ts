/** What a backup of a local source would copy: what its scan decides. */
import { bytePathFromText } from '../model/entry-name.ts'
import type { KeptAttributes } from '../model/link-block.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import { treeDirectory } from '../repository/layout.ts'
import { LinkCrew } from '../repository/link-crew.ts'
import type { RsyncVersion } from '../rsync/version.ts'
import { listPlan, nothingToDo, type PlannedTransfer } from '../scan/planned-transfer.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import type { StateHeader } from '../scan/source-state.ts'
import { StateWriter } from '../scan/state-writer.ts'
import { chooseBases } from './choose-bases.ts'
import { type Acceptance, type Accepted, guardAgainstShrink } from './guard-source.ts'
import { type ScanTask, scanForBackup } from './scan-for-backup.ts'
import { findUnchanged, type ProofTask } from './find-unchanged.ts'
import { stateHeader } from './state-header.ts'
import type { TreeTransfer } from './transfer.ts'
import { fidelityOf } from './transfer-tree.ts'

export interface PlanTask
  extends Omit<ScanTask, 'judgeScan' | 'profile' | 'state'>, Pick<ProofTask, 'onUnchanged'> {
  readonly profile: ScanTask['profile'] & Parameters<typeof guardAgainstShrink>[0]['profile']
  readonly rsync: RsyncVersion
  /** That the snapshot would have. */
  readonly id: SnapshotId
}

export interface LocalPlan {
  readonly planned: PlannedTransfer
  readonly accepted: readonly Accepted[]
  /** Whether there would be no snapshot, since nothing has changed. */
  readonly isUnchanged: boolean
}

/** A scan by which nothing is written. */
export interface PlanningScan {
  readonly scan: SourceScan
  /** Describes its devices. */
  readonly header: StateHeader
  /** Best first. */
  readonly bases: readonly Snapshot[]
}

/** What a run without a try at the repository takes it to keep. */
export interface PlannedMeans {
  readonly keeps: KeptAttributes
  /** Whether it may rely on one that copied so much with the content. */
  readonly isEnough: (fidelity: string) => boolean
  readonly fidelity: string
}

/**
 * What the repository keeps can be tried out only by writing; it is taken for one that keeps all, as the file systems
 * of Linux do.
 */
export function plannedMeans({ acls, xattrs }: RsyncVersion, asRoot: boolean): PlannedMeans {
  const full = fidelityOf({ xattrs, acls, asRoot })
  const poor = fidelityOf({ xattrs: false, acls, asRoot })
  return {
    keeps: { nanoseconds: true, modes: true, owners: asRoot },
    isEnough: (fidelity) => fidelity === full || fidelity === poor,
    fidelity: full,
  }
}

/** @throws SnapfsError when a signal ended it, or the source is judged not to be backed up */
export async function scanWithoutWriting(
  task: PlanTask,
  { keeps, isEnough, fidelity }: PlannedMeans,
  judgeScan: TreeTransfer['judgeScan'],
): Promise<PlanningScan> {
  const bases = chooseBases(task.snapshots)
  const { scan } = await scanForBackup(
    { ...task, judgeScan, state: new StateWriter() },
    keeps,
    new LinkCrew({ tree: undefined, keeps, worker: undefined }),
    isEnough,
    bases,
  )
  const run = { staged: { id: task.id }, startedMs: task.startedMs }
  return { scan, header: await stateHeader(run, scan, fidelity), bases }
}

/** @throws SnapfsError SOURCE_REFUSED for a source that shrank, and when a signal ended the scan */
export async function planLocalTransfer(
  task: PlanTask,
  request: Acceptance & { readonly namesFiles: boolean },
  asRoot: boolean,
): Promise<LocalPlan> {
  const accepted: Accepted[] = []
  const means = plannedMeans(task.rsync, asRoot)
  const unchanged = await findUnchanged(task, means.keeps, means.isEnough)
  if (unchanged !== undefined) {
    return { planned: nothingToDo(unchanged.counts), accepted, isUnchanged: true }
  }
  const { scan, header, bases } = await scanWithoutWriting(task, means, (judged) =>
    accepted.push(...guardAgainstShrink({ ...request, ...task }, judged)),
  )
  const [basis] = bases
  const planned = listPlan(scan, header, {
    namesFiles: request.namesFiles,
    basis: basis === undefined ? undefined : bytePathFromText(treeDirectory(task.place, basis.id)),
  })
  return { planned, accepted, isUnchanged: false }
}
