/** What a backup of a local source would copy: what its scan decides. */
import { bytePathFromText } from '../model/entry-name.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import { treeDirectory } from '../repository/layout.ts'
import { LinkCrew } from '../repository/link-crew.ts'
import type { RsyncVersion } from '../rsync/version.ts'
import { listPlan, nothingToDo, type PlannedTransfer } from '../scan/planned-transfer.ts'
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

/**
 * What the repository keeps can be tried out only by writing; it is taken for one that keeps all, as the file systems
 * of Linux do.
 * @throws SnapfsError SOURCE_REFUSED for a source that shrank, and when a signal ended the scan
 */
export async function planLocalTransfer(
  task: PlanTask,
  request: Acceptance & { readonly namesFiles: boolean },
  asRoot: boolean,
): Promise<LocalPlan> {
  const accepted: Accepted[] = []
  const { acls, xattrs } = task.rsync
  const full = fidelityOf({ xattrs, acls, asRoot })
  const poor = fidelityOf({ xattrs: false, acls, asRoot })
  const bases = chooseBases(task.snapshots)
  const judgeScan: TreeTransfer['judgeScan'] = (scan) =>
    accepted.push(...guardAgainstShrink({ ...request, ...task }, scan))
  const keeps = { nanoseconds: true, modes: true, owners: asRoot }
  const isEnough = (fidelity: string): boolean => fidelity === full || fidelity === poor
  const unchanged = await findUnchanged(task, keeps, isEnough)
  if (unchanged !== undefined) {
    return { planned: nothingToDo(unchanged.counts), accepted, isUnchanged: true }
  }
  const { scan } = await scanForBackup(
    { ...task, judgeScan, state: new StateWriter() },
    keeps,
    new LinkCrew({ tree: undefined, keeps, worker: undefined }),
    isEnough,
    bases,
  )
  const run = { staged: { id: task.id }, startedMs: task.startedMs }
  const [basis] = bases
  const planned = listPlan(scan, await stateHeader(run, scan, full), {
    namesFiles: request.namesFiles,
    basis: basis === undefined ? undefined : bytePathFromText(treeDirectory(task.place, basis.id)),
  })
  return { planned, accepted, isUnchanged: false }
}
