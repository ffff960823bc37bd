/**
 * kill -9 at every call that changes the repository. Two ways: of snapfs and all it started at once, and of
 * the one process that made the call, which the others survive; then nothing of ours may stay behind.
 */
/* global performance */
import { checkAfter } from './check.mjs'
import { findPoints, nameOf } from './fault-points.mjs'
import { strike } from './inject.mjs'
import { lotOf } from './random.mjs'
import { keepTemplate, placeRepository } from './scene.mjs'
import { remark } from './session.mjs'

const KILLED = '+++ killed by SIGKILL +++'
/** Points of the short form, and of the scenes beside the usual one in the full form. */
const SHORT_POINTS = 4
const OTHER_POINTS = 40
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
  const tally = { killedAll: 0, killedOne: 0, published: 0, notReached: 0 }

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
  const struck = tally.killedAll + tally.killedOne
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
