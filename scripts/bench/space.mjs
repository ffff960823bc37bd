/**
 * How long it takes to count what a series of snapshots takes on the disk, against du(1), which counts all of them in one go and
 * tells nothing of each.
 *
 *   npm run build
 *   node scripts/bench/space.mjs [--files 10000] [--per-directory 100] [--snapshots 100] [--rounds 5] [--ram GIB]
 *                                [--dir DIRECTORY] [--history DIRECTORY] [--snapfs PROGRAM]
 *
 * first   With nothing remembered.
 * again   With what was counted before.
 * new     One snapshot is not remembered yet: the newest had another place when it was counted.
 *
 * The sum that each tells is compared, too. One JSON object per line, and a table on standard error.
 */
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { findHistory, makeHistory } from './make-history.mjs'
import { inTurn, remark, run, runBenchmark } from './measure.mjs'
import { Times } from './times.mjs'

const SIDES = ['du', 'snapfs']

await runBenchmark({ files: 10_000, rounds: 5 }, async (bench) => {
  const { directory, options, signal } = bench
  const { files, perDirectory, snapshots, rounds, history: made } = options
  const history =
    made === undefined
      ? await makeHistory(bench, { files, perDirectory, snapshots })
      : findHistory(made)
  const series = `${history.repository}/history-source`
  const ids = readdirSync(series)
    .filter((name) => /^\d{4}-/u.test(name))
    .sort()
  const newest = `${series}/${ids.at(-1)}`
  const config = `${directory}/config.toml`
  const lines = [`repository = "${history.repository}"`, '[profile.history-source]', 'source = "/"']
  writeFileSync(config, lines.join('\n'))
  const cache = `${directory}/cache`
  const forget = () => rmSync(cache, { recursive: true, force: true })
  const count = () =>
    run(options.snapfs, ['du', '--json', '--config', config], {
      ...{ signal, stdout: /** @type {const} */ ('pipe'), env: { XDG_CACHE_HOME: cache } },
    })
  const du = () => run('du', ['-s', '-c', '-B1', ...ids], { signal, cwd: series, stdout: 'pipe' })
  const times = new Times()
  /** @type {number | undefined} */
  let total
  for (let round = 0; round < rounds; round += 1) {
    for (const side of inTurn(SIDES, round)) {
      if (side === 'du') {
        const { ms, stdout } = await du()
        for (const name of ['first', 'again', 'new']) times.add(name, side, ms)
        total = Number(/^(\d+)\s+total$/mu.exec(stdout)?.[1])
        continue
      }
      forget()
      renameSync(newest, `${series}/away`)
      await count()
      renameSync(`${series}/away`, newest)
      times.add('new', side, (await count()).ms)
      times.add('again', side, (await count()).ms)
      forget()
      const { ms, stdout } = await count()
      times.add('first', side, ms)
      const [{ totalBytes }] = JSON.parse(stdout).series
      if (total !== undefined && total !== totalBytes) {
        throw new Error(`du counts ${total} bytes, and snapfs ${totalBytes}`)
      }
    }
    remark(`round ${round + 1} of ${rounds}`)
  }
  times.print([['snapfs', 'du']], files)
  times.remarkTable('du', SIDES)
})
