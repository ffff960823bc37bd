/** The lock of a series, from taking it or waiting for it to giving it back. */
import { messageOf } from '../errors/system-error.ts'
import type { World } from '../model/world.ts'
import type { SeriesPlace } from '../repository/layout.ts'
import { type Lock, takeLock } from '../repository/lock.ts'
import { openRepository } from '../repository/open-repository.ts'
import { prepareSeries } from '../repository/staged-snapshot.ts'
import { tidyUpAfter } from './out-of-reach.ts'
import { waitForLock } from './wait-for-lock.ts'

export interface LockRequest {
  /** What is at work, for others to read. Absent: a backup. */
  readonly command?: 'snapfs prune' | 'snapfs label'
  /** How long to wait for another that works on the profile. 0: not at all. Infinity: for ever. */
  readonly waitMs: number
  /** Called once, with a sentence about the other, when the wait begins. */
  readonly onWait: (sentence: string) => void
  readonly signal: AbortSignal
}

/** @throws SnapfsError LOCKED when another works there, and for a repository that went away meanwhile */
export async function lockSeries(
  request: LockRequest,
  { clock, timeZone }: World,
  place: SeriesPlace,
): Promise<Lock> {
  const describe = () => import('./describe-lock.ts')
  const moment = () => ({ nowMs: clock.now(), timeZone })
  const result = await waitForLock({
    limitMs: request.waitMs,
    clock,
    signal: request.signal,
    async attempt() {
      await openRepository(place.repository)
      await prepareSeries(place)
      return takeLock(place, request.command ?? 'snapfs backup', clock.now())
    },
    async onWait(obstacle) {
      request.onWait((await describe()).waitingSentence(obstacle, place, moment()))
    },
  })
  if (result.kind === 'taken') return result.lock
  throw (await describe()).lockedError(result.obstacle, place, moment(), result.waitedMs)
}

/**
 * Runs a step, and gives the lock back whatever happened. A lock that stays is no reason to call a snapshot that was
 * published a failure: its process is dead soon, and the next run takes it over.
 */
export async function thenRelease<Report extends { readonly warnings: readonly string[] }>(
  lock: Lock,
  step: () => Promise<Report>,
): Promise<Report> {
  let report: Report
  try {
    report = await step()
  } catch (error) {
    await tidyUpAfter(error, () => lock.release())
    throw error
  }
  try {
    await lock.release()
    return report
  } catch (error) {
    const warning = `The lock could not be removed; the next backup takes it over: ${messageOf(error)}.`
    return { ...report, warnings: [...report.warnings, warning] }
  }
}
