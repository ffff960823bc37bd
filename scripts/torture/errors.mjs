/**
 * Every call that changes the repository fails once, with the errors a disk has: at the first and the last
 * call of each kind with all of them, between with one by the seed.
 */
/* global performance */
import { checkAfter } from './check.mjs'
import { findPoints, isMeant, nameOf, TRIES } from './fault-points.mjs'
import { callAt, strike } from './inject.mjs'
import { lotOf } from './random.mjs'
import { placeRepository } from './scene.mjs'
import { remark } from './session.mjs'

const ERRORS = ['ENOSPC', 'EIO', 'EDQUOT', 'EMLINK', 'EROFS', 'EINTR']
/** No space means code 22 or no failure at all, whoever met it. */
const FULL_CODES = [0, 3, 22]
const SAMPLE = 3
const MISSED_SHARE = 0.05

/** @typedef {import('./fault-points.mjs').Point} Point */
/** @typedef {Point & { error: string }} Failure */

/** @param {import('./scene.mjs').Scene} scene */
export async function tortureByErrors(scene) {
  const { session } = scene
  const { seed } = session.options
  const startedMs = performance.now()
  const directory = `${session.room}/ground/errors`
  const found = await findPoints(scene, scene.third, directory)
  const failures = failuresAt(found.points, seed)
  /** @type {Record<string, number>} */
  const injected = {}
  const tally = { injected: 0, again: 0, notReached: 0, succeeded: 0, partial: 0, failed: 0 }
  for (const failure of session.choose(failures, titleOf, session.countOr(SAMPLE))) {
    let outcome = await failAt(scene, failure, directory)
    for (let tries = 1; outcome.struck !== 'the call' && tries < TRIES; tries += 1) {
      tally.again += 1
      outcome = await failAt(scene, failure, directory)
    }
    const { struck, exitCode } = outcome
    if (struck === 'the call') {
      tally.injected += 1
      injected[failure.error] = (injected[failure.error] ?? 0) + 1
      if (exitCode === 0) tally.succeeded += 1
      else if (exitCode === 3) tally.partial += 1
      else tally.failed += 1
    } else tally.notReached += 1
    remark(
      `errors ${titleOf(failure)}: ${struck === 'the call' ? `ended with ${exitCode}` : `struck ${struck}`}`,
    )
  }
  if (tally.injected === 0 || tally.notReached > tally.injected * MISSED_SHARE) {
    const detail = `${tally.injected} errors were injected, ${tally.notReached} points were not reached`
    session.note('errors', 'as a whole', [{ check: 'not-injected', detail }])
  }
  const { calls, hidden, points } = found
  session.report('errors', startedMs, {
    ...{ calls, hidden, points: points.length, failures: failures.length },
    ...tally,
    byError: injected,
  })
}

/**
 * Lets a call fail, and checks what comes of it.
 * @param {import('./scene.mjs').Scene} scene
 * @param {Failure} failure
 * @param {string} directory
 * @returns {Promise<{ struck: 'the call' | 'another' | 'nothing', exitCode: number | null }>}
 */
async function failAt(scene, failure, directory) {
  const { session } = scene
  session.signal.throwIfAborted()
  const place = await placeRepository(scene, scene.third, directory)
  const { ended, trace } = await strike(place, failure, `error=${failure.error}`)
  const { line = '', result = '' } = callAt(trace, failure) ?? {}
  const injected = result.startsWith(`-1 ${failure.error} `) && result.endsWith('(INJECTED)')
  const meant = isMeant(line, failure, place.repository)
  const noSpace = failure.error === 'ENOSPC' || failure.error === 'EDQUOT'
  const { violations } = await checkAfter(place, {
    ended,
    // Node itself ends by SIGABRT when it can no longer wake its threads, which no disk does to it.
    ending: injected && !meant ? 'any' : 'its own',
    edit: lotOf(session.options.seed, titleOf(failure)) % 3 === 0 ? 'late edit' : 'none',
    ...(noSpace ? { exitCodes: FULL_CODES } : {}),
  })
  session.note('errors', titleOf(failure), violations)
  const struck = !injected ? 'nothing' : meant ? 'the call' : 'another'
  return { struck, exitCode: ended.exitCode }
}

export function titleOf(/** @type {Failure} */ failure) {
  return `${nameOf(failure)}:${failure.error}`
}

/**
 * @param {readonly Point[]} points
 * @param {number} seed
 * @returns {Failure[]}
 */
export function failuresAt(points, seed) {
  const kindOf = (/** @type {Point} */ { program, run, call }) => `${program}/${run}/${call}`
  /** @type {Map<string, Point[]>} */
  const kinds = new Map()
  for (const point of points) {
    kinds.set(kindOf(point), [...(kinds.get(kindOf(point)) ?? []), point])
  }
  return [...kinds.values()].flatMap((kind) =>
    kind.flatMap((point) => {
      const ends = point === kind.at(0) || point === kind.at(-1)
      const one = ERRORS[lotOf(seed, nameOf(point)) % ERRORS.length] ?? 'EIO'
      return (ends ? ERRORS : [one]).map((error) => ({ ...point, error }))
    }),
  )
}
