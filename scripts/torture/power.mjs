/**
 * A power cut at each call that persists something, and right after a run has ended with 0. The call is held
 * by strace, the file system is shut down under it, everything is killed, and the file system mounted again,
 * which replays its journal.
 */
/* global performance */
import { mkdir, rm } from 'node:fs/promises'
import { checkAfter } from './check.mjs'
import { findPoints, isPersisting, nameOf } from './fault-points.mjs'
import { cutPower, makeImage, mountImage, unmount } from './file-system.mjs'
import { strike } from './inject.mjs'
import { endAll, run } from './processes.mjs'
import { lotOf } from './random.mjs'
import { backUp, placeRepository } from './scene.mjs'
import { remark } from './session.mjs'

/** Longer than any run may take; the cut ends it. */
const HOLD = 'delay_enter=100s'
const SHORT_CUTS = 2
/** The short form cuts the power once after a success, where the mount costs least. */
const SHORT_END_ON = 'ext4'
const MISSED_SHARE = 0.05
const KINDS = /** @type {const} */ (['ext4', 'xfs'])
const WAYS = /** @type {const} */ (['as it is', 'journal first'])

/** @typedef {import('./scene.mjs').Scene} Scene */
/** @typedef {import('./scene.mjs').Place} Place */
/** @typedef {import('./fault-points.mjs').Point} Point */
/** @typedef {{ point: Point | 'end', kind: 'ext4' | 'xfs', way: 'as it is' | 'journal first' }} Cut */

/** @param {Scene} scene */
export async function tortureByPowerCuts(scene) {
  const { session } = scene
  const { full, seed } = session.options
  const startedMs = performance.now()
  const tally = { cuts: 0, atEnd: 0, published: 0, notReached: 0 }
  /** @type {Record<string, number>} */
  const by = {}
  for (const kind of KINDS) {
    const { template, here, endSource } = await prepare(scene, kind)
    const found = await findPoints(here, here.third, `${session.room}/ground/power`)
    const cuts = cutsOn(kind, found.points.filter(isPersisting), seed)
    const ends = cuts.filter(({ point }) => point === 'end')
    const chosen = session.choose(cuts, titleOf, full ? Infinity : SHORT_CUTS / KINDS.length)
    for (const cut of new Set([
      ...(full || kind !== SHORT_END_ON ? [] : session.choose(ends, titleOf, 1)),
      ...chosen,
    ])) {
      session.signal.throwIfAborted()
      await withCopy(template, `${session.room}/power`, async (mountpoint, remount) => {
        const place = {
          scene: here,
          repository: `${mountpoint}/repository`,
          earlier: scene.third.earlier,
        }
        const { ended, wasCut } = await cutAt(place, mountpoint, cut)
        if (!wasCut) tally.notReached += 1
        else if (cut.point === 'end') tally.atEnd += 1
        else tally.cuts += 1
        by[`${kind}, ${cut.way}`] = (by[`${kind}, ${cut.way}`] ?? 0) + 1
        await remount()
        const { published, violations } = await checkAfter(place, { ended })
        if (published) tally.published += 1
        session.note('power', titleOf(cut), violations)
        remark(`power ${titleOf(cut)}: ${wasCut ? 'cut' : 'not reached'}`)
      })
    }
    await endSource()
    await rm(template)
  }
  if (tally.cuts === 0 || tally.notReached > tally.cuts * MISSED_SHARE) {
    const detail = `the power was cut ${tally.cuts} times, ${tally.notReached} points were not reached`
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
async function prepare(scene, kind) {
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
 * @param {string} template
 * @param {string} mountpoint
 * @param {(mountpoint: string, remount: () => Promise<void>) => Promise<void>} body
 */
async function withCopy(template, mountpoint, body) {
  const image = `${mountpoint}.img`
  await run('cp', ['--sparse=always', '--', template, image])
  await mkdir(mountpoint, { recursive: true })
  await mountImage(image, mountpoint)
  try {
    await body(mountpoint, async () => {
      await unmount(mountpoint)
      await mountImage(image, mountpoint)
    })
  } finally {
    await unmount(mountpoint)
    await rm(image)
  }
}

/**
 * @param {Place} place
 * @param {string} mountpoint
 * @param {Cut} cut
 */
async function cutAt(place, mountpoint, { point, way }) {
  if (point === 'end') {
    const ended = await backUp(place)
    await cutPower(mountpoint, way)
    return { ended, wasCut: true }
  }
  /** @type {Promise<void> | undefined} */
  let cutting
  const { ended } = await strike(place, point, HOLD, (trace, group) => {
    if (cutting !== undefined || !isHeld(trace, point)) return
    cutting = cutPower(mountpoint, way).finally(() => group.kill())
  })
  await cutting
  await endAll(place.scene.session.room, 0)
  return { ended, wasCut: cutting !== undefined }
}

/**
 * Whether a thread has come to the call that is held: strace prints a call when it begins.
 * @param {string} trace
 * @param {Point} point
 */
function isHeld(trace, { call, number }) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const [, thread = ''] of trace.matchAll(new RegExp(`^(\\d+) +${call}\\(`, 'gmu'))) {
    const count = (counts.get(thread) ?? 0) + 1
    if (count >= number) return true
    counts.set(thread, count)
  }
  return false
}
