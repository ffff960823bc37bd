/**
 * kill -9 at every call that changes the repository. Two ways: of snapfs and all it started at once, and of
 * the one process that made the call, which the others survive. And of snapfs alone while rsync is at work,
 * which then may not stay behind.
 */
/* global performance */
import { setTimeout as sleep } from 'node:timers/promises'
import { checkAfter } from './check.mjs'
import { findPoints, nameOf } from './fault-points.mjs'
import { strike } from './inject.mjs'
import { processesOf } from './processes.mjs'
import { lotOf } from './random.mjs'
import { keepTemplate, placeRepository, startBackUp } from './scene.mjs'
import { remark } from './session.mjs'

const KILLED = '+++ killed by SIGKILL +++'
/** Points of the short form, and of the scenes beside the usual one in the full form. */
const SHORT_POINTS = 3
const OTHER_POINTS = 40
/** The moments at which snapfs is killed, after rsync was first seen. */
const MOMENTS = { full: 40, short: 1 }
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
  const { full, seed } = session.options
  const startedMs = performance.now()
  const directory = `${session.room}/ground/kill`
  const found = await findPoints(scene, scene.third, directory)
  const tally = { killedAll: 0, killedOne: 0, killedBesideRsync: 0, published: 0, notReached: 0 }

  /** @param {string} name @param {Template} template @param {readonly Point[]} points @param {Way} way @param {number} count */
  const sweep = async (name, template, points, way, count) => {
    const titleOf = (/** @type {Point} */ point) => `${name}:${way}:${nameOf(point)}`
    for (const point of session.choose(points, titleOf, count)) {
      session.signal.throwIfAborted()
      const place = await placeRepository(scene, template, directory)
      const { ended, killed } = await killAt(place, point, way)
      if (!killed) tally.notReached += 1
      else if (way === 'all') tally.killedAll += 1
      else tally.killedOne += 1
      const edit = lotOf(seed, titleOf(point)) % 3 === 0 ? 'late edit' : 'none'
      const { published, violations } = await checkAfter(place, { ended, edit })
      if (published) tally.published += 1
      session.note('kill', titleOf(point), violations)
      remark(`kill ${titleOf(point)}: ${killed ? 'killed' : 'not reached'}`)
    }
  }

  await sweep('third', scene.third, found.points, 'all', full ? Infinity : SHORT_POINTS)
  await sweep('third', scene.third, found.points, 'one', full ? Infinity : 1)
  if (full) {
    const begun = await findPoints(scene, scene.first, directory)
    await sweep('first', scene.first, begun.points, 'all', OTHER_POINTS)
    const left = await interrupted(scene, found.points)
    const again = await findPoints(scene, left, directory)
    await sweep('again', left, again.points, 'all', OTHER_POINTS)
    await sweep('again', left, again.points, 'one', OTHER_POINTS)
  }
  for (let index = 0; index < (full ? MOMENTS.full : MOMENTS.short); index += 1) {
    const title = `third:snapfs:${index * BETWEEN_MOMENTS_MS} ms`
    if (session.choose([title], String, 1).length === 0) continue
    session.signal.throwIfAborted()
    const place = await placeRepository(scene, scene.third, directory)
    const { ended, left } = await killSnapfsAlone(place, index * BETWEEN_MOMENTS_MS)
    if (left) tally.killedBesideRsync += 1
    const { published, violations } = await checkAfter(place, { ended })
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
async function killAt(place, point, way) {
  let killed = false
  const { ended } = await strike(place, point, 'signal=KILL', (trace, group) => {
    if (killed || !trace.includes(KILLED)) return
    killed = true
    if (way === 'all') group.kill()
  })
  return { ended, killed }
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
  return { ended: await group.ended, left }
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
