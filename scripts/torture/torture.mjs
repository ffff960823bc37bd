#!/usr/bin/env node
/**
 * Torture of the backup: faults at the worst moments, and after each of them the same questions. Are earlier
 * snapshots what they were, to the byte? Is nothing half-made to be seen, and no success told that is none?
 * Does the next run succeed without repair? Drives the built program alone, whatever is inside it.
 *
 *   node scripts/torture/torture.mjs [--full] [--seed N] [--only NAME]... [--point POINT]... [--snapfs PROGRAM]
 *   node scripts/torture/torture.mjs --prove
 *
 *   kill     kill -9 at every call that changes the repository
 *   errors   each such call fails: ENOSPC, EIO, EDQUOT, EMLINK, EROFS, EINTR
 *   full     a file system that is full after each percent of the run; out of inodes
 *   power    a power cut at each call that persists something, on ext4 and xfs
 *   churn    the source changes while it is backed up
 *
 * Without --full a sample of each, by the seed. --prove breaks snapfs on purpose and expects violations.
 * Prints one line of JSON per harness; exits 1 when anything was violated. Needs root, rsync, strace, xfsprogs,
 * attr, acl and loop devices.
 */
import { mkdir } from 'node:fs/promises'
import { tortureByChurning } from './churn.mjs'
import { tortureByErrors } from './errors.mjs'
import { makeImage, mountImage } from './file-system.mjs'
import { tortureByFilling } from './full.mjs'
import { tortureByKilling } from './kill.mjs'
import { tortureByPowerCuts } from './power.mjs'
import { prove } from './prove.mjs'
import { makeScene } from './scene.mjs'
import { inRoom, readOptions } from './session.mjs'

const HARNESSES = new Map([
  ['kill', tortureByKilling],
  ['errors', tortureByErrors],
  ['full', tortureByFilling],
  ['power', tortureByPowerCuts],
  ['churn', tortureByChurning],
])
const GROUND_MIB = 512

const options = readOptions()
const unknown = options.only.filter((name) => !HARNESSES.has(name))
if (unknown.length > 0) throw new Error(`--only: one of ${[...HARNESSES.keys()].join(', ')}`)
if (process.getuid?.() !== 0)
  throw new Error('only root can do this: it mounts, and changes owners')
if (options.prove) process.exitCode = (await prove(options)) ? 0 : 1
else await inRoom(options, tortureAll)

/** @param {import('./session.mjs').Session} session */
async function tortureAll(session) {
  const ground = `${session.room}/ground`
  await mkdir(`${session.room}/home`)
  // A file system of its own: nobody else's writes have to be waited for, and nobody else's get hurt.
  await makeImage(`${session.room}/ground.img`, 'ext4', { sizeMiB: GROUND_MIB })
  await mountImage(`${session.room}/ground.img`, ground)
  const scene = await makeScene(session, `${ground}/scene`)
  for (const [name, torture] of HARNESSES) {
    if (options.only.length === 0 || options.only.includes(name)) await torture(scene)
  }
}
