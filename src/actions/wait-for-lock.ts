/** Trying to get a lock until it is there, it is not worth waiting any longer, or the user has had enough. */
import { showLife } from '../model/sign-of-life.ts'
import type { Clock } from '../model/world.ts'
import type { Lock, LockAttempt, Obstacle } from '../repository/lock.ts'
import { throwIfInterrupted } from './interruption.ts'

/** Short at first: the other may be about to finish. */
const FIRST_PAUSE_MS = 100
/** A look reads two small files, so a disk that sleeps is the only reason to look less often. */
const LONGEST_PAUSE_MS = 2000
const PAUSE_GROWTH = 1.5

export interface WaitRequest {
  /** Tries once. */
  readonly attempt: () => Promise<LockAttempt>
  /** 0: not at all. Infinity: for ever. */
  readonly limitMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called once, before the first pause. */
  readonly onWait: (obstacle: Obstacle) => Promise<void>
}

export type WaitResult =
  | { readonly kind: 'taken'; readonly lock: Lock }
  /** `waitedMs` is 0 when it was refused at once. */
  | { readonly kind: 'refused'; readonly obstacle: Obstacle; readonly waitedMs: number }

/** @throws SnapfsError when the signal was given, and what an attempt throws */
export async function waitForLock(request: WaitRequest): Promise<WaitResult> {
  const { clock, limitMs, signal } = request
  const began = clock.elapsed()
  let pauseMs = FIRST_PAUSE_MS
  let isWaiting = false
  for (;;) {
    throwIfInterrupted(signal)
    showLife('wait')
    const attempt = await request.attempt()
    if (attempt.kind === 'taken') return attempt
    const { obstacle } = attempt
    const waitedMs = clock.elapsed() - began
    const leftMs = limitMs - waitedMs
    if (leftMs <= 0 || !mayPass(obstacle)) {
      return { kind: 'refused', obstacle, waitedMs: isWaiting ? waitedMs : 0 }
    }
    if (!isWaiting) await request.onWait(obstacle)
    isWaiting = true
    await clock.sleep(Math.min(pauseMs, leftMs), signal)
    pauseMs = Math.min(pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS)
  }
}

/** Whether it can go away by itself. Nobody but a person removes what is no lock. */
function mayPass(obstacle: Obstacle): boolean {
  switch (obstacle.kind) {
    case 'held':
    case 'contended':
      return true
    case 'unknown':
      return obstacle.because === 'forbidden'
  }
}
