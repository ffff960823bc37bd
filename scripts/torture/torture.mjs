#!/usr/bin/env node
/**
 * Torture of the backup: faults at the worst moments, and after each of them the same questions. Are earlier
 * snapshots what they were, to the byte? Is nothing half-made to be seen, and no success told that is none?
 * Does the next run succeed without repair? Drives the built program alone, whatever is inside it.
 * What it covers and what it found stands in native-notes/reliability.md; --help prints what is below.
 */
import { mkdir } from 'node:fs/promises'
import { tortureByChurning } from './churn.mjs'
import { tortureByErrors } from './errors.mjs'
import { makeImage, mountImage } from './file-system.mjs'
import { tortureByFilling } from './full.mjs'
import { tortureByKilling } from './kill.mjs'
import { tortureByPruning } from './prune.mjs'
import { tortureByPowerCuts } from './power.mjs'
import { checkMachine, parseOptions, Refusal } from './options.mjs'
import { prove } from './prove.mjs'
import { inRoom } from './room.mjs'
import { makeScene } from './scene.mjs'
import { remark, Session } from './session.mjs'

const HARNESSES = new Map([
  ['kill', tortureByKilling],
  ['errors', tortureByErrors],
  ['full', tortureByFilling],
  ['power', tortureByPowerCuts],
  ['churn', tortureByChurning],
  ['prune', tortureByPruning],
])
const GROUND_MIB = 512

const USAGE = `Usage: node scripts/torture/torture.mjs [OPTION]...

Runs backups under faults, and checks what they leave behind. Needs root, rsync, strace, xfsprogs, attr, acl and
loop devices. Prints one line of JSON per harness on standard output.

  kill     kill -9 at every call that changes the repository
  errors   each such call fails: ENOSPC, EIO, EDQUOT, EMLINK, EROFS, EINTR
  full     a file system that is full after each percent of the run; out of inodes
  power    a power cut at each call that persists something, on ext4 and xfs
  churn    the source changes while it is backed up
  prune    kill -9, failing calls and power cuts while snapshots are removed

  --full             every point; without it a sample, by the seed
  --count N          of every list of points at most N, by the seed
  --seed N           another seed is another sample; without it a number by chance
  --only HARNESS     one harness; may be repeated
  --point POINT      one point, as a violation names it; may be repeated
  --prove            break snapfs or the torture on purpose, and expect each harness to notice
  --snapfs PROGRAM   another program than dist/snapfs
  --dir DIR          where the room is made, which is gone at the end; without it $TMPDIR or /tmp
  --help             this text

Exit status: 0 nothing was violated; 1 something was, or the torture failed; 2 wrong usage, or a machine that
lacks something.
`

try {
  const options = parseOptions(process.argv.slice(2), [...HARNESSES.keys()])
  if (options === 'help') process.stdout.write(USAGE)
  else {
    checkMachine(options)
    await inRoom(options.dir, (room, signal) => tortureIn(room, signal, options))
  }
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  remark(error.message)
  process.exitCode = 2
}

/**
 * @param {string} room
 * @param {AbortSignal} signal
 * @param {import('./options.mjs').Options} options
 */
async function tortureIn(room, signal, options) {
  if (options.prove) {
    if (!(await prove(options, room))) process.exitCode = 1
    return
  }
  const session = new Session(options, room, signal)
  await tortureAll(session)
  if (session.violations.length > 0) process.exitCode = 1
  const absent = options.points.filter((point) => !session.met.has(point))
  if (absent.length > 0) {
    remark(`There is no point ${absent.join(', ')}.`)
    process.exitCode = 2
  }
}

/** @param {import('./session.mjs').Session} session */
async function tortureAll(session) {
  const { only } = session.options
  const ground = `${session.room}/ground`
  await mkdir(`${session.room}/home`)
  // A file system of its own: nobody else's writes have to be waited for, and nobody else's get hurt.
  await makeImage(`${session.room}/ground.img`, 'ext4', { sizeMiB: GROUND_MIB })
  await mountImage(`${session.room}/ground.img`, ground)
  const scene = await makeScene(session, `${ground}/scene`)
  for (const [name, torture] of HARNESSES) {
    if (only.length === 0 || only.includes(name)) await torture(scene)
  }
}
