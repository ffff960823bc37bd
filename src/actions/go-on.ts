/**
 * Going on where an interrupted run ended. It cannot be gone on in its tree, which shares inodes with snapshots by
 * then; it is one more tree to link to, and removed as soon as all that is right in it has been taken.
 */
import { SnapfsError } from '../errors/snapfs-error.ts'
import { bytePathFromText } from '../model/entry-name.ts'
import { showLife } from '../model/sign-of-life.ts'
import type { Clock } from '../model/world.ts'
import { forgetCheckpoints, makeCheckpoint } from '../repository/checkpoint.ts'
import { holdsCopies, type Leftover } from '../repository/leftovers.ts'
import { discardSnapshot, type StagedSnapshot } from '../repository/staged-snapshot.ts'
import type { Attempt, SourceScan } from '../scan/source-scan.ts'
import { openState } from '../scan/open-state.ts'
import type { SourceState } from '../scan/source-state.ts'
import { stateHeader } from './state-header.ts'
import type { TreeTransfer } from './transfer.ts'

/** So much work may have to be looked at again after a kill; each checkpoint writes to the disk what is cached. */
const CHECKPOINT_MS = 60_000
/** Who presses Ctrl-C does not wait for a slow disk. */
const LAST_CHECKPOINT_MS = 2000
/** Beyond this the clock and the one that does not jump disagree. */
const DRIFT_MS = 1000

/** What the scan may believe of interrupted runs. */
export async function readAttempts(
  leftovers: readonly Leftover[],
  isEnough: (fidelity: string) => boolean,
): Promise<readonly Attempt[]> {
  return Promise.all(
    leftovers.map(async ({ trees, state, durableNs }) => ({
      trees: trees.map(bytePathFromText),
      state: await readAttemptState(state, isEnough),
      durableNs,
    })),
  )
}

async function readAttemptState(
  file: string,
  isEnough: (fidelity: string) => boolean,
): Promise<SourceState | undefined> {
  const reading = await openState(file)
  if (reading.kind === 'damaged') return undefined
  if (isEnough(reading.state.header.fidelity)) return reading.state
  reading.state.close()
  return undefined
}

/** Makes what the source was, in the staged snapshot, of use for a run that may have to go on. */
export async function rememberScan(
  run: TreeTransfer,
  scan: SourceScan,
  fidelity: string,
): Promise<void> {
  scan.state.seal(await stateHeader(run, scan, fidelity))
}

/**
 * Runs a step, and makes a checkpoint now and then meanwhile. One that fails is left out: the step meets the same
 * disk and says so.
 */
export async function withCheckpoints<T>(
  staged: StagedSnapshot,
  clock: Clock,
  step: () => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const checkpoints = makeCheckpoints(staged, clock, stop.signal)
  try {
    const result = await step()
    stop.abort()
    await checkpoints
    return result
  } finally {
    // After a failure a checkpoint under way is not waited for: the disk may be what hangs.
    stop.abort()
  }
}

async function makeCheckpoints(
  staged: StagedSnapshot,
  clock: Clock,
  stop: AbortSignal,
): Promise<void> {
  const offset = clock.now() - clock.elapsed()
  for (;;) {
    await clock.sleep(CHECKPOINT_MS, stop)
    if (stop.aborted) return
    // The times of files tell nothing of their order when the clock was set back.
    if (clock.now() - clock.elapsed() < offset - DRIFT_MS) {
      await forgetCheckpoints(staged).catch(() => undefined)
      return
    }
    await makeCheckpoint(staged).catch(() => undefined)
  }
}

/**
 * Decides what becomes of a staged snapshot whose run failed: it is kept for the next run to go on with, or removed
 * when that would not help or when its space is needed.
 * @returns the error to be told, which says when something was kept
 */
export async function settleUnfinished(
  staged: StagedSnapshot,
  clock: Clock,
  error: unknown,
): Promise<unknown> {
  showLife('tidy')
  const isWorthIt =
    error instanceof SnapfsError &&
    KEPT_AFTER.has(error.code) &&
    (await holdsCopies(staged.directory))
  if (!isWorthIt) {
    await discardSnapshot(staged)
    return error
  }
  const enough = new AbortController()
  await Promise.race([
    makeCheckpoint(staged).catch(() => undefined),
    clock.sleep(LAST_CHECKPOINT_MS, enough.signal),
  ])
  enough.abort()
  const { code, message, hint = '', details } = error
  const kept = `${hint} What was copied is kept, and the next backup goes on from there.`
  return new SnapfsError(code, message, { hint: kept.trim(), details, cause: error })
}

const KEPT_AFTER: ReadonlySet<string> = new Set([
  ...['INTERRUPTED', 'TERMINATED', 'HANGUP', 'TIME_UP', 'RSYNC_FAILED'],
])
