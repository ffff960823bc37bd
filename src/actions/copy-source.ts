/** Filling a staged tree and looking whether it holds what it should, wherever the source is. */
import type { RemoteAccess } from '../model/remote-access.ts'
import type { SourceLocation } from '../model/source-location.ts'
import { showLife } from '../model/sign-of-life.ts'
import { syncFileSystem } from '../repository/sync-file-system.ts'
import { StateWriter } from '../scan/state-writer.ts'
import { confirmByCounting } from './confirm-by-counting.ts'
import { type Confirmed, confirmTransfer, keepState } from './confirm-transfer.ts'
import { findUnchanged, type UnchangedSource } from './find-unchanged.ts'
import { throwIfInterrupted } from './interruption.ts'
import { transferRemoteTree } from './transfer-remote-tree.ts'
import type { CopyResult, TransferTask, TreeTransfer } from './transfer.ts'
import { probeMeans, transferTree } from './transfer-tree.ts'

export interface CopiedSource {
  readonly kind: 'copied'
  readonly transfer: CopyResult
  readonly confirmed: Confirmed
  /** Sentences about what was found when looking. */
  readonly warnings: readonly string[]
}

/**
 * Copies nothing where nothing has changed, and that is wanted.
 * @throws SnapfsError when the tree cannot be published
 */
export async function copySource(
  task: TransferTask,
  source: SourceLocation,
  access: RemoteAccess,
): Promise<CopiedSource | UnchangedSource> {
  // The files reach the disk while we look at them; what is written after that is little.
  const synced = () => {
    showLife('sync')
    return syncFileSystem(task.staged.directory)
  }
  if (source.kind === 'local') {
    const state = new StateWriter(task.staged.state)
    try {
      const local: TreeTransfer = { ...task, source: source.path, state }
      const means = await probeMeans(local)
      const unchanged = await findUnchanged(local, means.keeps, (other) => other === means.fidelity)
      if (unchanged !== undefined) return unchanged
      const transfer = await transferTree(local, means)
      const [confirmed] = await Promise.all([confirmTransfer(local, transfer), synced()])
      throwIfInterrupted(task.signal)
      return { kind: 'copied', transfer, confirmed, warnings: await keepState(local, confirmed) }
    } finally {
      state.close()
    }
  }
  const transfer = await transferRemoteTree(task, source, access)
  const [confirmed] = await Promise.all([confirmByCounting(task, transfer), synced()])
  return { kind: 'copied', transfer, confirmed, warnings: confirmed.warnings }
}
