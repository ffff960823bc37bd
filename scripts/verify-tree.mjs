#!/usr/bin/env node
/**
 * Checks snapfs against a real tree, by means that share no code with it.
 *
 *   node scripts/verify-tree.mjs DIR [DIR ...]       the successive states of one tree, each a directory
 *   node scripts/verify-tree.mjs --npm NAME V1 V2 …  successive releases of an npm package, unpacked over
 *                                                    one another as tar does it, with the times they carry
 *
 * After each state a snapshot is made, and
 *  1. `rsync -naHAXic --delete --numeric-ids SOURCE/ SNAPSHOT/tree/` must print nothing;
 *  2. every file that is unchanged must have the inode it had in the snapshot before;
 * at the end, through a mount,
 *  3. `diff -r` of each stored tree and its by-date view must be silent;
 *  4. every content a path ever had must be in its by-file directory exactly once per run of snapshots that
 *     share an inode, and nothing else, by a walk of the stored trees. `repeated` counts versions whose content
 *     an earlier version of the path had: it went away and came back, or only its attributes changed.
 *
 * Needs rsync, diff, FUSE, and the built program. Prints one line of JSON; exits 1 at the first difference.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../dist/snapfs', import.meta.url))
const words = process.argv.slice(2)
const scratch = mkdtempSync(join(tmpdir(), 'snapfs-verify-'))
const repository = join(scratch, 'repository')
const mountpoint = join(scratch, 'history')
const source = join(scratch, 'source')
const env = { ...process.env, SNAPFS_CONFIG: join(scratch, 'config.toml'), TZ: 'UTC', LC_ALL: 'C' }

const run = (command, args, options = {}) =>
  execFileSync(command, args, { env, encoding: 'utf8', maxBuffer: 1 << 30, ...options })
const snapfs = (...args) => run(program, args)

function fail(message) {
  throw new Error(message)
}

/** Brings `source` to each state in turn. */
function* states() {
  if (words[0] !== '--npm') {
    for (const directory of words) {
      run('rsync', ['-aHAX', '--delete', '--numeric-ids', `${directory}/`, `${source}/`])
      yield directory
    }
    return
  }
  const [, name, ...versions] = words
  for (const version of versions) {
    const packed = run('npm', ['pack', '--silent', `${name}@${version}`], { cwd: scratch }).trim()
    run('tar', ['-xzf', packed, '-C', source], { cwd: scratch })
    yield `${name}@${version}`
  }
}

/** Every path of a tree that is not a directory, with what it is: bytes as characters. */
function walk(tree) {
  const found = new Map()
  const visit = (directory, prefix) => {
    const names = readdirSync(Buffer.from(directory, 'latin1'), { encoding: 'latin1' })
    for (const name of names) {
      const path = `${directory}/${name}`
      const status = lstatSync(Buffer.from(path, 'latin1'), { bigint: true })
      if (status.isDirectory()) visit(path, `${prefix}${name}/`)
      else found.set(prefix + name, { path, status })
    }
  }
  visit(tree, '')
  return found
}

const hashes = new Map()
function contentOf({ path, status }) {
  const place = Buffer.from(path, 'latin1')
  if (status.isSymbolicLink()) return `-> ${readlinkSync(place, { encoding: 'latin1' })}`
  if (!status.isFile()) return 'special'
  const key = `${status.dev}:${status.ino}`
  let hash = hashes.get(key)
  if (hash === undefined) {
    hash = createHash('sha256').update(readFileSync(place)).digest('hex')
    hashes.set(key, hash)
  }
  return hash
}

function checkSharing(before, after) {
  let shared = 0
  for (const [path, now] of after) {
    const then = before.get(path)
    if (then === undefined || then.status.mtimeNs !== now.status.mtimeNs) continue
    const same = ['mode', 'uid', 'gid', 'size'].every((key) => then.status[key] === now.status[key])
    if (!same || contentOf(then) !== contentOf(now)) continue
    if (then.status.ino !== now.status.ino) fail(`${path} did not change, but is another inode`)
    shared += 1
  }
  return shared
}

/** The contents by-file must show for a path: one for each run of snapshots with one inode. */
function expectedVersions(trees, path) {
  const versions = []
  let last
  for (const tree of trees) {
    const found = tree.get(path)
    if (found !== undefined && found.status.ino !== last?.status.ino)
      versions.push(contentOf(found))
    last = found
  }
  return versions
}

function checkByFile(trees) {
  const paths = new Set(trees.flatMap((tree) => [...tree.keys()]))
  const directories = new Set()
  for (const path of paths) {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      directories.add(path.slice(0, at))
    }
  }
  let versions = 0
  let repeated = 0
  for (const path of paths) {
    if (directories.has(path)) continue
    const container = `${mountpoint}/by-file/${path}`
    const shown = readdirSync(Buffer.from(container, 'latin1'), { encoding: 'latin1' }).sort()
    const contents = shown.map((name) => {
      const place = `${container}/${name}`
      const status = lstatSync(Buffer.from(place, 'latin1'), { bigint: true })
      if (status.isSymbolicLink() || !status.isFile()) return contentOf({ path: place, status })
      return createHash('sha256')
        .update(readFileSync(Buffer.from(place, 'latin1')))
        .digest('hex')
    })
    const expected = expectedVersions(trees, path)
    if (contents.join() !== expected.join()) {
      fail(`by-file/${path} shows ${shown.join(', ')}; expected ${expected.length} versions`)
    }
    versions += contents.length
    repeated += contents.length - new Set(contents).size
  }
  return { paths: paths.size, versions, repeated }
}

const result = { states: [] }
let mounted = false
try {
  mkdirSync(source)
  mkdirSync(mountpoint)
  snapfs('init', repository, '--source', source, '--profile', 'tree')
  const trees = []
  for (const state of states()) {
    const report = JSON.parse(snapfs('backup', '--json')).snapshots[0]
    const tree = `${report.path}/tree`
    const differences = run('rsync', [
      '-naHAXic',
      '--delete',
      '--numeric-ids',
      `${source}/`,
      `${tree}/`,
    ])
    if (differences !== '') fail(`${state}: the snapshot differs:\n${differences.slice(0, 2000)}`)
    trees.push(walk(tree))
    const shared = trees.length > 1 ? checkSharing(trees.at(-2), trees.at(-1)) : 0
    const { files, changedFiles } = report.counts
    result.states.push({ state, files, changedFiles, shared, ms: report.durationMs, path: tree })
  }
  snapfs('mount', mountpoint)
  mounted = true
  const dates = readdirSync(`${mountpoint}/by-date`)
    .filter((name) => name !== 'latest')
    .sort()
  dates.forEach((date, index) => {
    const tree = result.states[index].path
    run('diff', ['-r', '--no-dereference', tree, `${mountpoint}/by-date/${date}`])
  })
  Object.assign(result, checkByFile(trees))
  for (const state of result.states) delete state.path
  process.stdout.write(`${JSON.stringify(result)}\n`)
} finally {
  if (mounted) snapfs('unmount', mountpoint)
  rmSync(scratch, { recursive: true, force: true })
}
