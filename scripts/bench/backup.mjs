/**
 * How long `snapfs backup` takes, as a ratio to the rsync command that makes the same snapshot.
 *
 *   npm run build
 *   node scripts/bench/backup.mjs [--files 100000] [--rounds 3] [--only first|unchanged|changed]...
 *                                 [--dir DIRECTORY] [--snapfs PROGRAM]
 *
 * The tree: small files of some 1.2 KB, a hundred to a directory. Three runs of each side: the first
 * backup; one with nothing changed; one with 1 % of the files rewritten. The other side is bare
 * `rsync -aHAX --numeric-ids --sparse --modify-window=-1 --link-dest=PREVIOUS`, without and with the
 * `sync -f` that snapfs does before it shows a snapshot. The repository holds two snapshots then, the
 * usual state, so snapfs gives rsync two bases; the bare command has one, the newer of the two.
 *
 * The bare command is run a second way: from and to directories three levels higher up ("flat"). rsync 3.5.0
 * opens every component of the path of a basis for every file, so the depth of a repository costs time that
 * no option gives back.
 *
 * Both sides take turns in the same run, each after a `sync -f` outside the timing, and what they made
 * is removed outside the timing too. The page cache is warm. One JSON object per line on standard
 * output, progress on standard error. With 100,000 files a round of all three takes a minute.
 */
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { changeFiles, makeFiles } from './make-tree.mjs'
import {
  compare,
  inTurn,
  peakMemory,
  print,
  remark,
  roundTo,
  run,
  runBenchmark,
} from './measure.mjs'

/** A file younger than this at the first backup would be compared by content at the second. */
const SETTLE_MS = 3500
const CHANGED_EVERY = 100
const SCENARIOS = /** @type {const} */ (['first', 'unchanged', 'changed'])
const RSYNC_OPTIONS = ['-aHAX', '--numeric-ids', '--sparse', '--modify-window=-1']
const SNAPFS = 'snapfs backup'
const RSYNC = 'rsync'
const RSYNC_AND_SYNC = 'rsync, sync -f'
const FLAT = 'rsync, flat'

/** @typedef {import('./measure.mjs').Bench} Bench */
/** @typedef {{ onStart?: (pid: number) => void }} Watch */

/** One of the two sides: makes a snapshot, and takes it away again. */
class SnapfsSide {
  /** @param {Bench} bench */
  constructor(bench) {
    this.bench = bench
    this.source = `${bench.directory}/source`
    this.repository = `${bench.directory}/repository`
    this.env = { SNAPFS_CONFIG: `${bench.directory}/config.toml` }
  }

  async prepare() {
    const { options, signal } = this.bench
    const words = ['init', this.repository, '--source', this.source]
    await run(options.snapfs, words, { signal, env: this.env })
  }

  /**
   * @param {Watch} [watch]
   * @returns {Promise<{ ms: number, path: string, changed: number }>}
   */
  async make(watch = {}) {
    const { options, signal } = this.bench
    const words = ['backup', '--repository', this.repository, '--source', this.source, '--json']
    const settings = { signal, env: this.env, stdout: /** @type {const} */ ('pipe'), ...watch }
    const { ms, stdout } = await run(options.snapfs, words, settings)
    const [snapshot] = JSON.parse(stdout).snapshots
    const { files, changedFiles } = snapshot.counts
    if (files !== options.files) throw new Error(`snapfs stored ${files} files`)
    return { ms, path: snapshot.path, changed: changedFiles }
  }
}

class RsyncSide {
  /**
   * @param {Bench} bench
   * @param {string} name
   */
  constructor(bench, name) {
    this.bench = bench
    this.source = `${bench.directory}/source`
    this.place = `${bench.directory}/${name}`
    this.made = 0
    this.previous = ''
  }

  prepare() {
    mkdirSync(this.place)
  }

  /** @param {Watch} [watch] */
  async make(watch = {}) {
    const { signal } = this.bench
    this.made += 1
    const path = `${this.place}/${this.made}`
    const basis = this.previous === '' ? [] : [`--link-dest=${this.previous}`]
    const words = [...RSYNC_OPTIONS, ...basis, `${this.source}/`, `${path}/`]
    const { ms } = await run('rsync', words, { signal, ...watch })
    const { ms: syncMs } = await run('sync', ['-f', '--', this.place], { signal })
    return { ms, syncMs, path }
  }
}

/**
 * @param {Bench} bench
 * @param {string} path
 */
async function removeQuietly(bench, path) {
  await run('rm', ['-rf', '--', path], { signal: bench.signal })
  await settle(bench)
}

/** What was written before must not be waited for in the next timed run. @param {Bench} bench */
async function settle(bench) {
  await run('sync', ['-f', '--', bench.directory], { signal: bench.signal })
}

