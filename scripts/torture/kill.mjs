/**
 * kill -9 at every call that changes the repository. Two ways: of snapfs and all it started at once, and of
 * the one process that made the call, which the others survive. And of snapfs alone while rsync is at work,
 * which then may not stay behind.
 */
/* global performance */
import { setTimeout as sleep } from 'node:timers/promises'
import { checkAfter } from './check.mjs'
import { findPoints, nameOf, TRIES } from './fault-points.mjs'
import { callAt, strike } from './inject.mjs'
import { processesOf } from './processes.mjs'
import { lotOf } from './random.mjs'
import { keepTemplate, placeRepository, startBackUp } from './scene.mjs'
import { remark } from './session.mjs'

const SAMPLE = { all: 3, one: 1 }
/** Points of the scenes beside the usual one, in the full form. */
const OTHER_POINTS = 40
/** The moments at which snapfs is killed, after rsync was first seen. */
/** Of a sample all but the last may miss. */
const MOMENTS = { full: 40, sample: 6 }
const BETWEEN_MOMENTS_MS = 4
/** Threads race, so a point near the end of a run may not come. */
const MISSED_SHARE = 0.05

/** @typedef {import('./scene.mjs').Scene} Scene */
/** @typedef {import('./scene.mjs').Template} Template */
/** @typedef {import('./fault-points.mjs').Point} Point */
/** @typedef {'all' | 'one'} Way */

/** @param {Scene} scene */
export async function tortureByKilling(scene) {
  const { session } = scene
  const { seed } = session.options
  const startedMs = performance.now()
  const directory = `${session.room}/ground/kill`
  const found = await findPoints(scene, scene.third, directory)
  const tally = { killedAll: 0, killedOne: 0, killedBesideRsync: 0, published: 0, notReached: 0 }

  /** @param {string} name @param {Template} template @param {readonly Point[]} points @param {Way} way @param {number} count */
  const sweep = async (name, template, points, way, count) => {
    const titleOf = (/** @type {Point} */ point) => `${name}:${way}:${nameOf(point)}`
    for (const point of session.choose(points, titleOf, count)) {
      const edit = lotOf(seed, titleOf(point)) % 3 === 0 ? 'late edit' : 'none'
      let isKilled = false
      for (let tries = 0; !isKilled && tries < TRIES; tries += 1) {
        session.signal.throwIfAborted()
        const place = await placeRepository(scene, template, directory)
        const { ended, killed } = await killAt(place, point, way)
        isKilled = killed
        const { published, violations } = await checkAfter(place, { ended, ending: 'any', edit })
        if (published && killed) tally.published += 1
        session.note('kill', titleOf(point), violations)
      }
      if (!isKilled) tally.notReached += 1
      else if (way === 'all') tally.killedAll += 1
      else tally.killedOne += 1
      remark(`kill ${titleOf(point)}: ${isKilled ? 'killed' : 'not reached'}`)
    }
  }

  await sweep('third', scene.third, found.points, 'all', session.countOr(SAMPLE.all))
  await sweep('third', scene.third, found.points, 'one', session.countOr(SAMPLE.one))
  if (!session.isSample) {
    const others = session.countOr(0, OTHER_POINTS)
    const begun = await findPoints(scene, scene.first, directory)
    await sweep('first', scene.first, begun.points, 'all', others)
    const left = await interrupted(scene, found.points)
    const again = await findPoints(scene, left, directory)
    await sweep('again', left, again.points, 'all', others)
    await sweep('again', left, again.points, 'one', others)
  }
  // The first ones, since rsync is there for no more than some of them.
  const moments = session.countOr(MOMENTS.sample, MOMENTS.full)
  const delaysMs = Array.from(
    { length: moments },
    (_, index) => index * (session.isSample ? 1 : BETWEEN_MOMENTS_MS),
  )
  const momentOf = (/** @type {number} */ delayMs) => `third:snapfs:${delayMs} ms`
  for (const delayMs of session.choose(delaysMs, momentOf, Infinity)) {
    const title = momentOf(delayMs)
    session.signal.throwIfAborted()
    if (session.isSample && tally.killedBesideRsync > 0) break
    const place = await placeRepository(scene, scene.third, directory)
    const { ended, left } = await killSnapfsAlone(place, delayMs)
    if (left) tally.killedBesideRsync += 1
    const { published, violations } = await checkAfter(place, { ended, ending: 'any' })
    if (published) tally.published += 1
    session.note('kill', title, violations)
    remark(`kill ${title}: ${left ? 'killed beside rsync' : 'no rsync was there any more'}`)
  }
  if (session.options.points.length === 0 && tally.killedBesideRsync === 0) {
    const detail = 'rsync was never there when snapfs was killed'
    session.note('kill', 'as a whole', [{ check: 'not-injected', detail }])
  }
  const struck = tally.killedBesideRsync + tally.killedAll + tally.killedOne
  if (struck === 0 || tally.notReached > struck * MISSED_SHARE) {
    const detail = `${struck} points were killed, ${tally.notReached} were not reached`
    session.note('kill', 'as a whole', [{ check: 'not-injected', detail }])
  }
  const { calls, hidden, points } = found
  session.report('kill', startedMs, { calls, hidden, points: points.length, ...tally })
}

