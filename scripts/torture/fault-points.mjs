/**
 * Where a fault can strike a backup: the N-th call of one kind in one run of one program, as a run without
 * a fault has them. strace counts the calls of each thread by itself, so a point strikes the thread that
 * reaches the number first; calls that another thread always hides are counted and not struck.
 */
import { readdir, readFile, rm } from 'node:fs/promises'
import { startTraced } from './inject.mjs'
import { endAll } from './processes.mjs'
import { placeRepository } from './scene.mjs'

/** Programs a backup may start, found by way of PATH; each can be traced without the others. */
export const PROGRAMS = ['node', 'rsync', 'sync']

const CHANGING = [
  ...['mkdir', 'mkdirat', 'rmdir', 'link', 'linkat', 'unlink', 'unlinkat', 'symlink', 'symlinkat'],
  ...['rename', 'renameat', 'renameat2', 'mknod', 'mknodat', 'creat', 'open', 'openat', 'openat2'],
  ...['truncate', 'ftruncate', 'fallocate', 'copy_file_range', 'write', 'pwrite64', 'writev'],
  ...[
    'chmod',
    'fchmod',
    'fchmodat',
    'chown',
    'lchown',
    'fchown',
    'fchownat',
    'utimensat',
    'futimesat',
  ],
  ...['setxattr', 'lsetxattr', 'fsetxattr', 'removexattr', 'lremovexattr', 'fremovexattr'],
  ...['fsync', 'fdatasync', 'sync', 'syncfs', 'sync_file_range'],
]
/** Calls whose order on the disk a power cut can show. */
const PERSISTING =
  /^(?:fsync|fdatasync|sync|syncfs|sync_file_range|rename|link|mkdir|symlink|unlink|rmdir)/u
const OPENING = /^(?:open|openat|openat2|creat)$/u
const WRITING = /^(?:write|pwrite64|writev)$/u
/** Between rsync's processes and to the disk there are hundreds; they differ in little but the moment. */
const WRITES_BETWEEN_POINTS = 12

/**
 * How often a point is looked for: which of node's threads makes a call is chance, and with it the number of the call.
 */
export const TRIES = 3

/** @typedef {import('./scene.mjs').Scene} Scene */
/** @typedef {import('./scene.mjs').Template} Template */
/**
 * @typedef {object} Point
 * @property {string} program
 * @property {number} run which start of the program, from 1
 * @property {string} call
 * @property {number} number which call, from 1
 */
/**
 * @typedef {object} Points
 * @property {readonly Point[]} points
 * @property {number} calls how many calls change the repository
 * @property {number} hidden how many of them another thread hides
 */

/** @param {Point} point */
export function nameOf({ program, run, call, number }) {
  return `${program}/${run}/${call}/${number}`
}

/** @param {Point} point */
export function isPersisting({ call }) {
  return PERSISTING.test(call)
}

/**
 * Whether a call, as strace prints it, is one that a point may be meant for. Node wakes itself by calls of the
 * same kinds, more often in one run than in another, and so the number of a point can belong to one of these.
 * @param {string} line
 * @param {Point} point
 * @param {string} repository
 */
export function isMeant(line, { program, call }, repository) {
  return (program === 'rsync' && WRITING.test(call)) || changesRepository(call, line, repository)
}

/**
 * Traces one backup, or what else is to be struck, without a fault.
 * @param {Scene} scene
 * @param {Template} template
 * @param {string} directory
 * @param {readonly string[]} [programs]
 * @param {import('./scene.mjs').Start} [start]
 * @returns {Promise<Points>}
 */
export async function findPoints(scene, template, directory, programs = PROGRAMS, start) {
  const placed = await placeRepository(scene, template, directory)
  const place = start === undefined ? placed : { ...placed, start }
  const { room } = scene.session
  const traces = `${room}/baseline`
  const group = await startTraced(place, {
    programs,
    run: 'each',
    output: traces,
    words: [`--trace=${CHANGING.map((call) => `?${call}`).join(',')}`],
  })
  const { exitCode, stderr } = await group.ended
  await endAll(room, 5000)
  if (exitCode !== 0) throw new Error(`a run without a fault ended with ${exitCode}: ${stderr}`)
  /** @type {Points[]} */
  const found = []
  const names = await readdir(room)
  for (const program of programs) {
    for (let run = 1; names.includes(`baseline.${program}.${run}`); run += 1) {
      const file = `${traces}.${program}.${run}`
      found.push(pointsIn(await readFile(file, 'latin1'), { program, run }, place.repository))
      await rm(file)
    }
  }
  for (const program of programs) {
    const isStruck = found.some(({ points }) => points.some((point) => point.program === program))
    if (!isStruck) throw new Error(`no call of ${program} can be struck: is it traced at all?`)
  }
  return {
    points: found.flatMap(({ points }) => points),
    calls: found.reduce((sum, { calls }) => sum + calls, 0),
    hidden: found.reduce((sum, { hidden }) => sum + hidden, 0),
  }
}

/**
 * The points in one trace, in the order of their time.
 * @param {string} trace
 * @param {Pick<Point, 'program' | 'run'>} start
 * @param {string} repository
 * @returns {Points}
 */
function pointsIn(trace, start, repository) {
  /** @type {Map<string, number>} calls so far, by thread and kind */
  const counts = new Map()
  /** @type {Map<string, number>} the highest number any thread has reached, by kind */
  const reached = new Map()
  const points = []
  let calls = 0
  let hidden = 0
  for (const line of trace.split('\n')) {
    const [, thread = '', call = ''] = /^(\d+) +(\w+)\(/u.exec(line) ?? []
    if (call === '') continue
    const number = (counts.get(`${thread} ${call}`) ?? 0) + 1
    counts.set(`${thread} ${call}`, number)
    const first = number > (reached.get(call) ?? 0)
    if (first) reached.set(call, number)
    const changes = changesRepository(call, line, repository)
    if (changes) calls += 1
    if (changes && !first) hidden += 1
    // Between rsync's processes any moment is a moment in the middle of a file.
    const midFile = start.program === 'rsync' && WRITING.test(call) && reached.has('mkdirat')
    if (!first || !(changes || midFile)) continue
    if (WRITING.test(call) && number % WRITES_BETWEEN_POINTS !== 1) continue
    points.push({ ...start, call, number })
  }
  return { points, calls, hidden }
}

/**
 * @param {string} call
 * @param {string} line
 * @param {string} repository
 */
function changesRepository(call, line, repository) {
  if (/^(?:sync)$/u.test(call)) return true
  if (!line.includes(repository)) return false
  if (OPENING.test(call)) return /O_CREAT|O_WRONLY|O_RDWR|O_TRUNC|creat\(/u.test(line)
  return true
}
