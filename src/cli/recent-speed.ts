/** How fast it went of late, and how long it takes if it goes on like that. Pure; the caller looks at the clock. */

/** What is longer ago says little: the files may have been small then, and large now. */
const WINDOW_MS = 30_000
/** In less than this a speed is an accident. */
const LEAST_MS = 1500
const SAMPLE_MS = 250

interface Sample {
  readonly atMs: number
  /** From 0 to 1; undefined while nobody knows. */
  readonly share: number | undefined
  readonly bytes: number
}

export class RecentSpeed {
  #samples: readonly Sample[] = []

  /** @param sample `atMs` by a clock that does not jump */
  add(sample: Sample): void {
    const kept = this.#samples.filter(({ atMs }) => atMs > sample.atMs - WINDOW_MS)
    const previous = kept.at(-2)
    // The last one is always the present; those before it keep their distance.
    const isClose = previous !== undefined && sample.atMs - previous.atMs < SAMPLE_MS
    this.#samples = [...(isClose ? kept.slice(0, -1) : kept), sample]
  }

  bytesPerSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0
    return (Math.max(0, last.bytes - first.bytes) / (last.atMs - first.atMs)) * 1000
  }

  /** Milliseconds; undefined while it cannot be told. */
  remainingMs(): number | undefined {
    const last = this.#samples.at(-1)
    const first = this.#samples.find(({ share }) => share !== undefined)
    if (last?.share === undefined || first?.share === undefined) return undefined
    const [passedMs, done] = [last.atMs - first.atMs, last.share - first.share]
    if (passedMs < LEAST_MS || done <= 0) return undefined
    return ((1 - last.share) / done) * passedMs
  }
}