/**
 * @param {string} scenario
 * @param {Bench} bench
 * @param {SnapfsSide} snapfs
 * @param {RsyncSide} rsync
 * @param {RsyncSide} flat
 */
async function measureScenario(scenario, bench, snapfs, rsync, flat) {
  const { files, rounds } = bench.options
  /** @type {Record<'snapfs' | 'rsync' | 'synced' | 'flat', number[]>} */
  const ms = { snapfs: [], rsync: [], synced: [], flat: [] }
  const sides = /** @type {const} */ ([
    'snapfs',
    'rsync',
    ...(flat.previous === '' ? [] : ['flat']),
  ])
  for (let round = 0; round < rounds; round += 1) {
    for (const side of inTurn(sides, round)) {
      await settle(bench)
      if (side === 'snapfs') {
        const made = await snapfs.make()
        expectChanges(scenario, made.changed, files)
        ms.snapfs.push(made.ms)
        await removeQuietly(bench, made.path)
      } else if (side === 'flat') {
        const made = await flat.make()
        ms.flat.push(made.ms)
        await removeQuietly(bench, made.path)
      } else {
        const made = await rsync.make()
        ms.rsync.push(made.ms)
        ms.synced.push(made.ms + made.syncMs)
        await removeQuietly(bench, made.path)
      }
    }
    const seconds = sides.map((side) => `${side} ${roundTo((ms[side].at(-1) ?? 0) / 1000, 2)} s`)
    remark(`${scenario}, round ${round + 1} of ${rounds}: ${seconds.join(', ')}`)
  }
  compare({ name: scenario, what: SNAPFS, against: RSYNC, files }, ms.snapfs, ms.rsync)
  compare({ name: scenario, what: SNAPFS, against: RSYNC_AND_SYNC, files }, ms.snapfs, ms.synced)
  if (ms.flat.length > 0) {
    compare({ name: scenario, what: SNAPFS, against: FLAT, files }, ms.snapfs, ms.flat)
  }
  await measureMemory(scenario, bench, snapfs, rsync)
}

/**
 * A snapshot made for another reason than expected would be a number for something else.
 * @param {string} scenario
 * @param {number} changed
 * @param {number} files
 */
function expectChanges(scenario, changed, files) {
  const expected = { first: files, unchanged: 0, changed: Math.ceil(files / CHANGED_EVERY) }
  const wanted = expected[/** @type {keyof typeof expected} */ (scenario)]
  if (changed !== wanted) throw new Error(`${scenario}: ${changed} files copied, not ${wanted}`)
}

/**
 * @param {string} scenario
 * @param {Bench} bench
 * @param {SnapfsSide} snapfs
 * @param {RsyncSide} rsync
 */
async function measureMemory(scenario, bench, snapfs, rsync) {
  let path = ''
  const ours = await peakMemory(async (onStart) => ({ path } = await snapfs.make({ onStart })))
  await removeQuietly(bench, path)
  const bare = await peakMemory(async (onStart) => ({ path } = await rsync.make({ onStart })))
  await removeQuietly(bench, path)
  print({
    name: `${scenario}, peak memory`,
    what: SNAPFS,
    against: RSYNC,
    peakMiB: { node: ours.get('node'), itsRsync: ours.get('rsync'), bareRsync: bare.get('rsync') },
    files: bench.options.files,
  })
}

await runBenchmark({ files: 100_000, rounds: 3 }, async (bench) => {
  const { files, only } = bench.options
  const unknown = only.find((name) => !SCENARIOS.some((scenario) => scenario === name))
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: not one of ${SCENARIOS.join(', ')}`)
  const wanted = SCENARIOS.filter((name) => only.length === 0 || only.includes(name))
  const snapfs = new SnapfsSide(bench)
  const rsync = new RsyncSide(bench, 'rsync')
  const flat = new RsyncSide(bench, 'flat')
  remark(`making ${files} files`)
  makeFiles(snapfs.source, { files })
  await snapfs.prepare()
  rsync.prepare()
  flat.prepare()
  await sleep(SETTLE_MS)
  if (wanted.includes('first')) await measureScenario('first', bench, snapfs, rsync, flat)
  if (wanted.every((name) => name === 'first')) return
  remark('making what the next ones link to')
  flat.previous = (await flat.make()).path
  await snapfs.make()
  rsync.previous = `${(await snapfs.make()).path}/tree`
  if (wanted.includes('unchanged')) await measureScenario('unchanged', bench, snapfs, rsync, flat)
  if (!wanted.includes('changed')) return
  changeFiles(snapfs.source, files, CHANGED_EVERY)
  await measureScenario('changed', bench, snapfs, rsync, flat)
})
