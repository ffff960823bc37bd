/** Repositories with many snapshots, in the time of few. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFiles, text } from './make-tree.mjs'
import { remark, run } from './measure.mjs'

const MEAN_BYTES = 3900
const HOUR_MS = 3_600_000

/** @typedef {import('./measure.mjs').Bench} Bench */
/** @typedef {{ repository: string, tree: string, trees: readonly string[] }} History */

/**
 * Makes a repository with a first snapshot.
 * @param {Bench} bench
 * @param {string} name
 * @param {string} source
 */
export async function makeRepository(bench, name, source) {
  const repository = `${bench.directory}/${name}`
  await snapfs(bench, ['init', repository, '--source', source, '--config', `${repository}.toml`])
  return { repository, tree: await backUp(bench, repository, source) }
}

/**
 * @param {Bench} bench
 * @param {string} repository
 * @param {string} source
 * @returns {Promise<string>} the tree of the new snapshot
 */
export async function backUp(bench, repository, source) {
  const words = ['backup', '--repository', repository, '--source', source, '--json']
  const [snapshot] = JSON.parse((await snapfs(bench, words)).stdout).snapshots
  return `${snapshot.path}/tree`
}

/**
 * @param {Bench} bench
 * @param {readonly string[]} words
 */
function snapfs(bench, words) {
  const env = { SNAPFS_CONFIG: `${bench.directory}/config.toml` }
  return run(bench.options.snapfs, words, { signal: bench.signal, env, stdout: 'pipe' })
}

/**
 * One that was made before, in the directory of a bench.
 * @param {string} directory
 * @returns {History}
 */
export function findHistory(directory) {
  const series = `${directory}/history/history-source`
  const ids = readdirSync(series).filter((name) => /^\d{4}-/u.test(name))
  const trees = ids
    .sort()
    .reverse()
    .map((id) => `${series}/${id}/tree`)
  const [tree] = trees
  if (tree === undefined) throw new Error(`there are no snapshots in ${series}`)
  return { repository: `${directory}/history`, tree, trees }
}

/**
 * Each older snapshot is linked from the next. Some files of its first directory are given another inode, which is what
 * makes a version; and one is there that the next has no more.
 * @param {Bench} bench
 * @param {{ files: number, perDirectory: number, snapshots: number }} shape
 * @returns {Promise<History>} the tree of the newest, and all, the newest first
 */
export async function makeHistory(bench, { files, perDirectory, snapshots }) {
  const source = `${bench.directory}/history-source`
  remark(`making ${snapshots} snapshots of ${files} files`)
  mkdirSync(source)
  makeFiles(`${source}/text`, { files, perDirectory })
  const { repository, tree } = await makeRepository(bench, 'history', source)
  const newest = dirname(tree)
  const manifest = JSON.parse(readFileSync(`${newest}/manifest.json`, 'utf8'))
  const newestMs = Date.parse(manifest.startedAt)
  const changed = Math.ceil(perDirectory / 100)
  const trees = [tree]
  let next = newest
  for (let age = 0; age < snapshots; age += 1) {
    const startedAt = new Date(newestMs - age * HOUR_MS).toISOString()
    const id = age === 0 ? manifest.id : `${startedAt.slice(0, 19).replaceAll(':', '-')}Z`
    const snapshot = `${dirname(newest)}/${id}`
    if (age > 0) {
      mkdirSync(snapshot, { mode: 0o700 })
      await run('cp', ['-al', `${next}/tree`, snapshot], { signal: bench.signal })
      const directory = `${snapshot}/tree/text/directory-0000`
      rmSync(`${directory}/gone-${age - 1}`, { force: true })
      writeFileSync(`${directory}/gone-${age}`, text(age, MEAN_BYTES))
      const names = readdirSync(directory).filter((name) => name.startsWith('file'))
      const first = ((age - 1) * changed) % names.length
      for (const name of names.slice(first, first + changed)) {
        rmSync(`${directory}/${name}`)
        writeFileSync(`${directory}/${name}`, text(age, MEAN_BYTES))
      }
      trees.push(`${snapshot}/tree`)
      if (age % 100 === 0) remark(`${age} snapshots`)
    }
    const record = { ...manifest, id, sequence: snapshots - age, startedAt }
    writeFileSync(`${snapshot}/manifest.json`, JSON.stringify(record), { mode: 0o600 })
    next = snapshot
  }
  return { repository, tree, trees }
}
