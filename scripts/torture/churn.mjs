/**
 * The source is edited, truncated, renamed, removed and changed in kind while backups run. What a snapshot
 * of a moving tree holds nobody can say, but it must be whole and marked; and with the source at rest one
 * more backup must equal it, also where an edit kept size and time.
 */
/* global performance */
import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync } from 'node:fs'
import * as fs from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { setImmediate as breathe } from 'node:timers/promises'
import { checkMoving, checkNextRun } from './check.mjs'
import { run } from './processes.mjs'
import { randomFrom } from './random.mjs'
import { placeRepository, startBackUp } from './scene.mjs'
import { remark } from './session.mjs'

const ROUNDS = { full: 60, sample: 2 }
/** Then both start anew, or there would be more and more to compare. */
const ROUNDS_WITH_ONE_REPOSITORY = 5
/** Fewer entries than these, and only new ones come. */
const ENTRIES_FLOOR = 30
const MINIMUM_EDITS_PER_RUN = 20
const CAUGHT_SHARE = 0.5

/** @typedef {import('./scene.mjs').Scene} Scene */
/** @typedef {import('./random.mjs').Random} Random */
/** @typedef {{ path: string, kind: 'file' | 'directory' | 'link' | 'other' }} Entry paths as bytes */

/** @param {Scene} scene */
export async function tortureByChurning(scene) {
  const { session } = scene
  const { seed, points } = session.options
  const startedMs = performance.now()
  const directory = `${session.room}/ground/churn`
  const moving = { ...scene, source: `${directory}/source` }
  const tally = {
    rounds: 0,
    runs: 0,
    complete: 0,
    partial: 0,
    edits: 0,
    caught: 0,
    unseenAtRest: 0,
  }
  /** @type {Record<string, number>} */
  const byKind = {}
  const rounds = session.countOr(ROUNDS.sample, ROUNDS.full)
  await mkdir(directory, { recursive: true })
  let place = await placeRepository(moving, scene.third, directory)
  for (let round = 0; round < rounds; round += 1) {
    session.signal.throwIfAborted()
    const title = `round ${round}`
    if (round % ROUNDS_WITH_ONE_REPOSITORY === 0) {
      place = await placeRepository(moving, scene.third, directory)
      await rm(moving.source, { recursive: true, force: true })
      await run('cp', ['-a', '--', scene.source, moving.source])
    }
    // Rounds build on one another, so all up to the last that was asked for are gone through.
    if (points.length > 0 && !points.some((point) => Number(point.split(' ')[1]) >= round)) break
    session.choose([title], String, 1)
    const random = randomFrom(seed, `churn ${round}`)
    const group = startBackUp(place)
    let over = false
    void group.ended.finally(() => (over = true))
    let edits = 0
    /** @type {Set<string>} */
    const created = new Set()
    while (!over) {
      const kind = editOnce(moving.source, random, (name) => created.add(name))
      if (kind !== undefined) {
        edits += 1
        byKind[kind] = (byKind[kind] ?? 0) + 1
      }
      await breathe()
    }
    const ended = await group.ended
    tally.edits += edits
    tally.runs += 3
    tally.rounds += 1
    if (ended.exitCode === 0) tally.complete += 1
    if (ended.exitCode === 3) tally.partial += 1
    const { known, violations, fresh } = await checkMoving(place, ended)
    if (fresh.some((snapshot) => wasCaught(snapshot, created))) tally.caught += 1
    place = { ...place, earlier: known }
    session.note('churn', title, violations)
    // Only what the last snapshot holds as it is can be taken for unchanged, so that one comes first.
    for (const edit of [() => 0, () => editUnseenAtRest(moving.source, random)]) {
      tally.unseenAtRest += edit()
      const after = await checkNextRun(place)
      place = { ...place, earlier: after.known }
      session.note('churn', title, after.violations)
    }
    if (edits < MINIMUM_EDITS_PER_RUN) {
      session.note('churn', title, [{ check: 'not-injected', detail: `only ${edits} edits` }])
    }
    remark(`churn ${title}: ended with ${ended.exitCode} after ${edits} edits`)
  }
  if (tally.caught < tally.rounds * CAUGHT_SHARE || tally.unseenAtRest === 0) {
    const detail = `${tally.caught} of ${tally.rounds} snapshots show a source that moved, ${tally.unseenAtRest} edits kept size and time`
    session.note('churn', 'as a whole', [{ check: 'not-injected', detail }])
  }
  session.report('churn', startedMs, { ...tally, byKind })
}

/**
 * One change at a place by chance.
 * @param {string} source
 * @param {Random} random
 * @param {(name: string) => void} onCreated told the name of each new file
 * @returns {string | undefined} what it was; nothing where the place does not allow it
 */
