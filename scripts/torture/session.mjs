/** One torture: its options, a room that is gone afterwards, its violations, and the lines it prints. */
/* global AbortController, performance */
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { endAll, run } from './processes.mjs'
import { lotOf } from './random.mjs'

/** @typedef {{ full: boolean, seed: number, only: readonly string[], points: readonly string[], snapfs: string, dir: string, prove: boolean }} Options */
/** @typedef {{ check: string, detail: string }} Violation */

const DETAIL_LIMIT = 1500

/** @returns {Options} */
export function readOptions() {
  const { values } = parseArgs({
    options: {
      full: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(1 + Math.floor(Math.random() * 1_000_000)) },
      only: { type: 'string', multiple: true, default: [] },
      point: { type: 'string', multiple: true, default: [] },
      snapfs: {
        type: 'string',
        default: fileURLToPath(new URL('../../dist/snapfs', import.meta.url)),
      },
      dir: { type: 'string', default: tmpdir() },
      prove: { type: 'boolean', default: false },
    },
  })
  const seed = Number(values.seed)
  if (!Number.isInteger(seed)) throw new Error('--seed: a whole number')
  const { full, only, dir, prove, point: points } = values
  return { full, seed, only, points, snapfs: resolve(values.snapfs), dir, prove }
}

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
    /** @type {(Violation & { harness: string, seed: number, point: string })[]} */
    this.violations = []
  }

  /**
   * Notes what was seen at one point, and tells how to see it again.
   * @param {string} harness
   * @param {string} point
   * @param {readonly Violation[]} violations
   */
  note(harness, point, violations) {
    const { seed, full } = this.options
    for (const { check, detail } of violations) {
      this.violations.push({ harness, seed, point, check, detail: detail.slice(0, DETAIL_LIMIT) })
      const again = `--seed ${seed} --only ${harness} --point '${point}'${full ? ' --full' : ''}`
      remark(`VIOLATION ${check} (${again}): ${detail.slice(0, DETAIL_LIMIT)}`)
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
    if (points.length > 0) return items.filter((item) => points.includes(nameOf(item)))
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
      form: this.options.full ? 'full' : 'short',
      ...counts,
      violations: mine.length,
      seconds: Math.round((performance.now() - startedMs) / 1000),
      seen: mine.map(({ point, check, detail }) => ({ point, check, detail })),
    })
  }
}

/**
 * Runs a body in a fresh room, and leaves nothing behind: no process, no mount, no file, also after a
 * failure or a signal.
 * @param {Options} options
 * @param {(session: Session) => Promise<void>} body
 */
export async function inRoom(options, body) {
  const controller = new AbortController()
  const room = await mkdtemp(join(await realpath(options.dir), 'snapfs-torture-'))
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(name, () => {
      controller.abort(new Error(`ended by ${name}`))
      void endAll(room, 0)
    })
  }
  const session = new Session(options, room, controller.signal)
  try {
    await body(session)
  } catch (error) {
    remark(error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exitCode = 1
  } finally {
    await endAll(room, 0)
    await endAll(room, 2000)
    await unmountBelow(room)
    await run('chmod', ['-R', 'u+rwX', '--', room], { accept: [0, 1] })
    await rm(room, { recursive: true, force: true })
  }
  if (session.violations.length > 0) process.exitCode = 1
}

/** Ends every mount below a directory, the innermost first; the loop device goes with its mount. */
async function unmountBelow(/** @type {string} */ directory) {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  const mounts = table
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((mountpoint) => mountpoint.startsWith(`${directory}/`))
  for (const mountpoint of mounts.reverse()) {
    await run('umount', ['--', mountpoint]).catch(() => run('umount', ['-l', '--', mountpoint]))
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
