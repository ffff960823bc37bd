/** Looking after a running rsync: whether it gets on, and ending it with all that it started. */
import { setTimeout } from 'node:timers/promises'
import { showLife } from '../model/sign-of-life.ts'
import { endsWithin, killTree, UNDYING_AFTER_MS } from '../watch/end-processes.ts'
import { hasRunMoved, type RunLook } from '../watch/movement.ts'
import { readProcessTree } from '../watch/process-tree.ts'
import { lookAgain, looksFor, NOTHING_SEEN, type StallWatch } from '../watch/stall-watch.ts'

/** How long rsync may take to tidy up after SIGTERM before it is killed. */
const KILL_AFTER_MS = 2500
const COUNT_READS_MS = 500

export interface RunningChild {
  readonly pid: number
  /** Lines of output so far. */
  readonly lines: () => number
  /** Resolves, and never rejects, when the process has ended and its output is read. */
  readonly over: Promise<unknown>
}

/**
 * Returns true once nothing has moved for so long.
 * @param signal given when there is nothing to wait for any more; then false is returned
 */
export async function waitForStall(
  child: RunningChild,
  stallMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { everyMs, limit } = looksFor(stallMs)
  let watch: StallWatch<RunLook> = NOTHING_SEEN
  while (watch.quietLooks < limit) {
    await setTimeout(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
    if (signal.aborted) return false
    const look = { lines: child.lines(), processes: await readProcessTree(child.pid) }
    watch = lookAgain(watch, look, (before, now) => hasRunMoved(before, now, everyMs))
    if (watch.quietLooks === 0) showLife()
  }
  return true
}

/** Tells how much a process and those below it have read, until the signal is given. Never throws. */
export async function countReads(
  pid: number,
  signal: AbortSignal,
  tell: (bytes: number) => void,
): Promise<void> {
  let most = 0
  for (;;) {
    await setTimeout(COUNT_READS_MS, undefined, { signal, ref: false }).catch(() => undefined)
    if (signal.aborted) return
    // One that has ended takes its count with it.
    const processes = await readProcessTree(pid)
    most = Math.max(
      most,
      processes.reduce((sum, { readBytes }) => sum + (readBytes ?? 0), 0),
    )
    tell(most)
  }
}

/**
 * Ends a run: by SIGTERM, and soon by SIGKILL to all of it.
 * @returns whether it ended
 */
export async function endRun({ pid, over }: RunningChild): Promise<boolean> {
  const started = await readProcessTree(pid)
  const [main] = started
  if (main !== undefined) sendTerm(main.pid)
  if (await endsWithin(over, KILL_AFTER_MS)) return true
  await killTree(pid, started)
  return endsWithin(over, UNDYING_AFTER_MS)
}

function sendTerm(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // It ended just now.
  }
}
