/**
 * Whether a backup need not make a snapshot, since its source is proven to be what the newest one holds. Whatever is
 * not proven makes an ordinary one.
 */
import { isDeepStrictEqual } from 'node:util'
import type { KeptAttributes } from '../model/link-block.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { showLife } from '../model/sign-of-life.ts'
import { thisMachine } from '../repository/this-machine.ts'
import { hasRoomForVerification } from '../repository/verification-log.ts'
import { proveUnchanged, type Proof } from '../scan/prove-unchanged.ts'
import { throwIfInterrupted } from './interruption.ts'
import { newestRemembered } from './scan-for-backup.ts'
import {
  leaveOutOf,
  prepareWalk,
  rulesInForce,
  skippedRules,
  type WalkTask,
} from './source-walk.ts'
import type { TreeTransfer } from './transfer.ts'

export interface UnchangedSource {
  readonly kind: 'unchanged'
  /** What it equals. */
  readonly snapshot: Snapshot
  readonly counts: Proof['counts']
  /** What was stored with the content, and is unchanged too. */
  readonly fidelity: string
}

/** What of a backup the proof must know; a dry run knows no more. */
export type ProofTask = WalkTask &
  Pick<
    TreeTransfer,
    'snapshots' | 'compareBy' | 'onUnchanged' | 'startedMs' | 'signal' | 'progress'
  >

/**
 * @param keeps what the repository keeps of an entry
 * @param isEnough whether this run may rely on one that copied so much with the content
 * @throws SnapfsError when a signal ended it
 */
export async function findUnchanged(
  run: ProofTask,
  keeps: KeptAttributes,
  isEnough: (fidelity: string) => boolean,
): Promise<UnchangedSource | undefined> {
  const snapshot = snapshotToEqual(run)
  if (snapshot === undefined || !(await hasRoomForVerification(run.place, snapshot.id))) return
  const remembered = await newestRemembered(run, isEnough)
  if (remembered === undefined) return
  try {
    const { header } = remembered.state
    if (header.snapshot !== snapshot.id) return
    showLife('scan')
    const prepared = await prepareWalk(run)
    const proof = await proveUnchanged({
      ...prepared.walk,
      mounts: prepared.mounts,
      ...(await thisMachine()),
      remembered,
      keeps,
      bases: [],
      compareBy: run.compareBy,
      nowMs: run.startedMs,
      signal: run.signal,
      onProgress: (entries) => run.progress.scanned(entries),
    })
    throwIfInterrupted(run.signal)
    if (proof === undefined) return
    const rules = rulesInForce(skippedRules(prepared, proof.repositories), run)
    if (!isDeepStrictEqual(rules, snapshot.manifest.filters)) return
    return { kind: 'unchanged', snapshot, counts: proof.counts, fidelity: header.fidelity }
  } finally {
    remembered.state.close()
  }
}

/**
 * The snapshot that the source may equal: the newest, when it was made of the same source in the same way, and lacks
 * nothing. A run that is to read all files makes a snapshot, which says that they were read.
 */
function snapshotToEqual(run: ProofTask): Snapshot | undefined {
  const newest = run.snapshots.at(-1)
  if (run.onUnchanged !== 'skip' || run.compareBy !== 'state' || newest === undefined) return
  const { outcome, source, fileSystems, leaveOut } = newest.manifest
  const isSame =
    outcome === 'complete' &&
    source.transport === undefined &&
    source.realPath === run.source &&
    fileSystems === run.profile.fileSystems &&
    isDeepStrictEqual(leaveOut, leaveOutOf(run.profile))
  return isSame ? newest : undefined
}
