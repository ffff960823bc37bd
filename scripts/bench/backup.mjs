/**
 * How long `snapfs backup` takes, as a ratio to other programs that make a snapshot of the same source.
 *
 *   npm run build
 *   node scripts/bench/backup.mjs [--files 100000] [--large MIB] [--rounds 3] [--memory]
 *                                 [--only SCENARIO]... [--against PROGRAM]...
 *                                 [--dir DIRECTORY | --ram GIB] [--snapfs PROGRAM]
 *
 * The tree: small files of some 1.2 KB, a hundred to a directory; with --large a few large files instead, of so many
 * MiB in all. Scenarios:
 *
 *   first      the first backup
 *   unchanged  nothing changed
 *   changed1   1 % of the files rewritten; of large files one
 *   changed10  10 % rewritten
 *   renamed    every directory has another name
 *   moved      every file has another name
 *
 * Against: rsync (`rsync -aHAX --numeric-ids --sparse --modify-window=-1 --link-dest=PREVIOUS`, without and with the
 * `sync -f` that snapfs does before it shows a snapshot), flat (the same between directories three levels higher up:
 * rsync 3.5.0 opens every component of the path of a basis for every file), rsnapshot, restic, borg, and links
 * (`cp -al PREVIOUS NEW`, only with `unchanged`). Those that are not installed are left out, and named.
 *
 * All sides take turns in the same run, each after a `sync -f` outside the timing, and the trees they made are removed
 * outside the timing too. snapfs and rsync have two snapshots to begin with, the usual state. What changes is changed
 * anew in each round, so that nobody finds its data of the round before. The page cache is warm. One JSON object per
 * line on standard output, progress on standard error. --memory adds a run of each side that is not timed.
 *
 * With --ram all of it lies on an ext4 of so many GiB in memory (as root): a disk that is slow now and then, as those of
 * virtual machines are, says more of itself than of the programs. 100,000 files need 8, a million 16.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Borg, Links, Restic, Rsnapshot, Rsync, settle, Snapfs } from './backup-sides.mjs'
import {
  changeFiles,
  changeLargeFile,
  makeFiles,
  makeLargeFiles,
  renameDirectories,
  renameFiles,
} from './make-tree.mjs'
import {
  compare,
  inTurn,
  isInstalled,
  peakMemory,
  print,
  remark,
  roundTo,
  runBenchmark,
} from './measure.mjs'

/** A file younger than this at the first backup would be compared by content at the second. */
const SETTLE_MS = 3500
const SCENARIOS = /** @type {const} */ ([
  'first',
  'unchanged',
  'changed1',
  'changed10',
  'renamed',
  'moved',
])
const PROGRAMS = ['rsync', 'flat', 'rsnapshot', 'restic', 'borg', 'links']
const LARGE_FILES = 8

/** @typedef {import('./measure.mjs').Bench} Bench */
/** @typedef {import('./backup-sides.mjs').Side} Side */
/** @typedef {import('./backup-sides.mjs').Made} Made */
/** @typedef {(typeof SCENARIOS)[number]} Scenario */

/** All that take part, and how they are asked for on the command line. */
class Sides {
  /** @param {Bench} bench */
  constructor(bench) {
    const { directory } = bench
    this.snapfs = new Snapfs(bench)
    this.links = new Links(bench)
    this.rsync = new Rsync(bench, 'rsync', `${directory}/rsync`)
    this.flat = new Rsync(bench, 'rsync, flat', `${directory}/flat`)
    /** @type {ReadonlyMap<string, Side>} */
    this.others = new Map(
      /** @type {[string, Side][]} */ ([
        ['rsync', this.rsync],
        ['flat', this.flat],
        ['rsnapshot', new Rsnapshot(bench)],
        ['restic', new Restic(bench)],
        ['borg', new Borg(bench)],
        ['links', this.links],
      ]),
    )
  }

  /** @param {readonly string[]} names @returns {Promise<readonly Side[]>} */
  async chosen(names) {
    /** @type {Side[]} */
    const chosen = [this.snapfs]
    for (const [name, side] of this.others) {
      if (names.length > 0 && !names.includes(name)) continue
      const program = { flat: 'rsync', links: 'cp' }[name] ?? name
      if (await isInstalled(program)) chosen.push(side)
      else remark(`${name} is left out: it is not installed`)
    }
    return chosen
  }
}

/**
 * The first backup of each; none finds what another round left.
 * @param {Bench} bench
 * @param {readonly Side[]} sides
 * @param {Sides} all
 */
async function measureFirst(bench, sides, all) {
  const taking = sides.filter((side) => side !== all.links && side !== all.flat)
  // What it made stays as what the next ones link to; a second round would need an empty place.
  const once = { ...bench, options: { ...bench.options, rounds: 1 } }
  const made = await measureRounds('first', once, taking, () => undefined)
  return made
}

/**
 * A snapshot of each of the source as it is now, for the next ones to link to. Twice of snapfs, whose first one after
 * a change has compared what changed just before.
 * @param {readonly Side[]} sides
 * @param {Sides} all
 */
async function makeBases(sides, all) {
  remark('making what the next ones link to')
  await sleep(SETTLE_MS)
  await all.snapfs.make()
  all.rsync.previous = `${(await all.snapfs.make()).path}/tree`
  all.links.previous = all.rsync.previous
  if (sides.includes(all.flat)) all.flat.previous = (await all.flat.make()).path
  /** @type {readonly Side[]} */
  const done = [all.snapfs, all.rsync, all.flat, all.links]
  for (const side of sides) if (!done.includes(side)) await side.make()
}

