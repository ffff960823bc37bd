/** Looking after a running rsync: whether it gets on, and ending it with all that it started. */
import { setTimeout } from 'node:timers/promises'
import { killProcess, readProcessTree } from './process-tree.ts'
import { lookAgain, looksFor, NOTHING_SEEN } from './stall-watch.ts'

/** How long rsync may take to tidy up after SIGTERM before it is killed. */
const KILL_AFTER_MS = 2500
const COUNT_READS_MS = 500
/** A process that lives on so long after SIGKILL waits in the kernel, for a disk that does not answer. */
const UNDYING_AFTER_MS = 5000

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
  let watch = NOTHING_SEEN
  while (watch.quietLooks < limit) {
    await setTimeout(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
    if (signal.aborted) return false
    watch = lookAgain(watch, {
      lines: child.lines(),
      processes: await readProcessTree(child.pid),
    })
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
 * Ends a run: by SIGTERM, and soon by SIGKILL to all of it. A stopped process hears nothing but SIGKILL, and one
 * below rsync would hold the pipes open when rsync has gone.
 * @returns whether it ended
 */
export async function endRun(child: RunningChild): Promise<boolean> {
  const started = await readProcessTree(child.pid)
  const [main] = started
  if (main !== undefined) sendTerm(main.pid)
  if (await endsWithin(child, KILL_AFTER_MS)) return true
  for (const process of [...started, ...(await readProcessTree(child.pid))]) {
    await killProcess(process)
  }
  return endsWithin(child, UNDYING_AFTER_MS)
}

function sendTerm(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // It ended just now.
  }
}

async function endsWithin(child: RunningChild, limitMs: number): Promise<boolean> {
  const waiting = new AbortController()
  try {
    return await Promise.race([
      child.over.then(() => true),
      setTimeout(limitMs, false, { signal: waiting.signal }),
    ])
  } finally {
    waiting.abort()
  }
}