function editOnce(source, random, onCreated) {
  const entries = entriesOf(source)
  const files = entries.filter(({ kind }) => kind === 'file')
  const directories = [
    '',
    ...entries.filter(({ kind }) => kind === 'directory').map(({ path }) => path),
  ]
  const fresh = `${random.pick(directories)}/churn-${random.below(1e9)}`
  const at = (/** @type {string} */ path) => Buffer.from(source + path, 'latin1')
  if (entries.length < ENTRIES_FLOOR || files.length === 0) {
    fs.writeFileSync(at(fresh), random.bytes(random.below(5000)))
    onCreated(nameIn(fresh))
    return 'created'
  }
  const entry = random.pick(entries)
  const file = at(random.pick(files).path)
  switch (random.below(9)) {
    case 0:
      fs.writeFileSync(file, random.bytes(random.below(20_000)))
      return 'edited'
    case 1:
      fs.appendFileSync(file, random.bytes(100))
      return 'grown'
    case 2:
      fs.truncateSync(file, Math.floor(lstatSync(file).size / 2))
      return 'truncated'
    case 3:
      return editUnseen(file, random) ? 'edited unseen' : undefined
    case 4:
      fs.writeFileSync(at(fresh), random.bytes(random.below(5000)))
      onCreated(nameIn(fresh))
      return 'created'
    case 5:
      if (entry.kind === 'directory' && `${fresh}/`.startsWith(`${entry.path}/`)) return undefined
      fs.renameSync(at(entry.path), at(fresh))
      return 'renamed'
    case 6:
      if (entry.kind === 'directory' && entries.length < 2 * ENTRIES_FLOOR) return undefined
      fs.rmSync(at(entry.path), { recursive: true })
      return 'removed'
    case 7:
      return changeKind(at(entry.path), entry, entries.length)
    default:
      fs.chmodSync(file, 0o600 + random.below(0o200))
      return 'chmodded'
  }
}

function nameIn(/** @type {string} */ path) {
  return path.slice(path.lastIndexOf('/') + 1)
}

/**
 * Whether a snapshot holds something that was created while it was made, and lacks something else.
 * @param {string} snapshot its fingerprint
 * @param {ReadonlySet<string>} created
 */
function wasCaught(snapshot, created) {
  const held = new Set(snapshot.match(/churn-\d+(?=\t)/gu) ?? [])
  const both = [...created].filter((name) => held.has(name))
  return both.length > 0 && both.length < created.size
}

/**
 * Other content under the same size and time, to the nanosecond, in some files that the run has copied.
 * @param {string} source
 * @param {Random} random
 * @returns {number} how many, as looking at them again has shown
 */
function editUnseenAtRest(source, random) {
  // Names that `touch` can be given as words.
  const files = entriesOf(source).filter(
    ({ path, kind }) => kind === 'file' && /^[\w/-]+$/u.test(path),
  )
  let edited = 0
  for (const { path } of files.filter(() => random.below(4) === 0)) {
    const reference = `${source}-reference`
    fs.writeFileSync(reference, '')
    const before = lookAt(source + path)
    execFileSync('touch', ['-r', source + path, '--', reference])
    editUnseen(Buffer.from(source + path), random)
    execFileSync('touch', ['-r', reference, '--', source + path])
    fs.unlinkSync(reference)
    const after = lookAt(source + path)
    const isUnseen = after.size === before.size && after.modifiedNs === before.modifiedNs
    if (isUnseen && !after.content.equals(before.content)) edited += 1
  }
  return edited
}

function lookAt(/** @type {string} */ file) {
  const { size, mtimeNs } = lstatSync(file, { bigint: true })
  return { size, modifiedNs: mtimeNs, content: fs.readFileSync(file) }
}

/**
 * Other content under the same size and time.
 * @param {Buffer} file
 * @param {Random} random
 */
function editUnseen(file, random) {
  const { size, atimeMs, mtimeMs } = lstatSync(file)
  if (size === 0 || size > 100_000) return false
  const descriptor = fs.openSync(file, 'r+')
  fs.writeSync(descriptor, random.bytes(size))
  fs.futimesSync(descriptor, atimeMs / 1000, mtimeMs / 1000)
  fs.closeSync(descriptor)
  return true
}

/**
 * @param {Buffer} place
 * @param {Entry} entry
 * @param {number} entries
 */
function changeKind(place, { kind }, entries) {
  if (kind === 'directory' && entries < 2 * ENTRIES_FLOOR) return undefined
  fs.rmSync(place, { recursive: true })
  if (kind === 'directory') fs.symlinkSync('churned', place)
  else if (kind === 'link') fs.writeFileSync(place, 'a file where a link was\n')
  else {
    fs.mkdirSync(place)
    fs.writeFileSync(
      Buffer.concat([place, Buffer.from('/inside')]),
      'a directory where a file was\n',
    )
  }
  return 'changed in kind'
}

/** @returns {Entry[]} all but the source itself */
function entriesOf(/** @type {string} */ source) {
  /** @type {Entry[]} */
  const found = []
  const visit = (/** @type {string} */ directory) => {
    const options = /** @type {const} */ ({ withFileTypes: true, encoding: 'latin1' })
    for (const entry of readdirSync(Buffer.from(source + directory, 'latin1'), options)) {
      const path = `${directory}/${entry.name}`
      if (entry.isDirectory()) visit(path)
      const kind = entry.isDirectory() ? 'directory' : entry.isFile() ? 'file' : 'other'
      found.push({ path, kind: entry.isSymbolicLink() ? 'link' : kind })
    }
  }
  visit('')
  return found
}
