/**
 * A repository whose file system is full after each share of what a run needs, in bytes and in inodes, on
 * ext4 and in memory: the run ends with code 22 and its sentence, or with a whole snapshot. Beyond a hundred
 * percent there must be a whole one, for a run needs more in its middle than at its end.
 */
/* global performance */
import { mkdir, rm } from 'node:fs/promises'
import { checkAfter } from './check.mjs'
import {
  fillBytes,
  fillInodes,
  makeImage,
  makeRoom,
  mountImage,
  mountMemory,
  roomIn,
  unmount,
} from './file-system.mjs'
import { backUp, placeRepository } from './scene.mjs'
import { remark } from './session.mjs'

const FULL_CODE = 22
const SIZE_MIB = 64
const INODES = 1200
/** What comes on top of the need of a finished run, so that the last level is never full. */
const AMPLE_PERCENT = 200
/** A block or two that the map of the filler itself may have given back. */
const SLACK_BYTES = 64 * 1024

const FREE = /** @type {const} */ ({ bytes: 'freeBytes', inodes: 'freeInodes' })

/** @typedef {import('./scene.mjs').Scene} Scene */
/** @typedef {'ext4' | 'tmpfs'} Kind */
/** @typedef {'bytes' | 'inodes'} What */
/** @typedef {{ kind: Kind, what: What, percent: number }} Level */

/** @param {Scene} scene */
export async function tortureByFilling(scene) {
  const { session } = scene
  const startedMs = performance.now()
  const mountpoint = `${session.room}/full`
  const tally = { all: 0, levels: 0, refused: 0, whole: 0, listedWithoutRoom: 0 }
  /** @type {Record<string, number>} */
  const needed = {}
  const titleOf = (/** @type {Level} */ { kind, what, percent }) => `${kind}:${what}:${percent}`
  for (const kind of /** @type {const} */ (['ext4', 'tmpfs'])) {
    const need = await withFileSystem(scene, kind, mountpoint, () => measureNeed(scene, mountpoint))
    needed[`${kind} bytes`] = need.bytes
    needed[`${kind} inodes`] = need.inodes
    const levels = levelsOf(kind, session.isSample)
    tally.all += levels.length
    // No room at all and ample room are always gone to: they show that the levels between are what they say.
    const ends = levels.filter(({ percent }) => percent === 0 || percent === AMPLE_PERCENT)
    for (const level of new Set([
      ...session.choose(ends, titleOf, Infinity),
      ...session.choose(levels, titleOf, session.countOr(Infinity)),
    ])) {
      session.signal.throwIfAborted()
      await withFileSystem(scene, kind, mountpoint, async () => {
        const place = await placeRepository(scene, scene.third, mountpoint)
        const { left, surplus } = await fill(mountpoint, level, need)
        if (surplus > 0) {
          const detail = `${surplus} more ${level.what} were left free than there should be`
          session.note('full', titleOf(level), [{ check: 'not-injected', detail }])
        }
        const ended = await backUp(place)
        // It is asked for after the listing.
        let stillFull = false
        const repair = async () => {
          stillFull = left === 0 && (await roomIn(mountpoint))[FREE[level.what]] === 0
          await makeRoom(mountpoint)
        }
        const exitCodes = level.percent === AMPLE_PERCENT ? [0] : [0, FULL_CODE]
        const { published, violations } = await checkAfter(place, { ended, exitCodes, repair })
        tally.levels += 1
        if (ended.exitCode === FULL_CODE) tally.refused += 1
        if (ended.exitCode === 0 && published) tally.whole += 1
        const listed = !violations.some(({ check }) => check === 'half-made')
        if (stillFull && listed) tally.listedWithoutRoom += 1
        session.note('full', titleOf(level), violations)
        remark(`full ${titleOf(level)}: ended with ${ended.exitCode}`)
      })
    }
  }
  if (session.options.points.length === 0) {
    const { refused, whole, listedWithoutRoom } = tally
    if (refused === 0 || whole === 0 || listedWithoutRoom === 0) {
      const detail = `${refused} runs found no room, ${whole} found enough, ${listedWithoutRoom} listings without room`
      session.note('full', 'as a whole', [{ check: 'not-injected', detail }])
    }
  }
  session.report('full', startedMs, { ...tally, needed })
}

/**
 * A sample: each fifth of the bytes, in turn on one and on the other, and no inode at all.
 * @param {Kind} kind
 * @param {boolean} isSample
 * @returns {Level[]}
 */
function levelsOf(kind, isSample) {
  const step = isSample ? 20 : 1
  /** @type {Level[]} */
  const levels = []
  for (let percent = 0, index = 0; percent <= 100; percent += step, index += 1) {
    if (!isSample || index % 2 === (kind === 'ext4' ? 0 : 1))
      levels.push({ kind, what: 'bytes', percent })
  }
  for (const percent of isSample ? [0] : [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]) {
    if (!isSample || kind === 'tmpfs') levels.push({ kind, what: 'inodes', percent })
  }
  if (!isSample || kind === 'ext4') levels.push({ kind, what: 'bytes', percent: AMPLE_PERCENT })
  return levels
}

/**
 * @template Result
 * @param {Scene} scene
 * @param {Kind} kind
 * @param {string} mountpoint
 * @param {() => Promise<Result>} body
 * @returns {Promise<Result>}
 */
async function withFileSystem({ session }, kind, mountpoint, body) {
  const image = `${session.room}/full.img`
  await mkdir(mountpoint, { recursive: true })
  if (kind === 'tmpfs') await mountMemory(mountpoint, { sizeMiB: SIZE_MIB, inodes: INODES })
  else {
    await makeImage(image, 'ext4', { sizeMiB: SIZE_MIB, inodes: INODES })
    await mountImage(image, mountpoint)
  }
  try {
    return await body()
  } finally {
    await unmount(mountpoint)
    await rm(image, { force: true })
  }
}

/**
 * What one run leaves behind, on the file system it is to be refused on.
 * @param {Scene} scene
 * @param {string} mountpoint
 */
async function measureNeed(scene, mountpoint) {
  const place = await placeRepository(scene, scene.third, mountpoint)
  const before = await roomIn(mountpoint)
  const { exitCode, stderr } = await backUp(place)
  if (exitCode !== 0) throw new Error(`a run with room enough ended with ${exitCode}: ${stderr}`)
  const after = await roomIn(mountpoint)
  return { bytes: after.usedBytes - before.usedBytes, inodes: after.usedInodes - before.usedInodes }
}

/**
 * @param {string} mountpoint
 * @param {Level} level
 * @param {{ bytes: number, inodes: number }} need
 * @returns {Promise<{ left: number, surplus: number }>} what is free, and how much more than asked for
 */
async function fill(mountpoint, { what, percent }, need) {
  const leave = Math.floor((need[what] * percent) / 100)
  if (what === 'bytes') await fillBytes(mountpoint, leave)
  else await fillInodes(mountpoint, leave)
  const free = await roomIn(mountpoint)
  const left = free[FREE[what]]
  const slack = what === 'bytes' ? SLACK_BYTES : 0
  return { left, surplus: Math.max(0, left - leave - slack) }
}