/**
 * @param {import('./scene.mjs').Place} place
 * @param {Point} point
 * @param {Way} way
 */
export async function killAt(place, point, way) {
  let killed = false
  const { ended } = await strike(place, point, 'signal=KILL', (trace, group) => {
    if (killed || !isKilled(trace, point)) return
    killed = true
    if (way === 'all') group.kill()
  })
  // Not all were killed at once when snapfs had the time to end by itself.
  return { ended, killed: killed && (way === 'one' || ended.signal === 'SIGKILL') }
}

/**
 * Whether it was the thread at the point that was killed, and not another or later.
 * @param {string} trace
 * @param {Point} point
 */
function isKilled(trace, point) {
  const at = callAt(trace, point)
  if (at === undefined) return false
  return new RegExp(`^${at.thread} +\\+\\+\\+ killed by SIGKILL`, 'mu').test(trace)
}

/**
 * Kills the one process that is snapfs, some time after its rsync is first seen.
 * @param {import('./scene.mjs').Place} place
 * @param {number} delayMs
 */
async function killSnapfsAlone(place, delayMs) {
  const { room } = place.scene.session
  const isCopying = (/** @type {{ words: string }} */ { words }) =>
    /\brsync\b/u.test(words) && words.includes(`${place.scene.source}/`) && !/main\.js/u.test(words)
  const group = startBackUp(place)
  let over = false
  void group.ended.finally(() => (over = true))
  while (!over && !processesOf(room).some(isCopying)) await sleep(1)
  await sleep(delayMs)
  const left = processesOf(room).some(isCopying)
  group.killLeader()
  const ended = await group.ended
  return { ended, left: left && ended.signal === 'SIGKILL' }
}

/**
 * A repository in which a run was killed in the middle of its copying, for the next run to be killed too.
 * @param {Scene} scene
 * @param {readonly Point[]} points
 */
async function interrupted(scene, points) {
  const { room } = scene.session
  const copying = points.filter(
    ({ program, call }) => program === 'rsync' && call.startsWith('rename'),
  )
  const point = copying[Math.floor(copying.length / 2)] ?? points[Math.floor(points.length / 2)]
  if (point === undefined) throw new Error('there is no point to be killed at')
  const place = await placeRepository(scene, scene.third, `${room}/ground/interrupted`)
  const { killed } = await killAt(place, point, 'all')
  if (!killed) throw new Error(`the run was not killed at ${nameOf(point)}`)
  return keepTemplate(place.repository, `${room}/ground/again`)
}
