/**
 * How fast the mount is with each driver, as ratios to the same files read directly, through passthroughs in C, and
 * through the mounts of other backup programs.
 *
 *   npm run build
 *   node scripts/bench/mount.mjs [--files 10000] [--rounds 5] [--only tree|memory|by-file|start]...
 *                                [--passthrough-ll PROGRAM] [--against restic|borg]...
 *                                [--dir DIRECTORY] [--snapfs PROGRAM]
 *
 * tree     Snapshots of small text files, fifty to a directory, and one file of 512 MiB. What is done with the
 *          newest of them stands in mount-jobs.mjs; each job first with nothing in the kernel's caches of the mount
 *          (cold; where we are not root: just mounted), and again at once (warm). Root has driver "kernel" with
 *          --passthrough on a side of its own. "second snapshot": after a cold
 *          `grep -r` of one snapshot, that of another which shares all but 1 in 100 of its inodes, also as a ratio to
 *          the first. The files themselves are in the page cache throughout. Then how many requests the server of
 *          driver "kernel" answered for each job, and how many messages it sent unasked.
 * memory   Of the process that serves, after `find -printf` over a snapshot, and after the kernel has forgotten it
 *          again (needs root). Part of `--only tree`, too; `--only memory --files 200000` for a large one.
 * by-file  `ls -l` of a by-file directory of 1,000 names over 100 snapshots against a plain `stat` of
 *          the 1,000 files of one snapshot.
 * start    From starting the program to the first answer, with 3 and with 100 snapshots.
 *
 * Needs bindfs, fusermount and rsync. bindfs gets the same cache lifetimes as snapfs with "fuse-native". All sides
 * take turns in the same run; mounting is outside the timing except in `start`. One JSON object per line on
 * standard output; progress and a table on standard error. Five rounds take some ten minutes.
 */
import { mkdirSync, readdirSync } from 'node:fs'
import { makeHistory } from './make-history.mjs'
import { inTurn, remark, runBenchmark } from './measure.mjs'
import { timed } from './mount-jobs.mjs'
import { BINDFS_OPTIONS, DRIVERS, makeTreeRepository, snapfsServer } from './mount-sides.mjs'
import { measureMemory, measureTree } from './mount-tree.mjs'
import { unmount } from './mounts.mjs'
import { Times } from './times.mjs'

const HISTORY_NAMES = 1000
const HISTORY_SNAPSHOTS = 100
const PARTS = /** @type {const} */ (['tree', 'memory', 'by-file', 'start'])
const [KERNEL, FUSE_NATIVE] = DRIVERS

/** @typedef {import('./measure.mjs').Bench} Bench */

/**
 * @param {Bench} bench
 * @param {{ repository: string, tree: string }} history
 */
async function measureByFile(bench, { repository, tree }) {
  const { rounds } = bench.options
  const stored = `${tree}/text/directory-0000`
  const names = readdirSync(stored)
  const plain = { program: 'stat', words: ['--format=%s', '--', ...names], cwd: stored }
  const shown = DRIVERS.map((driver) => {
    const server = snapfsServer(bench, driver, repository, `history-${driver}`)
    const words = ['-l', `${server.mountpoint}/by-file/text/directory-0000`]
    return { name: String(driver), server, job: { program: 'ls', words } }
  })
  const sides = [...shown, { name: 'stat', job: plain }]
  await timed(bench, plain)
  const times = new Times()
  for (let round = 0; round < rounds; round += 1) {
    for (const { server } of shown) await server.start()
    for (const state of ['first time', 'second time', 'kernel caches dropped']) {
      if (state === 'kernel caches dropped') {
        const dropped = await Promise.all(shown.map(({ server }) => server.dropKernelCaches()))
        if (dropped.includes(false)) continue
      }
      for (const { name, job } of inTurn(sides, round)) {
        const ms = await timed(bench, job)
        times.add(`by-file, ${HISTORY_SNAPSHOTS} snapshots, ${state}`, name, ms)
      }
    }
    for (const { server } of shown) await server.stop()
    remark(`by-file, round ${round + 1} of ${rounds}`)
  }
  times.print(
    [
      [KERNEL, 'stat'],
      [FUSE_NATIVE, 'stat'],
      [KERNEL, FUSE_NATIVE],
    ],
    HISTORY_NAMES,
  )
}

/**
 * @param {Bench} bench
 * @param {readonly { repository: string, tree: string, snapshots: number }[]} repositories
 */
async function measureStart(bench, repositories) {
  const { options, directory } = bench
  const mountpoint = `${directory}/mount-start`
  mkdirSync(mountpoint)
  bench.defer(() => unmount(mountpoint))
  const times = new Times()
  for (let round = 0; round < options.rounds; round += 1) {
    for (const { repository, tree, snapshots } of repositories) {
      const sides = DRIVERS.map((driver) => ({
        ...{ name: String(driver), program: options.snapfs },
        words: ['mount', '--driver', driver, `--repository=${repository}`, mountpoint],
      }))
      const words = ['--no-allow-other', '-o', BINDFS_OPTIONS, tree, mountpoint]
      sides.push({ name: 'bindfs', program: 'bindfs', words })
      for (const { name, program, words } of inTurn(sides, round)) {
        const started = await timed(bench, { program, words })
        const answered = await timed(bench, { program: 'ls', words: [mountpoint] })
        times.add(`start, ${snapshots} snapshots`, name, started + answered)
        await unmount(mountpoint)
      }
    }
  }
  times.print(
    [
      [KERNEL, 'bindfs'],
      [FUSE_NATIVE, 'bindfs'],
      [KERNEL, FUSE_NATIVE],
    ],
    0,
  )
}

await runBenchmark({ files: 10_000, rounds: 5 }, async (bench) => {
  const { only } = bench.options
  const unknown = only.find((name) => !PARTS.some((part) => part === name))
  if (unknown !== undefined) throw new Error(`--only ${unknown}: not one of ${PARTS.join(', ')}`)
  const wanted = (/** @type {typeof PARTS[number][]} */ ...parts) =>
    only.length === 0 || parts.some((part) => only.includes(part))
  // The records and logs of these mounts are nobody's.
  process.env['XDG_STATE_HOME'] = `${bench.directory}/state`
  const made = wanted('tree', 'memory', 'start') ? await makeTreeRepository(bench) : undefined
  const shape = {
    files: HISTORY_NAMES,
    perDirectory: HISTORY_NAMES,
    snapshots: HISTORY_SNAPSHOTS,
  }
  const history = wanted('by-file', 'start') ? await makeHistory(bench, shape) : undefined
  if (wanted('tree') && made !== undefined) await measureTree(bench, made)
  if (wanted('tree', 'memory') && made !== undefined) await measureMemory(bench, made)
  if (wanted('by-file') && history !== undefined) await measureByFile(bench, history)
  if (!wanted('start') || made === undefined || history === undefined) return
  const { repository, trees } = made
  await measureStart(bench, [
    { repository, tree: trees.at(-1) ?? '', snapshots: trees.length },
    { ...history, snapshots: HISTORY_SNAPSHOTS },
  ])
})
