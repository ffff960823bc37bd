/**
 * A power cut at each call that persists something, and right after a run has ended with 0. The call is held
 * by strace, the file system is shut down under it, everything is killed, and the file system mounted again,
 * which replays its journal.
 */
/* global performance */
import { mkdir, rm } from 'node:fs/promises'
import { checkAfter } from './check.mjs'
import { findPoints, isPersisting, nameOf, TRIES } from './fault-points.mjs'
import { cutPower, makeImage, mountImage, released, unmount } from './file-system.mjs'
import { callAt, strike } from './inject.mjs'
import { endAll, run } from './processes.mjs'
import { lotOf } from './random.mjs'
import { backUp, placeRepository } from './scene.mjs'
import { remark } from './session.mjs'

/** Longer than any run may take; the cut ends it. */
const HOLD = 'delay_enter=100s'
/** On each file system. */
const SAMPLE = 1
/** A sample cuts the power once after a success, where the mount costs least. */
const SAMPLE_END_ON = 'ext4'
const MISSED_SHARE = 0.05
const KINDS = /** @type {const} */ (['ext4', 'xfs'])
const WAYS = /** @type {const} */ (['as it is', 'journal first'])

/** @typedef {import('./scene.mjs').Scene} Scene */
/** @typedef {import('./scene.mjs').Place} Place */
/** @typedef {import('./processes.mjs').Ended} Ended */
/** @typedef {import('./fault-points.mjs').Point} Point */
/** @typedef {'cut' | 'notReached' | 'notHeld' | 'notDown'} Outcome */
/** @typedef {{ point: Point | 'end', kind: 'ext4' | 'xfs', way: 'as it is' | 'journal first' }} Cut */

/** @param {Scene} scene */
export async function tortureByPowerCuts(scene) {
  const { session } = scene
  const { seed } = session.options
  const startedMs = performance.now()
  const tally = { all: 0, cuts: 0, atEnd: 0, published: 0, notReached: 0, notHeld: 0, notDown: 0 }
  /** @type {Record<string, number>} */
  const by = {}

  /** @param {Cut} cut @param {string} template @param {Scene} here @returns {Promise<Outcome>} */
  const cutOnce = (cut, template, here) =>
    withCopy(template, `${session.room}/power`, async (mountpoint, remount) => {
      const place = {
        scene: here,
        repository: `${mountpoint}/repository`,
        earlier: scene.third.earlier,
      }
      const { ended, outcome } = await cutAt(place, mountpoint, cut)
      await remount()
      const ending = cut.point === 'end' ? 'its own' : 'any'
      const { published, violations } = await checkAfter(place, { ended, ending })
      if (published) tally.published += 1
      session.note('power', titleOf(cut), violations)
      return outcome
    })

  for (const kind of KINDS) {
    const { template, here, endSource } = await prepare(scene, kind)
    const found = await findPoints(here, here.third, `${session.room}/ground/power`)
    const cuts = cutsOn(kind, found.points.filter(isPersisting), seed)
    tally.all += cuts.length
    const ends = cuts.filter(({ point }) => point === 'end')
    const chosen = session.choose(cuts, titleOf, session.countOr(SAMPLE))
    for (const cut of new Set([
      ...(session.isSample && kind !== SAMPLE_END_ON
        ? []
        : session.choose(ends, titleOf, session.countOr(SAMPLE))),
      ...chosen,
    ])) {
      session.signal.throwIfAborted()
      let outcome = await cutOnce(cut, template, here)
      for (let tries = 1; outcome === 'notReached' && tries < TRIES; tries += 1) {
        outcome = await cutOnce(cut, template, here)
      }
      if (outcome !== 'cut') tally[outcome] += 1
      else {
        tally[cut.point === 'end' ? 'atEnd' : 'cuts'] += 1
        by[`${kind}, ${cut.way}`] = (by[`${kind}, ${cut.way}`] ?? 0) + 1
      }
      remark(`power ${titleOf(cut)}: ${outcome}`)
    }
    await endSource()
    await rm(template)
  }
  const { cuts, atEnd, notReached, notHeld, notDown } = tally
  const missed = notReached > cuts * MISSED_SHARE || notHeld > 0 || notDown > 0
  if (cuts + atEnd === 0 || missed) {
    const detail = `${cuts} cuts in the middle and ${atEnd} at the end; ${notReached} points were not reached, ${notHeld} calls not held, and ${notDown} times the file system stayed up`
    session.note('power', 'as a whole', [{ check: 'not-injected', detail }])
  }
  session.report('power', startedMs, { ...tally, by })
}