/**
 * @param {Scenario} scenario
 * @param {Bench} bench
 * @param {readonly Side[]} sides
 * @param {(round: number) => void} change
 * @returns {Promise<ReadonlyMap<Side, Made>>} the last of each
 */
async function measureRounds(scenario, bench, sides, change) {
  const { files, rounds, large } = bench.options
  /** @type {Map<string, number[]>} */
  const ms = new Map()
  /** @type {Map<Side, Made>} */
  const last = new Map()
  const note = (/** @type {string} */ name, /** @type {number} */ took) => {
    ms.set(name, [...(ms.get(name) ?? []), took])
  }
  for (let round = 0; round < rounds; round += 1) {
    change(round)
    for (const side of inTurn(sides, round)) {
      await settle(bench)
      const made = await side.make()
      note(side.name, made.ms)
      if (made.syncedMs !== undefined) note(`${side.name}, sync -f`, made.syncedMs)
      if (made.counts !== undefined) expectCounts(scenario, made.counts, files)
      last.set(side, made)
      if (scenario !== 'first') await side.forget(made)
    }
    const seconds = sides.map(
      ({ name }) => `${name} ${roundTo((ms.get(name)?.at(-1) ?? 0) / 1000, 2)} s`,
    )
    remark(`${scenario}, round ${round + 1} of ${rounds}: ${seconds.join(', ')}`)
  }
  const [snapfs] = sides
  const about = large === 0 ? { files } : { files, largeMiB: large }
  for (const [name, took] of ms) {
    if (name === snapfs?.name) continue
    const what = { name: scenario, what: snapfs?.name ?? '', against: name, ...about }
    compare(what, ms.get(snapfs?.name ?? '') ?? [], took)
  }
  return last
}

/**
 * A snapshot made for another reason than expected would be a number for something else.
 * @param {Scenario} scenario
 * @param {Readonly<Record<string, number>>} counts
 * @param {number} files
 */
function expectCounts(scenario, counts, files) {
  const { changedFiles, movedEntries = 0 } = counts
  if (counts['files'] !== files) throw new Error(`snapfs stored ${counts['files']} files`)
  const expected = {
    first: files,
    unchanged: 0,
    changed1: Math.ceil(files / 100),
    changed10: Math.ceil(files / 10),
    renamed: 0,
    moved: 0,
  }[scenario]
  const moved = scenario === 'renamed' || scenario === 'moved' ? files : 0
  if (changedFiles !== expected || movedEntries !== moved) {
    throw new Error(`${scenario}: ${changedFiles} files copied, ${movedEntries} moved`)
  }
}

/**
 * @param {Scenario} scenario
 * @param {Bench} bench
 * @param {readonly Side[]} sides
 */
async function measureMemory(scenario, bench, sides) {
  const { files, large } = bench.options
  for (const side of sides) {
    /** @type {Made} */
    let made = { ms: 0, path: '' }
    const peak = await peakMemory(async (onStart) => (made = await side.make({ onStart })))
    await side.forget(made)
    const about = large === 0 ? { files } : { files, largeMiB: large }
    print({ name: `${scenario}, peak memory`, what: side.name, peakMiB: peak, ...about })
  }
}

/** @param {Scenario} scenario @param {Bench} bench */
function changerOf(scenario, { directory, options: { files, large } }) {
  const source = `${directory}/source`
  return (/** @type {number} */ round) => {
    if (scenario === 'renamed') renameDirectories(source, `round-${round}`)
    else if (scenario === 'moved') renameFiles(source, `round-${round}`)
    else if (scenario.startsWith('changed') && large > 0)
      changeLargeFile(source, large / LARGE_FILES, round)
    else if (scenario === 'changed1') changeFiles(source, files, 100, round)
    else if (scenario === 'changed10') changeFiles(source, files, 10, round)
  }
}

await runBenchmark({ files: 100_000, rounds: 3 }, async (bench) => {
  const { files, only, against, large } = bench.options
  const unknown = [
    ...only.filter((name) => !SCENARIOS.some((scenario) => scenario === name)),
    ...against.filter((name) => !PROGRAMS.includes(name)),
  ]
  if (unknown.length > 0) throw new Error(`not known: ${unknown.join(', ')}`)
  const all = new Sides(bench)
  const sides = await all.chosen(against)
  remark(large > 0 ? `making ${large} MiB` : `making ${files} files`)
  if (large > 0) {
    bench.options = { ...bench.options, files: LARGE_FILES }
    makeLargeFiles(all.snapfs.source, LARGE_FILES, large / LARGE_FILES)
  } else makeFiles(all.snapfs.source, { files })
  for (const side of sides) await side.prepare()
  await sleep(SETTLE_MS)
  const made = await measureFirst(bench, sides, all)
  await makeBases(sides, all)
  for (const side of made.keys()) {
    if (side === all.rsync) await side.forget(/** @type {Made} */ (made.get(side)))
  }
  let isChanged = false
  for (const scenario of SCENARIOS) {
    if (scenario === 'first' || (only.length > 0 && !only.includes(scenario))) continue
    if (large > 0 && scenario === 'changed10') continue
    // Else each scenario would measure the changes of those before it, too.
    if (isChanged) await makeBases(sides, all)
    isChanged = scenario !== 'unchanged'
    const taking = sides.filter((side) => side !== all.links || scenario === 'unchanged')
    const change = changerOf(scenario, bench)
    await measureRounds(scenario, bench, taking, change)
    if (bench.options.memory) await measureMemory(scenario, bench, taking)
  }
})
