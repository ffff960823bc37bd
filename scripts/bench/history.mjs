/**
 * How fast a mount answers questions over many snapshots, as ratios to what has to be read for it at least.
 *
 *   npm run build
 *   node scripts/bench/history.mjs [--files 100000] [--per-directory 100] [--snapshots 100] [--rounds 3] [--ram GIB] [--memory]
 *                                  [--dir DIRECTORY] [--history DIRECTORY] [--snapfs PROGRAM]
 *
 * start      From starting the program to the first listing of the root; against `ls` of the repository.
 * directory  `ls` of a by-file directory, against `ls` of the same directory in all snapshots.
 * attributes `ls -l` of another, against `ls -l` of the same in one snapshot.
 * deleted    `find deleted`, against `find` of all directories of all snapshots.
 * changes    `find changes/latest`, against `find -printf %i` of the last two snapshots, whose inodes are compared.
 *
 * Between two snapshots one file in a hundred of the first directory is another, and one
 * is gone. Each question is asked of a mount that has just begun, and then again. What is stored is in the page cache, as
 * far as it fits. At the end the memory of the process after `find` of three whole snapshots by date, with --memory of all. One JSON object per
 * line on standard output, progress on standard error. To make a thousand snapshots takes most of an hour: --history takes
 * those of `make-history.mjs` from a directory.
 */
/* global performance */
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findHistory, makeHistory } from './make-history.mjs'
import { compare, inTurn, memoryOf, print, remark, run, runBenchmark } from './measure.mjs'
import { Server } from './mounts.mjs'

const WALKED = 3
/** After the first answer. */
const SETTLE_MS = 200

/** @typedef {import('./measure.mjs').Bench} Bench */
/** @typedef {{ program: string, words: readonly string[] }} Job */

/**
 * @param {string} mountpoint
 * @param {import('./make-history.mjs').History} history
 * @returns {ReadonlyMap<string, { shown: Job, stored: Job }>}
 */
function questions(mountpoint, { trees }) {
  const find = (/** @type {string[]} */ ...words) => ({ program: 'find', words })
  const [directory, other] = ['text/directory-0000', 'text/directory-0001']
  return new Map([
    [
      'directory',
      {
        shown: { program: 'ls', words: [`${mountpoint}/by-file/${directory}`] },
        stored: { program: 'ls', words: trees.map((tree) => `${tree}/${directory}`) },
      },
    ],
    [
      'attributes',
      {
        shown: { program: 'ls', words: ['-l', `${mountpoint}/by-file/${other}`] },
        stored: { program: 'ls', words: ['-l', `${trees[0]}/${other}`] },
      },
    ],
    ['deleted', { shown: find(`${mountpoint}/deleted`), stored: find(...trees, '-type', 'd') }],
    [
      'changes',
      {
        shown: find(`${mountpoint}/changes/latest/`),
        stored: find(...trees.slice(0, 2), '-printf', '%i %P\n'),
      },
    ],
  ])
}

/**
 * @param {Bench} bench
 * @param {Job} job
 */
async function timed(bench, { program, words }) {
  return (await run(program, words, { signal: bench.signal })).ms
}

await runBenchmark({ files: 100_000, rounds: 3 }, async (bench) => {
  const { files, rounds, snapshots, perDirectory, snapfs } = bench.options
  const made = bench.options.history
  const history =
    made === undefined
      ? await makeHistory(bench, { files, snapshots, perDirectory })
      : findHistory(made)
  const mountpoint = `${bench.directory}/mount`
  const words = ['mount', '--foreground', `--repository=${history.repository}`, mountpoint]
  const server = new Server(mountpoint, snapfs, words, bench.signal)
  bench.defer(() => server.stop())
  const about = { files, snapshots: history.trees.length, perDirectory }
  /** @type {Map<string, { shown: number[], stored: number[] }>} */
  const times = new Map()
  const add = (
    /** @type {string} */ name,
    /** @type {number} */ shown,
    /** @type {number} */ stored,
  ) => {
    const known = times.get(name) ?? { shown: [], stored: [] }
    times.set(name, { shown: [...known.shown, shown], stored: [...known.stored, stored] })
  }
  for (let round = 0; round < rounds; round += 1) {
    const list = { program: 'ls', words: [dirname(dirname(history.tree))] }
    const bare = await timed(bench, list)
    const began = performance.now()
    await server.start()
    add('start', performance.now() - began, bare)
    await server.stop()
    for (const [name, { shown, stored }] of questions(mountpoint, history)) {
      await timed(bench, stored)
      await server.start()
      await sleep(SETTLE_MS)
      for (const state of ['first time', 'second time']) {
        /** @type {Record<string, number>} */
        const ms = {}
        for (const [side, job] of inTurn([...Object.entries({ shown, stored })], round)) {
          ms[side] = await timed(bench, job)
        }
        add(`${name}, ${state}`, ms['shown'] ?? 0, ms['stored'] ?? 0)
      }
      await server.stop()
    }
    remark(`round ${round + 1} of ${rounds}`)
  }
  for (const [name, { shown, stored }] of times) {
    compare({ name, what: 'mount', against: 'stored', ...about }, shown, stored)
  }
  await server.start()
  await timed(bench, { program: 'find', words: [`${mountpoint}/changes/latest/`] })
  await timed(bench, { program: 'find', words: [`${mountpoint}/deleted`] })
  const walked = bench.options.memory ? Infinity : WALKED
  const dates = await run('ls', [`${mountpoint}/by-date`], { stdout: 'pipe' })
  for (const date of dates.stdout.split('\n').filter(Boolean).slice(0, walked)) {
    await timed(bench, { program: 'find', words: [`${mountpoint}/by-date/${date}/`] })
  }
  const pid = server.child?.pid
  const peakMiB = pid === undefined ? 0 : (await memoryOf(pid)).peakMiB
  print({ name: 'peak memory', what: 'mount', peakMiB, ...about })
})