function titleOf(/** @type {Cut} */ { point, kind, way }) {
  return `${kind}:${way}:${point === 'end' ? point : nameOf(point)}`
}

/**
 * Both ways where snapfs itself makes the call; of rsync's calls, which differ less, one by the seed.
 * @param {'ext4' | 'xfs'} kind
 * @param {readonly Point[]} points
 * @param {number} seed
 * @returns {Cut[]}
 */
function cutsOn(kind, points, seed) {
  return [.../** @type {const} */ (['end']), ...points].flatMap((point) => {
    const both = point === 'end' || point.program !== 'rsync'
    const one = both ? 0 : lotOf(seed, `${kind} ${nameOf(point)}`) % WAYS.length
    return WAYS.filter((_, index) => both || index === one).map((way) => ({ point, kind, way }))
  })
}

/**
 * An image with a repository that is safely on its disk, and the source on a file system of the same kind:
 * from ext4 to xfs rsync 3.5.0 does not keep ACLs for root, which is no matter of a power cut.
 * @param {Scene} scene
 * @param {'ext4' | 'xfs'} kind
 */
export async function prepare(scene, kind) {
  const { room } = scene.session
  const template = `${room}/power-${kind}.img`
  await makeImage(template, kind)
  await mountImage(template, `${room}/power`)
  await placeRepository(scene, scene.third, `${room}/power`)
  await unmount(`${room}/power`)
  if (kind === 'ext4') return { template, here: scene, endSource: async () => undefined }
  const [image, mountpoint] = [`${room}/power-source.img`, `${room}/power-source`]
  await makeImage(image, kind)
  await mountImage(image, mountpoint)
  // A copy is younger than every snapshot, so here all of it is compared by content.
  const here = { ...scene, source: `${mountpoint}/source` }
  await run('cp', ['-a', '--', scene.source, here.source])
  const endSource = async () => {
    await unmount(mountpoint)
    await rm(image)
  }
  return { template, here, endSource }
}

/**
 * @template T
 * @param {string} template
 * @param {string} mountpoint
 * @param {(mountpoint: string, remount: () => Promise<void>) => Promise<T>} body
 * @returns {Promise<T>}
 */
export async function withCopy(template, mountpoint, body) {
  const image = `${mountpoint}.img`
  await run('cp', ['--sparse=always', '--', template, image])
  await mkdir(mountpoint, { recursive: true })
  await mountImage(image, mountpoint)
  try {
    return await body(mountpoint, async () => {
      await unmount(mountpoint)
      await mountImage(image, mountpoint)
    })
  } finally {
    await unmount(mountpoint)
    await released(image)
    await rm(image)
  }
}

/**
 * @param {Place} place
 * @param {string} mountpoint
 * @param {Cut} cut
 * @returns {Promise<{ ended: Ended, outcome: Outcome }>}
 */
export async function cutAt(place, mountpoint, { point, way }) {
  if (point === 'end') {
    const ended = await backUp(place)
    return { ended, outcome: (await cutPower(mountpoint, way)) ? 'cut' : 'notDown' }
  }
  /** @type {Promise<boolean> | undefined} */
  let cutting
  const { ended, trace } = await strike(place, point, HOLD, (trace, group) => {
    if (cutting !== undefined || callAt(trace, point) === undefined) return
    cutting = cutPower(mountpoint, way).finally(() => group.kill())
    // A failure is met where it is awaited.
    cutting.catch(() => undefined)
  })
  const isDown = await cutting
  await endAll(place.scene.session.room, 0)
  if (isDown === undefined) return { ended, outcome: 'notReached' }
  // Had it not been held, the call would have come back before or after the cut.
  if (callAt(trace, point)?.result !== undefined) return { ended, outcome: 'notHeld' }
  return { ended, outcome: isDown ? 'cut' : 'notDown' }
}
