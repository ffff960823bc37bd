/** One torture: its options, its room, its violations, and the lines it prints. */
/* global performance */
import { lotOf } from './random.mjs'

/** @typedef {import('./options.mjs').Options} Options */
/** @typedef {{ check: string, detail: string }} Violation */

const DETAIL_LIMIT = 1500

export class Session {
  /**
   * @param {Options} options
   * @param {string} room
   * @param {AbortSignal} signal
   */
  constructor(options, room, signal) {
    this.options = options
    this.room = room
    this.signal = signal
    /** @type {Set<string>} the points asked for that there were */
    this.met = new Set()
    /** @type {(Violation & { harness: string, point: string })[]} */
    this.violations = []
  }

  /** Whether only a sample is asked for, and not the lists as they are. */
  get isSample() {
    return this.options.form === 'sample'
  }

  /**
   * How many points of a list are gone to.
   * @param {number} sample in a sample
   * @param {number} [most] otherwise
   */
  countOr(sample, most = Infinity) {
    return this.isSample ? sample : Math.min(this.options.count, most)
  }

  /**
   * Notes what was seen at one point, and tells how to see it again.
   * @param {string} harness
   * @param {string} point
   * @param {readonly Violation[]} violations
   */
  note(harness, point, violations) {
    const words = `--seed ${this.options.seed}${this.isSample ? '' : ' --full'}`
    for (const { check, detail } of violations) {
      const beginning = detail.slice(0, DETAIL_LIMIT)
      this.violations.push({ harness, point, check, detail: beginning })
      remark(`VIOLATION ${check} (${words} --only ${harness} --point '${point}'): ${beginning}`)
    }
  }

  /**
   * The points to go to: those that were asked for by name, or else so many of all. The choice hangs on the
   * seed and the names, so that one point more or less does not change the others.
   * @template Item
   * @param {readonly Item[]} items
   * @param {(item: Item) => string} nameOf
   * @param {number} count
   * @returns {readonly Item[]}
   */
  choose(items, nameOf, count) {
    const { points, seed } = this.options
    if (points.length > 0) {
      const asked = items.filter((item) => points.includes(nameOf(item)))
      for (const item of asked) this.met.add(nameOf(item))
      return asked
    }
    const drawn = items.map((item) => ({ item, lot: lotOf(seed, nameOf(item)) }))
    const last = drawn.map(({ lot }) => lot).sort((left, right) => left - right)[count - 1]
    return drawn.filter(({ lot }) => lot <= (last ?? Infinity)).map(({ item }) => item)
  }

  /**
   * Prints the line of one harness.
   * @param {string} harness
   * @param {number} startedMs
   * @param {object} counts
   */
  report(harness, startedMs, counts) {
    const mine = this.violations.filter((violation) => violation.harness === harness)
    print({
      harness,
      seed: this.options.seed,
      form: this.options.form,
      ...counts,
      violations: mine.length,
      seconds: Math.round((performance.now() - startedMs) / 1000),
      seen: mine.map(({ point, check, detail }) => ({ point, check, detail })),
    })
  }
}

/** @param {object} record */
export function print(record) {
  process.stdout.write(`${JSON.stringify(record)}\n`)
}

/** @param {string} text */
export function remark(text) {
  process.stderr.write(`${text}\n`)
}
