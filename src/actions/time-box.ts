/** A backup that may take so long and no longer. */
import type { Clock } from '../model/world.ts'
import { TimeUp } from './interruption.ts'

/**
 * Runs a step, and ends it as a signal would when the time is over.
 * @param limitMs undefined: no limit
 */
export async function withinTime<T>(
  limitMs: number | undefined,
  clock: Clock,
  signal: AbortSignal,
  step: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (limitMs === undefined) return step(signal)
  const box = new AbortController()
  const over = new AbortController()
  void clock.sleep(limitMs, over.signal).then(() => {
    if (!over.signal.aborted) box.abort(new TimeUp(limitMs))
  })
  try {
    return await step(AbortSignal.any([signal, box.signal]))
  } finally {
    over.abort()
  }
}
