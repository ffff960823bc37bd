/**
 * How fast the mount is, as ratios to the same files read directly and through bindfs, a passthrough in C.
 *
 *   npm run build
 *   node scripts/bench/mount.mjs [--files 10000] [--rounds 5] [--only tree|by-file|start]...
 *                                [--dir DIRECTORY] [--snapfs PROGRAM]
 *
 * tree     A snapshot of small text files, fifty to a directory, and one file of 512 MiB; two older
 *          snapshots beside it. `find`, `find -printf` (a stat of each file), `grep -r` for what is not
 *          there, `cat` of the large file: just mounted; again at once (warm); and with only the
 *          kernel's caches of the mount dropped (needs root). The files themselves are in the page
 *          cache throughout.
 * by-file  `ls -l` of a by-file directory of 1,000 names over 100 snapshots against a plain `stat` of
 *          the 1,000 files of one snapshot.
 * start    From starting the program to the first answer, with 3 and with 100 snapshots.
 *
 * Needs bindfs, fusermount and rsync. bindfs gets the same cache lifetimes as snapfs. All sides take
 * turns in the same run; mounting is outside the timing except in `start`. One JSON object per line on
 * standard output, progress on standard error. Five rounds take some three minutes.
 */
import { mkdirSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { backUp, makeHistory, makeRepository } from './make-history.mjs'
import { changeFiles, makeFiles, makeLargeFile } from './make-tree.mjs'
import { compare, inTurn, memoryOf, print, remark, run, runBenchmark } from './measure.mjs'
import { Server, unmount } from './mounts.mjs'

const FILES_PER_DIRECTORY = 50
const MEAN_BYTES = 3900
const LARGE_MIB = 512
const CHANGED_EVERY = 100
const HISTORY_NAMES = 1000
const HISTORY_SNAPSHOTS = 100
/** Snapshots are named by the second. */
const NEXT_SECOND_MS = 1000
const PARTS = /** @type {const} */ (['tree', 'by-file', 'start'])
const BINDFS_OPTIONS = 'ro,kernel_cache,entry_timeout=60,attr_timeout=60,negative_timeout=1'

/** @typedef {import('./measure.mjs').Bench} Bench */
/** @typedef {{ program: string, words: string[], accept?: number[], cwd?: string, touchMiB?: number }} Job */

/**
 * A server that is ended, at the latest, when the benchmark is.
 * @param {Bench} bench
 * @param {string} name
 * @param {string} program
 * @param {(mountpoint: string) => string[]} words
 */
function serverFor(bench, name, program, words) {
  const mountpoint = `${bench.directory}/mount-${name}`
  const server = new Server(mountpoint, program, words(mountpoint), bench.signal)
  bench.defer(() => server.stop())
  return server
}

/**
 * @param {Bench} bench
 * @param {string} name
 * @param {string} repository
 */
function snapfsServer(bench, name, repository) {
  return serverFor(bench, name, bench.options.snapfs, (mountpoint) => [
    ...['mount', '--foreground', `--repository=${repository}`, mountpoint],
  ])
}

/**
 * Runs a job once.
 * @param {Bench} bench
 * @param {Job} job
 */
async function timed(bench, { program, words, accept = [0], cwd = '/', touchMiB = 0 }) {
  if (touchMiB > 0) {
    // In a virtual machine, memory that nobody has used for a while is slow when it is touched first.
    const touch = ['if=/dev/zero', 'of=/dev/null', `bs=${touchMiB}M`, 'count=1']
    await run('dd', touch, { signal: bench.signal })
  }
  return (await run(program, words, { signal: bench.signal, accept, cwd })).ms
}

/** Times by name of the job, state and side, one per round. */
class Times {
  constructor() {
    /** @type {Map<string, Map<string, number[]>>} */
    this.byName = new Map()
  }

  /**
   * @param {string} name
   * @param {string} side
   * @param {number} ms
   */
  add(name, side, ms) {
    const sides = this.byName.get(name) ?? new Map()
    this.byName.set(name, sides)
    sides.set(side, [...(sides.get(side) ?? []), ms])
  }

  /**
   * Prints each pair that was measured.
   * @param {readonly (readonly [string, string])[]} pairs
   * @param {number} files
   */
  print(pairs, files) {
    for (const [name, sides] of this.byName) {
      for (const [what, against] of pairs) {
        const ours = sides.get(what)
        const theirs = sides.get(against)
        if (ours === undefined || theirs === undefined) continue
        compare({ name, what, against, files }, ours, theirs)
      }
    }
  }
}

/**
 * @param {string} root of a snapshot, however it is reached
 * @returns {ReadonlyMap<string, Job>}
 */
function treeJobs(root) {
  return new Map([
    ['find', { program: 'find', words: [`${root}/text`] }],
    ['find -printf', { program: 'find', words: [`${root}/text`, '-printf', '%s %m %T@\n'] }],
    // 1: nothing was found, so everything was read.
    ['grep -r', { program: 'grep', words: ['-r', 'no such', `${root}/text`], accept: [1] }],
    ['cat', { program: 'cat', words: [`${root}/large`], touchMiB: LARGE_MIB + 128 }],
  ])
}

/** @param {Bench} bench */
async function makeTreeRepository(bench) {
  const { files } = bench.options
  const source = `${bench.directory}/source`
  remark(`making ${files} files and one of ${LARGE_MIB} MiB`)
  mkdirSync(source)
  makeFiles(`${source}/text`, { files, perDirectory: FILES_PER_DIRECTORY, meanBytes: MEAN_BYTES })
  makeLargeFile(`${source}/large`, LARGE_MIB)
  let { repository, tree } = await makeRepository(bench, 'repository', source)
  for (let more = 0; more < 2; more += 1) {
    await sleep(NEXT_SECOND_MS)
    changeFiles(`${source}/text`, files, CHANGED_EVERY, 0, FILES_PER_DIRECTORY)
    tree = await backUp(bench, repository, source)
  }
  return { repository, tree }
}

/**
 * @param {Bench} bench
 * @param {{ repository: string, tree: string }} made
 */
async function measureTree(bench, { repository, tree }) {
  const { rounds, files } = bench.options
  const ours = snapfsServer(bench, 'snapfs', repository)
  const bindfs = serverFor(bench, 'bindfs', 'bindfs', (mountpoint) => [
    ...['-f', '--no-allow-other', '-o', BINDFS_OPTIONS, tree, mountpoint],
  ])
  await ours.start()
  const byDate = `${ours.mountpoint}/by-date`
  const newest = readdirSync(byDate)
    .filter((name) => name !== 'latest')
    .sort()
    .at(-1)
  await ours.stop()
  const sides = /** @type {const} */ ([
    { name: 'snapfs', server: ours, jobs: treeJobs(`${byDate}/${newest}`) },
    { name: 'bindfs', server: bindfs, jobs: treeJobs(bindfs.mountpoint) },
    { name: 'direct', server: undefined, jobs: treeJobs(tree) },
  ])
  for (const job of sides[2].jobs.values()) await timed(bench, job)
  const times = new Times()
  let peakMiB = 0
  for (let round = 0; round < rounds; round += 1) {
    for (const jobName of sides[0].jobs.keys()) {
      for (const { name, server, jobs } of inTurn(sides, round)) {
        const job = jobs.get(jobName)
        if (job === undefined) continue
        await server?.start()
        times.add(`${jobName}, just mounted`, name, await timed(bench, job))
        times.add(`${jobName}, warm`, name, await timed(bench, job))
        if ((await server?.dropKernelCaches()) !== false) {
          times.add(`${jobName}, kernel caches dropped`, name, await timed(bench, job))
        }
        if (name === 'snapfs') peakMiB = Math.max(peakMiB, await peakOf(server))
        await server?.stop()
      }
    }
    remark(`tree, round ${round + 1} of ${rounds}`)
  }
  times.print(
    [
      ['snapfs', 'direct'],
      ['bindfs', 'direct'],
      ['snapfs', 'bindfs'],
    ],
    files,
  )
  print({ name: 'tree, peak memory', what: 'snapfs', peakMiB, files })
}

/** @param {Server | undefined} server */
async function peakOf(server) {
  const pid = server?.child?.pid
  return pid === undefined ? 0 : (await memoryOf(pid)).peakMiB
}

/**
 * @param {Bench} bench
 * @param {{ repository: string, tree: string }} history
 */
async function measureByFile(bench, { repository, tree }) {
  const { rounds } = bench.options
  const server = snapfsServer(bench, 'history', repository)
  const stored = `${tree}/text/directory-0000`
  const shown = `${server.mountpoint}/by-file/text/directory-0000`
  const names = readdirSync(stored)
  const plain = { program: 'stat', words: ['--format=%s', '--', ...names], cwd: stored }
  const list = { program: 'ls', words: ['-l', shown] }
  await timed(bench, plain)
  const times = new Times()
  for (let round = 0; round < rounds; round += 1) {
    for (const state of ['first time', 'second time', 'kernel caches dropped']) {
      if (state === 'first time') await server.start()
      if (state === 'kernel caches dropped' && !(await server.dropKernelCaches())) continue
      for (const side of inTurn(['ls -l by-file', 'stat'], round)) {
        const ms = await timed(bench, side === 'stat' ? plain : list)
        times.add(`by-file, ${HISTORY_SNAPSHOTS} snapshots, ${state}`, side, ms)
      }
    }
    await server.stop()
    remark(`by-file, round ${round + 1} of ${rounds}`)
  }
  times.print([['ls -l by-file', 'stat']], HISTORY_NAMES)
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
      const jobs = new Map([
        ['snapfs', { program: options.snapfs, words: [`--repository=${repository}`, mountpoint] }],
        ['bindfs', { program: 'bindfs', words: ['-o', BINDFS_OPTIONS, tree, mountpoint] }],
      ])
      for (const [name, { program, words }] of inTurn([...jobs], round)) {
        const all = name === 'snapfs' ? ['mount', ...words] : ['--no-allow-other', ...words]
        const started = await timed(bench, { program, words: all })
        const answered = await timed(bench, { program: 'ls', words: [mountpoint] })
        times.add(`start, ${snapshots} snapshots`, name, started + answered)
        await unmount(mountpoint)
      }
    }
  }
  times.print([['snapfs', 'bindfs']], 0)
}

await runBenchmark({ files: 10_000, rounds: 5 }, async (bench) => {
  const { only } = bench.options
  const unknown = only.find((name) => !PARTS.some((part) => part === name))
  if (unknown !== undefined) throw new Error(`--only ${unknown}: not one of ${PARTS.join(', ')}`)
  const wanted = (/** @type {string} */ part) => only.length === 0 || only.includes(part)
  const made = wanted('tree') || wanted('start') ? await makeTreeRepository(bench) : undefined
  const shape = {
    files: HISTORY_NAMES,
    perDirectory: HISTORY_NAMES,
    snapshots: HISTORY_SNAPSHOTS,
  }
  const history = wanted('by-file') || wanted('start') ? await makeHistory(bench, shape) : undefined
  if (wanted('tree') && made !== undefined) await measureTree(bench, made)
  if (wanted('by-file') && history !== undefined) await measureByFile(bench, history)
  if (!wanted('start') || made === undefined || history === undefined) return
  await measureStart(bench, [
    { ...made, snapshots: 3 },
    { ...history, snapshots: HISTORY_SNAPSHOTS },
  ])
})
