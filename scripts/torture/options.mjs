/** What a torture is asked for, and what it refuses, in a sentence, before it begins. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const TOOLS = [
  ...['rsync', 'strace', 'mkfs.ext4', 'mount', 'losetup', 'fallocate'],
  ...['getfattr', 'setfattr', 'setfacl'],
]
const TOOLS_FOR_POWER_CUTS = ['mkfs.xfs', 'xfs_io']

/**
 * @typedef {object} Options
 * @property {number} count how many points of each list, at most
 * @property {'sample' | 'count' | 'full'} form
 * @property {number} seed
 * @property {readonly string[]} only
 * @property {readonly string[]} points
 * @property {string} snapfs
 * @property {string} dir
 * @property {boolean} prove
 */

/** What is wrong with the words, or with the machine. */
export class Refusal extends Error {}

/**
 * @param {readonly string[]} words
 * @param {readonly string[]} harnesses
 * @returns {Options | 'help'}
 * @throws {Refusal}
 */
export function parseOptions(words, harnesses) {
  const values = parseWords(words)
  if (values.help) return 'help'
  const { full, only, dir, prove, point: points } = values
  const unknown = only.find((name) => !harnesses.includes(name))
  if (unknown !== undefined) {
    throw new Refusal(`--only is one of ${harnesses.join(', ')}, and not "${unknown}".`)
  }
  if (full && values.count !== undefined) {
    throw new Refusal(
      '--full is every point and --count so many of them, so only one can be asked.',
    )
  }
  const seed = parseNumber('--seed', values.seed, 0) ?? 1 + Math.floor(Math.random() * 1_000_000)
  const count = parseNumber('--count', values.count, 1)
  return {
    form: full ? 'full' : count === undefined ? 'sample' : 'count',
    ...{ count: count ?? Infinity, seed, only, points, dir, prove },
    snapfs: resolve(values.snapfs),
  }
}

/**
 * @param {Options} options
 * @throws {Refusal}
 */
export function checkMachine({ snapfs, dir, only }) {
  if (process.getuid?.() !== 0) {
    throw new Refusal('Only root can do this, since it mounts and changes owners.')
  }
  if (!isAccessible(snapfs, constants.X_OK)) {
    throw new Refusal(`There is no program ${snapfs}; "npm run build" makes the usual one.`)
  }
  if (!isAccessible(dir, constants.W_OK)) throw new Refusal(`--dir ${dir} cannot be written to.`)
  const cutsPower = only.length === 0 || only.includes('power')
  const tools = cutsPower ? [...TOOLS, ...TOOLS_FOR_POWER_CUTS] : TOOLS
  const missing = tools.filter((tool) => !isInstalled(tool))
  if (missing.length > 0) throw new Refusal(`This machine lacks ${missing.join(', ')}.`)
}

function parseWords(/** @type {readonly string[]} */ words) {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        full: { type: 'boolean', default: false },
        count: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
        point: { type: 'string', multiple: true, default: [] },
        snapfs: {
          type: 'string',
          default: fileURLToPath(new URL('../../dist/snapfs', import.meta.url)),
        },
        dir: { type: 'string', default: tmpdir() },
        prove: { type: 'boolean', default: false },
      },
    })
    return values
  } catch (error) {
    // The first sentence; what follows in some of them is advice about a positional word.
    const [sentence = ''] = String(error instanceof Error ? error.message : error).split('. ')
    throw new Refusal(`${sentence.replace(/\.$/u, '')}; --help names all there are.`)
  }
}

/**
 * @param {string} option
 * @param {string | undefined} word
 * @param {number} least
 */
function parseNumber(option, word, least) {
  if (word === undefined) return undefined
  const number = Number(word)
  if (/^\d+$/u.test(word) && Number.isSafeInteger(number) && number >= least) return number
  throw new Refusal(`${option} is a whole number from ${least} on, and not "${word}".`)
}

/**
 * @param {string} path
 * @param {number} mode
 */
function isAccessible(path, mode) {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

function isInstalled(/** @type {string} */ tool) {
  try {
    execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
