/**
 * What shows the same snapshots: the two drivers of snapfs, passthroughs in C, and the mounts of other backup
 * programs. Each side has two snapshots, of which the newer shares nearly all inodes with the older.
 */
import { mkdirSync, readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Borg, Restic } from './backup-sides.mjs'
import { backUp, makeRepository } from './make-history.mjs'
import { changeFiles, makeFiles, makeLargeFile } from './make-tree.mjs'
import { isInstalled, remark, run } from './measure.mjs'
import { Server } from './mounts.mjs'

export const DRIVERS = /** @type {const} */ (['kernel', 'fuse-native'])
export const BINDFS_OPTIONS = 'ro,kernel_cache,entry_timeout=60,attr_timeout=60,negative_timeout=1'
/** Gives the program as many descriptors as may be had: passthrough_ll has one for each inode it was asked for. */
const WITH_DESCRIPTORS = 'ulimit -n "$(ulimit -Hn)"; exec "$@"'
const HOW_TO_BUILD = `passthrough_ll is left out: no such program in PATH, nor --passthrough-ll PROGRAM. It is an example of
libfuse 3; package libfuse3-dev has it in /usr/share/doc/libfuse3-dev/examples (perhaps compressed):
  gcc -O2 passthrough_ll.c $(pkg-config fuse3 --cflags --libs) -o passthrough_ll`

export const FILES_PER_DIRECTORY = 50
export const LARGE_MIB = 512
const MEAN_BYTES = 3900
const CHANGED_EVERY = 100
/** Snapshots are named by the second. */
const NEXT_SECOND_MS = 1000

/** @typedef {import('./measure.mjs').Bench} Bench */
/** @typedef {{ repository: string, trees: readonly string[] }} Made the trees of its snapshots, the oldest first */
/** @typedef {{ name: string, server: Server | undefined, newer: string, older: string }} Side */

/**
 * Three snapshots of small text files and a large one.
 * @param {Bench} bench
 * @returns {Promise<Made>}
 */
export async function makeTreeRepository(bench) {
  const { files } = bench.options
  const source = `${bench.directory}/source`
  remark(`making ${files} files and one of ${LARGE_MIB} MiB`)
  mkdirSync(source)
  makeFiles(`${source}/text`, { files, perDirectory: FILES_PER_DIRECTORY, meanBytes: MEAN_BYTES })
  makeLargeFile(`${source}/large`, LARGE_MIB)
  const { repository, tree } = await makeRepository(bench, 'repository', source)
  const trees = [tree]
  for (let more = 0; more < 2; more += 1) {
    await sleep(NEXT_SECOND_MS)
    changeFiles(`${source}/text`, files, CHANGED_EVERY, more, FILES_PER_DIRECTORY)
    trees.push(await backUp(bench, repository, source))
  }
  return { repository, trees }
}

/**
 * A server that is ended, at the latest, when the benchmark is.
 * @param {Bench} bench
 * @param {string} name
 * @param {string} program
 * @param {(mountpoint: string) => readonly string[]} words
 */
function serverFor(bench, name, program, words) {
  const mountpoint = `${bench.directory}/mount-${name}`
  const server = new Server(mountpoint, program, words(mountpoint), bench.signal)
  bench.defer(() => server.stop())
  return server
}

/**
 * @param {Bench} bench
 * @param {string} driver
 * @param {string} repository
 * @param {string} [name] where there are several of a driver
 * @param {readonly string[]} [options]
 */
export function snapfsServer(bench, driver, repository, name = driver, options = []) {
  return serverFor(bench, name, bench.options.snapfs, (mountpoint) => [
    ...['mount', '--foreground', '--driver', driver, `--repository=${repository}`],
    ...[...options, mountpoint],
  ])
}

/**
 * All sides that there are here, each mounted.
 * @param {Bench} bench
 * @param {Made} made
 * @returns {Promise<readonly Side[]>}
 */
