/**
 * Who reads what he lists. A process that has read files in the order of their listing will, most likely, do the same in the
 * next directory. That is believed for some listings; then it has to be seen again.
 */
import { LRUCache } from 'lru-cache'

/** Processes remembered; their numbers come again, which costs some files that nobody reads. */
const PROCESSES = 64
/** Listings without a file asked for, after which a process is taken for one that only lists. */
const TRUSTED_LISTINGS = 4
/** When fewer are left, a file is left to be asked for. */
const DOUBTED_LISTINGS = 2

export interface Expectation {
  /** Whether one file is to be left, so that asking for it shows that they are read. */
  readonly isDoubted: boolean
}

export class Readers {
  readonly #listings = new LRUCache<number, number>({ max: PROCESSES })

  /** A process has read files of a directory in order. */
  saw(process: number): void {
    this.#listings.set(process, TRUSTED_LISTINGS)
  }

  knows(process: number): boolean {
    return this.#listings.has(process)
  }

  /** A process has a listing to its end. @returns undefined when nothing is known of what it does then */
  expect(process: number): Expectation | undefined {
    const left = this.#listings.get(process)
    if (left === undefined) return undefined
    if (left === 1) this.#listings.delete(process)
    else this.#listings.set(process, left - 1)
    return { isDoubted: left <= DOUBTED_LISTINGS }
  }
}
