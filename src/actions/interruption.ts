/** A signal that asks the program to end, as an error with the right exit code. */
import { SnapfsError } from '../errors/snapfs-error.ts'
import { formatDuration } from '../model/duration.ts'
import { END_CODES, type EndSignal } from '../model/end-signal.ts'

/** The reason the process boundary aborts with. */
export class Interruption {
  readonly signal: EndSignal

  constructor(signal: EndSignal) {
    this.signal = signal
  }
}

/** The reason when the time that the user gave is over. */
export class TimeUp {
  readonly limitMs: number

  constructor(limitMs: number) {
    this.limitMs = limitMs
  }
}

interface InterruptedWork {
  /** What came of it, for the sentence. */
  readonly outcome: string
  readonly hint: string
}

const BACKUP: InterruptedWork = {
  outcome: 'nothing was published',
  hint: 'Earlier snapshots are untouched. Run again at any time.',
}

/** @throws SnapfsError when the signal was given */
export function throwIfInterrupted(signal: AbortSignal, work = BACKUP): void {
  if (!signal.aborted) return
  const reason: unknown = signal.reason
  if (reason instanceof TimeUp) {
    const time = formatDuration(reason.limitMs)
    throw new SnapfsError('TIME_UP', `Stopped after ${time}, as asked; nothing was published.`, {
      hint: 'Earlier snapshots are untouched.',
    })
  }
  const name = reason instanceof Interruption ? reason.signal : 'SIGTERM'
  throw new SnapfsError(END_CODES[name], `Ended by ${name}; ${work.outcome}.`, {
    hint: work.hint,
  })
}