export async function startSides(bench, { repository, trees }) {
  const [older, newer] = trees.slice(-2)
  if (older === undefined || newer === undefined) throw new Error('there are no two snapshots')
  /** @type {Side[]} */
  const sides = [{ name: 'direct', server: undefined, newer, older }]
  for (const driver of DRIVERS) sides.push(await startSnapfs(bench, driver, repository))
  if (process.getuid?.() === 0) {
    sides.push(await startSnapfs(bench, DRIVERS[0], repository, 'passthrough', ['--passthrough']))
  }
  // The directory of all snapshots, so that both are below, and as deep as they are in a mount of snapfs.
  const series = dirname(dirname(newer))
  const below = (/** @type {string} */ root, /** @type {string} */ tree) =>
    `${root}/${basename(dirname(tree))}/tree`
  for (const { name, program, words } of await passthroughs(bench, series)) {
    const server = serverFor(bench, name, program, words)
    await server.start()
    const { mountpoint } = server
    sides.push({
      ...{ name, server },
      newer: below(mountpoint, newer),
      older: below(mountpoint, older),
    })
  }
  for (const rival of bench.options.against) {
    if (rival === 'restic') sides.push(await startRestic(bench, older, newer))
    else if (rival === 'borg') sides.push(await startBorg(bench, older, newer))
    else throw new Error(`--against ${rival}: not one of restic, borg`)
  }
  return sides
}

/**
 * @param {Bench} bench
 * @param {string} driver
 * @param {string} repository
 * @param {string} [name]
 * @param {readonly string[]} [options]
 * @returns {Promise<Side>}
 */
async function startSnapfs(bench, driver, repository, name = driver, options = []) {
  const server = snapfsServer(bench, driver, repository, name, options)
  await server.start()
  const byDate = `${server.mountpoint}/by-date`
  const names = readdirSync(byDate).filter((name) => name !== 'latest')
  const [older, newer] = names.sort().slice(-2)
  return { name, server, newer: `${byDate}/${newer}`, older: `${byDate}/${older}` }
}

/**
 * @param {Bench} bench
 * @param {string} series
 * @returns {Promise<readonly { name: string, program: string, words: (mountpoint: string) => readonly string[] }[]>}
 */
async function passthroughs({ options }, series) {
  const bindfs = {
    name: 'bindfs',
    program: 'bindfs',
    words: (/** @type {string} */ mountpoint) => [
      ...['-f', '--no-allow-other', '-o', BINDFS_OPTIONS, series, mountpoint],
    ],
  }
  const program = options.passthroughLl ?? 'passthrough_ll'
  if (!(await isInstalled(program))) {
    if (options.passthroughLl !== undefined) throw new Error(`there is no ${program}`)
    remark(HOW_TO_BUILD)
    return [bindfs]
  }
  const passthrough = {
    name: 'passthrough_ll',
    program: 'sh',
    words: (/** @type {string} */ mountpoint) => [
      ...['-c', WITH_DESCRIPTORS, 'sh', program],
      ...['-f', '-o', `ro,source=${series},cache=always`, mountpoint],
    ],
  }
  return [bindfs, passthrough]
}

/**
 * @param {Bench} bench
 * @param {string} older
 * @param {string} newer
 * @returns {Promise<Side>}
 */
async function startRestic(bench, older, newer) {
  const { directory, signal } = bench
  const restic = new Restic(bench)
  remark('restic copies both snapshots')
  await restic.prepare()
  for (const [tag, tree] of Object.entries({ older, newer })) {
    const words = ['backup', '-q', '--tag', tag, '.']
    await run('restic', words, { signal, env: restic.env, cwd: tree })
  }
  const settings = Object.entries(restic.env).map(([name, value]) => `${name}=${value}`)
  const server = serverFor(bench, 'restic', 'env', (mountpoint) => [
    ...[...settings, 'restic', '--no-lock', '-q', 'mount', mountpoint],
  ])
  await server.start()
  const tags = `${directory}/mount-restic/tags`
  return {
    ...{ name: 'restic', server },
    newer: `${tags}/newer/latest`,
    older: `${tags}/older/latest`,
  }
}

/**
 * @param {Bench} bench
 * @param {string} older
 * @param {string} newer
 * @returns {Promise<Side>}
 */
async function startBorg(bench, older, newer) {
  const { directory, signal } = bench
  const borg = new Borg(bench)
  remark('borg copies both snapshots')
  await borg.prepare()
  for (const [name, tree] of Object.entries({ older, newer })) {
    const words = ['create', `${borg.repository}::${name}`, '.']
    await run('borg', words, { signal, env: borg.env, cwd: tree })
  }
  const settings = Object.entries(borg.env).map(([name, value]) => `${name}=${value}`)
  const server = serverFor(bench, 'borg', 'env', (mountpoint) => [
    ...[...settings, 'borg', 'mount', '--foreground', borg.repository, mountpoint],
  ])
  await server.start()
  const mountpoint = `${directory}/mount-borg`
  return { name: 'borg', server, newer: `${mountpoint}/newer`, older: `${mountpoint}/older` }
}
