/**
 * How far a backup is. Its steps go at very different speeds (a link takes a tenth of the time of a small copy), so
 * entries alone would say nothing about the time that is left: each step is given the weight of its likely cost. The
 * costs need to be right in proportion only, since the speed is measured by who shows it.
 */
import { showLife } from '../model/sign-of-life.ts'

export type Step = 'scan' | 'compare' | 'copy' | 'link' | 'finish'

export interface Progress {
  readonly step: Step
  /** Entries this step has done. */
  readonly entries: number
  /** How many it has to do; undefined while nobody knows. */
  readonly knownEntries: number | undefined
  /** Bytes compared and copied so far, in all steps. */
  readonly bytes: number
  /** How much of the whole is done, from 0 to 1; undefined while nobody knows. */
  readonly share: number | undefined
}

/** What a step has to do, or has done. */
export interface Work {
  readonly entries: number
  readonly bytes: number
}
const NOTHING: Work = { entries: 0, bytes: 0 }

type Planned = Exclude<Step, 'scan'>
const ORDER: readonly Planned[] = ['compare', 'copy', 'link', 'finish']

/** Microseconds, as measured with small files on an SSD, and with large ones that are not in the cache. */
const COSTS: Readonly<Record<Planned, { readonly entry: number; readonly byte: number }>> = {
  compare: { entry: 60, byte: 0.005 },
  copy: { entry: 180, byte: 0.004 },
  link: { entry: 20, byte: 0 },
  finish: { entry: 8, byte: 0 },
}

export class BackupProgress {
  readonly #tell: (progress: Progress) => void
  /** Whether anybody looks; else what is only for the eye need not be found out. */
  readonly isWatched: boolean
  #plan: Partial<Record<Planned, Work>> = {}
  #bytes = 0

  constructor(tell: ((progress: Progress) => void) | undefined) {
    this.#tell = tell ?? (() => undefined)
    this.isWatched = tell !== undefined
  }

  /** Entries found by the scan so far. */
  scanned(entries: number): void {
    showLife('scan')
    this.#tell({ step: 'scan', entries, knownEntries: undefined, bytes: 0, share: undefined })
  }

  /** What is to be done once the scan is over. A second plan takes the place of the first. */
  plan(work: Partial<Record<Planned, Work>>): void {
    this.#plan = work
    this.#bytes = 0
  }

  /** A planned step has done so much; those before it are done. */
  at(step: Planned, done: Work): void {
    showLife(step)
    const before = ORDER.slice(0, ORDER.indexOf(step))
    const whole = this.#planned(step)
    const capped = {
      entries: Math.min(done.entries, whole.entries),
      bytes: Math.min(done.bytes, whole.bytes),
    }
    const total = this.#costOf(ORDER)
    const bytesBefore = before.reduce((sum, earlier) => sum + this.#planned(earlier).bytes, 0)
    // What is reported twice, or late, must not turn the bytes back.
    this.#bytes = Math.max(this.#bytes, bytesBefore + capped.bytes)
    this.#tell({
      step,
      entries: capped.entries,
      knownEntries: whole.entries,
      bytes: this.#bytes,
      share: total === 0 ? undefined : (this.#costOf(before) + cost(step, capped)) / total,
    })
  }

  /** What rsync copies of a source that nobody has scanned; `knownEntries` once its own list is complete. */
  copied(entries: number, knownEntries: number | undefined, bytes: number): void {
    showLife('copy')
    const share = knownEntries ? entries / knownEntries : undefined
    this.#tell({ step: 'copy', entries, knownEntries, bytes, share })
  }

  #costOf(steps: readonly Planned[]): number {
    return steps.reduce((sum, step) => sum + cost(step, this.#planned(step)), 0)
  }

  #planned(step: Planned): Work {
    return this.#plan[step] ?? NOTHING
  }
}

function cost(step: Planned, { entries, bytes }: Work): number {
  return entries * COSTS[step].entry + bytes * COSTS[step].byte
}
