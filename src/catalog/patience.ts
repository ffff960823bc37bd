/**
 * How long one question may be looked into. Whoever asks anything else of a mount meanwhile waits, so an answer that
 * takes a walk through whole trees is given with what is known by then, and the walk goes on with the next question.
 */
export interface Patience {
  /** Milliseconds since some moment; never goes back. */
  readonly elapsed: () => number
  readonly limitMs: number
}

export const ENDLESS_PATIENCE: Patience = { elapsed: () => 0, limitMs: Number.POSITIVE_INFINITY }

/** Whether the time is over, from now on. The first who asks has it in any case, so that asking again gets on. */
export function startWaiting({ elapsed, limitMs }: Patience): () => boolean {
  const endMs = elapsed() + limitMs
  let isFirst = true
  return () => {
    const isOver = !isFirst && elapsed() >= endMs
    isFirst = false
    return isOver
  }
}
