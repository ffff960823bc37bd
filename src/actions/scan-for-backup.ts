/** The scan of a source before a backup: what to leave out, and what to hold the source against. */
import type { KeptAttributes, Linker } from '../model/link-block.ts'
import { bytePathFromText } from '../model/entry-name.ts'
import { epochMsOf } from '../model/snapshot-id.ts'
import { showLife } from '../model/sign-of-life.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { treeDirectory } from '../repository/layout.ts'
import { stateFile, STATES_KEPT } from '../repository/state-store.ts'
import { thisMachine } from '../repository/this-machine.ts'
import { openState } from '../scan/open-state.ts'
import { scanSource } from '../scan/scan-source.ts'
import type { RememberedTree, SourceScan } from '../scan/source-scan.ts'
import { readAttempts } from './go-on.ts'
import { throwIfInterrupted } from './interruption.ts'
import { prepareWalk, skippedRules } from './source-walk.ts'
import type { TreeTransfer } from './transfer.ts'

export interface BackupScan {
  readonly scan: SourceScan
  /** Rules for what is left out by itself. */
  readonly skipped: readonly string[]
}

/** What of a backup its scan must know; a dry run knows no more. */
export type ScanTask = Pick<
  TreeTransfer,
  | 'place'
  | 'source'
  | 'snapshots'
  | 'leftovers'
  | 'exclude'
  | 'compareBy'
  | 'profile'
  | 'startedMs'
  | 'signal'
  | 'progress'
  | 'judgeScan'
  | 'state'
>

/**
 * @param keeps what the repository keeps of an entry
 * @param linker links what is unchanged, while the scan goes on
 * @param isEnough whether this run may rely on one that copied so much with the content
 * @throws SnapfsError when a signal ended it, or the source is judged not to be backed up
 */
export async function scanForBackup(
  run: ScanTask,
  keeps: KeptAttributes,
  linker: Linker,
  isEnough: (fidelity: string) => boolean,
  bases: readonly Snapshot[],
): Promise<BackupScan> {
  const { place, signal } = run
  const prepared = await prepareWalk(run)
  showLife('scan')
  const { machineId, bootId } = await thisMachine()
  const remembered = await newestRemembered(run, isEnough)
  const attempts = await readAttempts(run.leftovers, isEnough)
  const scan = await scanSource({
    ...prepared.walk,
    mounts: prepared.mounts,
    bases: bases.map((basis) => ({
      tree: bytePathFromText(treeDirectory(place, basis.id)),
      startedMs: Math.min(Date.parse(basis.manifest.startedAt), epochMsOf(basis.id)),
    })),
    remembered,
    attempts,
    linker,
    state: run.state,
    keeps,
    compareBy: run.compareBy,
    machineId,
    bootId,
    nowMs: run.startedMs,
    signal,
    onProgress: (entries) => run.progress.scanned(entries),
  }).finally(() => {
    for (const { state } of [...attempts, ...(remembered === undefined ? [] : [remembered])]) {
      state?.close()
    }
  })
  throwIfInterrupted(signal)
  run.judgeScan(scan)
  return { scan, skipped: skippedRules(prepared, scan.repositories) }
}

/** The newest snapshot whose source is remembered, if that can be relied on. */
export async function newestRemembered(
  run: Pick<ScanTask, 'place' | 'snapshots'>,
  isEnough: (fidelity: string) => boolean,
): Promise<RememberedTree | undefined> {
  for (const snapshot of run.snapshots.toReversed().slice(0, STATES_KEPT)) {
    const reading = await openState(stateFile(run.place, snapshot.id))
    if (reading.kind === 'damaged') continue
    const { header } = reading.state
    const isOfSnapshot =
      header.snapshot === snapshot.id && header.startedAt === snapshot.manifest.startedAt
    if (!isOfSnapshot || !isEnough(header.fidelity)) {
      reading.state.close()
      continue
    }
    const tree = bytePathFromText(treeDirectory(run.place, snapshot.id))
    return { tree, state: reading.state }
  }
  return undefined
}
