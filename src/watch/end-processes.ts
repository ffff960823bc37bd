/** Ending processes that may not want to end, or cannot. */
import { setTimeout } from 'node:timers/promises'
import { killProcess, readProcessTree, type TreeProcess } from './process-tree.ts'

/** A process that lives on so long after SIGKILL waits in the kernel, for a disk that does not answer. */
export const UNDYING_AFTER_MS = 4000

/**
 * Sends SIGKILL to a process and everything below it. A stopped process hears nothing else, and one that is left
 * would hold the pipes open when its parent has gone.
 * @param more processes that were below it, and need not be any more
 */
export async function killTree(root: number, more: readonly TreeProcess[] = []): Promise<void> {
  for (const process of [...more, ...(await readProcessTree(root))]) await killProcess(process)
}

/** @param over resolves, and never rejects, at the end @returns whether it came within so many milliseconds */
export async function endsWithin(over: Promise<unknown>, limitMs: number): Promise<boolean> {
  const waiting = new AbortController()
  try {
    return await Promise.race([
      over.then(() => true),
      setTimeout(limitMs, false, { signal: waiting.signal }),
    ])
  } finally {
    waiting.abort()
  }
}
