/** What is done with a tree, whatever shows it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { pathsAtRandom } from './make-tree.mjs'
import { run } from './measure.mjs'
import { FILES_PER_DIRECTORY, LARGE_MIB } from './mount-sides.mjs'

const READERS = 16
const READ_PATHS = 5000
/** Of one `cat`. */
const PATHS_AT_ONCE = 40
/** tar writes nothing at all where it sees that its archive is /dev/null; and its exit code is to count. */
const TAR = ['-o', 'pipefail', '-c', 'tar -cf - -C "$0" text | cat > /dev/null']

/** @typedef {import('./measure.mjs').Bench} Bench */
/** @typedef {{ program: string, words: readonly string[], accept?: readonly number[], cwd?: string, touchMiB?: number }} Job */
/** @typedef {ReadonlyMap<string, (root: string) => Job>} Jobs by name, for any root */

/**
 * Runs a job once.
 * @param {Bench} bench
 * @param {Job} job
 */
export async function timed(bench, { program, words, accept = [0], cwd = '/', touchMiB = 0 }) {
  if (touchMiB > 0) {
    // In a virtual machine, memory that nobody has used for a while is slow when it is touched first.
    const touch = ['if=/dev/zero', 'of=/dev/null', `bs=${touchMiB}M`, 'count=1']
    await run('dd', touch, { signal: bench.signal })
  }
  return (await run(program, words, { signal: bench.signal, accept, cwd })).ms
}

/** @param {string} root */
export function findPrintf(root) {
  return { program: 'find', words: [`${root}/text`, '-printf', '%s %m %T@\n'] }
}

/** @param {string} root */
export function grep(root) {
  // 1: nothing was found, so everything was read.
  return { program: 'grep', words: ['-r', 'no such', `${root}/text`], accept: [1] }
}

/**
 * @param {Bench} bench
 * @returns {Jobs}
 */
export function makeTreeJobs({ directory, options }) {
  const [list, empty] = [`${directory}/paths-to-read`, `${directory}/empty`]
  const paths = pathsAtRandom(options.files, READ_PATHS, FILES_PER_DIRECTORY)
  writeFileSync(list, paths.map((path) => `text/${path}\n`).join(''))
  mkdirSync(empty)
  const readers = ['-a', list, '-P', String(READERS), '-n', String(PATHS_AT_ONCE), 'cat']
  return new Map([
    ['find', (root) => ({ program: 'find', words: [`${root}/text`] })],
    ['find -printf', findPrintf],
    ['grep -r', grep],
    ['tar', (root) => ({ program: 'bash', words: [...TAR, root] })],
    ['rsync -n', (root) => ({ program: 'rsync', words: ['-an', `${root}/text/`, `${empty}/`] })],
    ['cat', (root) => ({ program: 'cat', words: [`${root}/large`], touchMiB: LARGE_MIB + 128 })],
    [`${READERS} readers`, (root) => ({ program: 'xargs', words: readers, cwd: root })],
  ])
}
