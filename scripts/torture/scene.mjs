/**
 * Where a fault strikes: a source in its third state, and a repository to be copied from a template before
 * each fault, with what each of its snapshots looked like when it was published. Snapfs is driven by its
 * command line alone.
 */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fingerprint } from './fingerprint.mjs'
import { Group, run } from './processes.mjs'
import { randomFrom } from './random.mjs'
import { changeSource, makeSource } from './source-tree.mjs'

const PROFILE = 'data'
const SNAPSHOT_NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/u
/** More than the grain that snapfs allows a clock, and the second to which a snapshot's name is exact. */
const SETTLE_MS = 4100

/** @typedef {import('./processes.mjs').Ended} Ended */
/** @typedef {import('./session.mjs').Session} Session */
/** @typedef {{ directory: string, earlier: ReadonlyMap<string, string> }} Template */
/** @typedef {{ session: Session, source: string, first: Template, third: Template }} Scene */
/**
 * @typedef {(place: Pick<Place, 'scene' | 'repository'>, options?: { env?: Readonly<Record<string, string>> }) => Group | Promise<Group>} Start
 */
/**
 * @typedef {object} Place
 * @property {Scene} scene
 * @property {string} repository
 * @property {ReadonlyMap<string, string>} earlier
 * @property {Start} [start] what a fault is to strike; a backup without it
 */

/**
 * @param {Session} session
 * @param {string} directory is made, on the file system the torture is to happen on
 * @returns {Promise<Scene>}
 */
export async function makeScene(session, directory) {
  const random = randomFrom(session.options.seed, 'source')
  const source = `${directory}/source`
  const place = { repository: `${directory}/made/repository` }
  await mkdir(`${directory}/made`, { recursive: true })
  const asked = { ...place, scene: { session, source } }
  makeSource(source, random)
  await must(snapfs(session, ['init', place.repository]))
  const first = await keepTemplate(place.repository, `${directory}/first`)
  // What is older than a snapshot by so much need not be compared by content, and mostly nothing is newer.
  await sleep(SETTLE_MS)
  await must(startBackUp(asked))
  changeSource(source, 1, random)
  await must(startBackUp(asked))
  changeSource(source, 2, random)
  const third = await keepTemplate(place.repository, `${directory}/third`)
  return { session, source, first, third }
}

/**
 * @param {string} repository
 * @param {string} directory
 * @returns {Promise<Template>}
 */
export async function keepTemplate(repository, directory) {
  await mkdir(directory)
  await run('cp', ['-a', '--', repository, `${directory}/repository`])
  return { directory, earlier: await fingerprintsOf(`${directory}/repository`) }
}

/**
 * A repository as the template has it, in a directory that is emptied first.
 * @param {Scene} scene
 * @param {Template} template
 * @param {string} directory
 * @returns {Promise<Place>}
 */
export async function placeRepository(scene, template, directory) {
  const repository = `${directory}/repository`
  await rm(repository, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  await run('cp', ['-a', '--', `${template.directory}/repository`, repository])
  return { scene, repository, earlier: template.earlier }
}

/**
 * @param {{ repository: string, scene: Pick<Scene, 'session' | 'source'> }} place
 * @param {{ env?: Readonly<Record<string, string>> }} [options]
 * @returns {Group}
 */
export function startBackUp({ repository, scene: { session, source } }, options) {
  const place = ['--repository', repository, '--source', source, '--profile', PROFILE]
  // A disk is to become full in the middle of a run, and not to be found so before it.
  const words = ['backup', ...place, '--min-free', 'off', '--min-free-inodes', 'off']
  return snapfs(session, words, options)
}

/**
 * @param {Parameters<typeof startBackUp>[0]} place
 * @returns {Promise<Ended>}
 */
export function backUp(place) {
  return startBackUp(place).ended
}

/**
 * What `snapfs list --json` says of the series.
 * @param {Place} place
 * @returns {Promise<{ ids: string[], outcomes: Map<string, string>, damaged: unknown[] } | { failure: string }>}
 */
export async function listSnapshots({ repository, scene }) {
  const group = snapfs(scene.session, ['list', '--repository', repository, '--json'])
  const { exitCode, stdout, stderr } = await group.ended
  if (exitCode !== 0) return { failure: `snapfs list ended with ${exitCode}: ${stderr}` }
  try {
    const { series } = JSON.parse(stdout)
    const { snapshots, damaged } = series[0] ?? { snapshots: [], damaged: [] }
    const ids = snapshots.map((/** @type {{ id: string }} */ { id }) => id)
    const outcomes = new Map(
      snapshots.map((/** @type {{ id: string, outcome: string }} */ { id, outcome }) => [
        id,
        outcome,
      ]),
    )
    return { ids, outcomes, damaged }
  } catch (error) {
    return { failure: `snapfs list printed no listing (${String(error)}): ${stdout}` }
  }
}

/** The names in a series that claim to be snapshots, by directory and not by what snapfs says. */
export async function snapshotNames(/** @type {string} */ repository) {
  const names = await readdir(`${repository}/${PROFILE}`).catch(() => /** @type {string[]} */ ([]))
  return names.filter((name) => SNAPSHOT_NAME.test(name)).sort()
}

/**
 * @param {string} repository
 * @param {string} [name] the series itself without it
 */
export function pathInSeries(repository, name = '') {
  return `${repository}/${PROFILE}/${name}`
}

/** Each published snapshot's fingerprint by its name. */
export async function fingerprintsOf(/** @type {string} */ repository) {
  /** @type {Map<string, string>} */
  const prints = new Map()
  for (const name of await snapshotNames(repository)) {
    prints.set(name, await fingerprint(pathInSeries(repository, name)))
  }
  return prints
}

/**
 * @param {Session} session
 * @param {readonly string[]} words
 * @param {{ env?: Readonly<Record<string, string>> }} [options]
 */
export function snapfs({ room, options: { snapfs: program } }, words, { env = {} } = {}) {
  const home = { HOME: `${room}/home`, SNAPFS_CONFIG: `${room}/home/config.toml` }
  // One thread for the disk: strace counts the calls of each thread by itself.
  return new Group(room, program, words, { env: { UV_THREADPOOL_SIZE: '1', ...home, ...env } })
}

async function must(/** @type {Group} */ group) {
  const { exitCode, stderr } = await group.ended
  if (exitCode !== 0) throw new Error(`the scene cannot be made: ${exitCode}\n${stderr}`)
}
