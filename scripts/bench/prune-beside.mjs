/**
 * Whether a removal keeps others from their work: how long a backup, and a walk through a mount with everything read, take while
 * snapshots of another repository on the same disk are removed by `snapfs prune`, and by `rm -rf`.
 *
 *   npm run build
 *   node scripts/bench/prune-beside.mjs [--files 50000] [--per-directory 100] [--rounds 5] [--ram GIB] [--dir DIRECTORY]
 *                                       [--snapfs PROGRAM]
 *
 * The removal begins a second before, and has enough to do for longer than that work takes; should it end earlier, that is said.
 * Prints one JSON object per line, and a table on standard error.
 */
/* global performance */
import { readdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { backUp, makeRepository } from './make-history.mjs'
import { makeFiles } from './make-tree.mjs'
import { inTurn, remark, run, runBenchmark } from './measure.mjs'
import { Server } from './mounts.mjs'
import { Times } from './times.mjs'

const MEAN_BYTES = 3900
const SIDES = ['alone', 'rm -rf', 'snapfs']
/** Removed at a time. */
const SNAPSHOTS = 12
const BEFORE_MS = 1000

await runBenchmark({ files: 50_000, rounds: 5 }, async (bench) => {
  const { directory, options, signal } = bench
  const { files, perDirectory, rounds } = options
  const [source, work] = [`${directory}/source`, `${directory}/work`]
  makeFiles(source, { files, perDirectory, meanBytes: MEAN_BYTES })
  makeFiles(work, { files, perDirectory, meanBytes: MEAN_BYTES })
  const { repository } = await makeRepository(bench, 'repository', source)
  const other = (await makeRepository(bench, 'other', work)).repository
  const series = `${repository}/source`
  const history = `${directory}/history`
  const times = new Times()
  for (let round = 0; round < rounds; round += 1) {
    for (const side of inTurn(SIDES, round)) {
      for (const [name, job] of /** @type {const} */ ([
        ['backup', backUpOther],
        ['tar of a mount', readMount],
      ])) {
        if (side !== 'alone') await fill()
        await run('sync', ['-f', directory], { signal })
        await measure(name, side, job)
      }
    }
    remark(`round ${round + 1} of ${rounds}`)
  }
  times.print(
    [
      ['snapfs', 'alone'],
      ['rm -rf', 'alone'],
      ['snapfs', 'rm -rf'],
    ],
    files,
  )
  times.remarkTable('alone', SIDES)

  /** Makes what is then removed. */
  async function fill() {
    for (let made = 0; made < SNAPSHOTS; made += 1) await backUp(bench, repository, source)
  }

  /**
   * @param {string} name
   * @param {string} side
   * @param {() => Promise<number>} job
   */
  async function measure(name, side, job) {
    if (side === 'alone') return times.add(name, side, await job())
    let hasEnded = false
    const removal = remove(side).finally(() => (hasEnded = true))
    removal.catch(() => undefined)
    await sleep(BEFORE_MS, undefined, { signal })
    times.add(name, side, await job())
    if (hasEnded) remark(`${side} had ended before the ${name} had: remove more, or work on less`)
    await removal
  }

  /** @param {string} side */
  async function remove(side) {
    const all = readdirSync(series).filter((name) => /^\d{4}-/u.test(name))
    if (side === 'rm -rf') {
      const oldest = all.toSorted().slice(0, -1)
      await run('rm', ['-rf', ...oldest.map((id) => `${series}/${id}`)], { signal })
      return
    }
    const config = `${directory}/prune.toml`
    const lines = [`repository = "${repository}"`, '[profile.source]', `source = "${source}"`]
    writeFileSync(config, [...lines, 'keep = { last = 1 }', ''].join('\n'))
    await run(options.snapfs, ['prune', '--config', config], { signal })
  }

  async function backUpOther() {
    const begun = performance.now()
    await backUp(bench, other, work)
    return performance.now() - begun
  }

  async function readMount() {
    const words = ['mount', '--foreground', `--repository=${other}`, history]
    const server = new Server(history, options.snapfs, words, signal)
    await server.start()
    try {
      const pipe = ['-c', 'tar -cf - -C "$1" . | cat > /dev/null', 'sh']
      return (await run('sh', [...pipe, `${history}/by-date/latest`], { signal })).ms
    } finally {
      await server.stop()
    }
  }
})
