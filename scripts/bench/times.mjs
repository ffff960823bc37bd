/** Times of jobs on several sides, and the two forms they are told in: comparisons line by line, and one table. */
import { compare, median, remark, roundTo } from './measure.mjs'

/** Of the table's columns. */
const NAME_WIDTH = 24
const CELL_WIDTH = 15

/** @typedef {readonly (readonly [string, string])[]} Pairs what, and against what */

/** Times by name of the job, state and side, one per round. */
export class Times {
  constructor() {
    /** @type {Map<string, Map<string, number[]>>} */
    this.byName = new Map()
  }

  /**
   * @param {string} name
   * @param {string} side
   * @param {number} ms
   */
  add(name, side, ms) {
    const sides = this.byName.get(name) ?? new Map()
    this.byName.set(name, sides)
    sides.set(side, [...(sides.get(side) ?? []), ms])
  }

  /**
   * Prints each pair that was measured.
   * @param {Pairs} pairs
   * @param {number} files
   */
  print(pairs, files) {
    for (const [name, sides] of this.byName) {
      for (const [what, against] of pairs) {
        const ours = sides.get(what)
        const theirs = sides.get(against)
        if (ours === undefined || theirs === undefined) continue
        compare({ name, what, against, files }, ours, theirs)
      }
    }
  }

  /**
   * Remarks the ratios of sides to one of them, a line per job.
   * @param {string} against
   * @param {readonly string[]} sides
   */
  remarkTable(against, sides) {
    const others = sides.filter((side) => side !== against)
    const rows = [...this.byName].flatMap(([name, times]) => {
      const base = times.get(against)
      if (base === undefined) return []
      const cells = others.map((side) => ratioCell(times.get(side), base))
      return [[name, `${median(base).toFixed(0)} ms`, ...cells]]
    })
    for (const [name = '', ...cells] of [['', against, ...others], ...rows]) {
      remark(name.padEnd(NAME_WIDTH) + cells.map((cell) => cell.padStart(CELL_WIDTH)).join(''))
    }
  }
}

/**
 * @param {readonly number[] | undefined} times
 * @param {readonly number[]} base
 */
function ratioCell(times, base) {
  if (times === undefined) return ''
  return String(roundTo(median(times.map((ms, round) => ms / (base[round] ?? Number.NaN))), 2))
}
