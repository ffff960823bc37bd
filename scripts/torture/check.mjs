/**
 * What must hold after any fault: earlier snapshots as they were, nothing half-made in the listing, no
 * success that is none, a sentence for every failure, and a next run that needs no repair.
 */
import { lstat, readlink } from 'node:fs/promises'
import { differingLines, fingerprint } from './fingerprint.mjs'
import { endAll, run } from './processes.mjs'
import { backUp, fingerprintsOf, listSnapshots, pathInSeries, snapshotNames } from './scene.mjs'
import { editLate } from './source-tree.mjs'

/** How long what is left of a killed run may live. */
const ORPHAN_LIMIT_MS = 5000
/** Failures with a sentence of their own; 1 is a defect, 2 and 14 would blame the user. */
const SENSIBLE = [0, 3, 10, 11, 13, 20, 21, 22]
/** Of a run whose engine was killed, told by the process that watched it; it may have published before. */
const KILLED = 137
/** xfs shows each ACL to root once more, under names of its own; -A compares the ACL itself. */
const WITHOUT_DOUBLES = ['--filter=-x system.*', '--filter=-x trusted.SGI_ACL_*']

/** @typedef {import('./scene.mjs').Place} Place */
/** @typedef {import('./scene.mjs').Ended} Ended */
/** @typedef {import('./session.mjs').Violation} Violation */

/**
 * @typedef {object} Fault
 * @property {Ended} ended how the run that met the fault ended
 * @property {readonly number[]} [exitCodes] those that are fine
 * @property {'its own' | 'any'} [ending] whether it must have ended by itself, and not by a signal
 * @property {'late edit' | 'none'} [edit] whether the source changes before the next run
 * @property {() => Promise<void>} [repair] ends the fault, such as a full disk
 */

/**
 * Checks a repository after a run that met a fault, runs the next backup, and checks again.
 * @param {Place} place
 * @param {Fault} fault
 * @returns {Promise<{ published: boolean, violations: Violation[] }>}
 */
export async function checkAfter(place, fault) {
  const { ended, exitCodes = SENSIBLE, ending = 'its own', edit = 'none', repair } = fault
  const left = await endAll(place.scene.session.room, ORPHAN_LIMIT_MS)
  const violations = left.map((words) => violation('orphan', `alive after 5 s: ${words}`))
  violations.push(...checkEnd(ended, exitCodes, ending))
  const known = new Map(place.earlier)
  const isKilled = wasKilled(ended, ending)
  const told = isKilled ? null : ended.exitCode
  const { fresh, violations: unlike } = await checkSeries(place, known, told)
  violations.push(...unlike)
  if (isKilled && fresh.length > 0 && ended.stderr.includes('Nothing was published')) {
    violations.push(violation('lied', `published ${fresh.join()}, and said: ${ended.stderr}`))
  }
  await repair?.()
  const undo = edit === 'late edit' ? editLate(place.scene.source) : undefined
  try {
    violations.push(...(await checkNextRun({ ...place, earlier: known })).violations)
  } finally {
    undo?.()
  }
  return { published: fresh.length > 0, violations }
}

/**
 * Checks a repository after a run during which the source changed, which the snapshot cannot equal.
 * @param {Place} place
 * @param {Ended} ended
 * @returns {Promise<{ known: ReadonlyMap<string, string>, violations: Violation[], fresh: string[] }>} known
 *   with what is new, and the fingerprints of that
 */
export async function checkMoving(place, ended) {
  const known = new Map(place.earlier)
  const { fresh, violations } = await checkSeries(place, known, ended.exitCode, 'moving')
  return {
    known,
    violations: [...checkEnd(ended, [0, 3]), ...violations],
    fresh: fresh.map((name) => known.get(name) ?? ''),
  }
}

/**
 * One more backup, the source being at rest and nothing in its way.
 * @param {Place} place
 * @returns {Promise<{ known: ReadonlyMap<string, string>, violations: Violation[] }>} known with what is new
 */
export async function checkNextRun(place) {
  const known = new Map(place.earlier)
  const ended = await backUp(place)
  if (ended.exitCode !== 0 || ended.hung) {
    const detail = `the next run ended with ${ended.exitCode}: ${ended.stderr}`
    return { known, violations: [violation('next-run', detail)] }
  }
  const { fresh, violations } = await checkSeries(place, known, 0)
  const found = violations.map(({ check, detail }) => violation(`next-run ${check}`, detail))
  if (fresh.length !== 1) {
    found.push(violation('next-run', `it made ${fresh.length} snapshots, and ended with 0`))
  }
  return { known, violations: found }
}

/**
 * Checks what is published, by the listing and by the disk.
 * @param {Place} place
 * @param {Map<string, string>} known fingerprints by name; new ones are added
 * @param {number | null} exitCode of the run before
 * @param {'at rest' | 'moving'} [source]
 */
async function checkSeries(place, known, exitCode, source = 'at rest') {
  const { repository } = place
  /** @type {Violation[]} */
  const violations = []
  const names = await snapshotNames(repository)
  const fresh = names.filter((name) => !known.has(name))
  const listing = await listSnapshots(place)
  if ('failure' in listing) violations.push(violation('half-made', listing.failure))
  else {
    const listed = listing.ids.toSorted().join()
    if (listed !== names.join() || listing.damaged.length > 0) {
      const damaged = JSON.stringify(listing.damaged)
      violations.push(
        violation('half-made', `listed ${listed}, damaged ${damaged}, on disk ${names.join()}`),
      )
    }
  }
  for (const name of [...known.keys()].filter((name) => !names.includes(name))) {
    violations.push(violation('earlier-changed', `${name} is gone`))
  }
  const now = await fingerprintsOf(repository)
  for (const [name, print] of known) {
    const after = now.get(name)
    if (after === undefined || after === print) continue
    violations.push(violation('earlier-changed', `${name}:\n${differingLines(print, after)}`))
  }
  if (fresh.length > 1) violations.push(violation('half-made', `one run made ${fresh.join()}`))
  for (const name of fresh) {
    known.set(name, now.get(name) ?? (await fingerprint(pathInSeries(repository, name))))
    const partial = !('failure' in listing) && listing.outcomes.get(name) === 'partial'
    if (source === 'moving' || (exitCode === 3 && partial)) continue
    if (exitCode !== 0 && exitCode !== null) {
      violations.push(violation('exit-code', `ended with ${exitCode}, but published ${name}`))
    }
    const differences = await differencesOf(place, name)
    if (differences === '') continue
    violations.push(
      violation(
        exitCode === 0 ? 'lied' : 'half-made',
        `${name} is not its source:\n${differences}`,
      ),
    )
  }
  if ((exitCode === 0 || exitCode === 3) && fresh.length === 0) {
    violations.push(violation('lied', `ended with ${exitCode}, but published nothing`))
  }
  violations.push(...(await checkLatest(repository, names)))
  return { fresh, violations }
}

/**
 * What rsync would still have to change in a snapshot to make it equal the source.
 * @param {Place} place
 * @param {string} name
 */
async function differencesOf({ repository, scene }, name) {
  const tree = `${pathInSeries(repository, name)}/tree/`
  const words = [
    '-naHAXic',
    '--delete',
    '--numeric-ids',
    ...WITHOUT_DOUBLES,
    `${scene.source}/`,
    tree,
  ]
  return run('rsync', words, { accept: [0, 23] }).catch((error) => String(error))
}

/**
 * The link for people: it may lag behind, and it may not dangle.
 * @param {string} repository
 * @param {readonly string[]} names
 */
export async function checkLatest(repository, names) {
  const link = pathInSeries(repository, 'latest')
  const status = await lstat(link).catch(() => undefined)
  if (status === undefined) return []
  const target = status.isSymbolicLink() ? await readlink(link) : 'no link'
  return names.includes(target) ? [] : [violation('half-made', `latest leads to ${target}`)]
}

/**
 * @param {Ended} ended
 * @param {'its own' | 'any'} ending
 */
function wasKilled({ exitCode }, ending) {
  return ending === 'any' && exitCode === KILLED
}

/**
 * @param {Ended} ended
 * @param {readonly number[]} exitCodes
 * @param {'its own' | 'any'} [ending]
 */
export function checkEnd(ended, exitCodes, ending = 'its own') {
  const { exitCode, signal, stderr, hung } = ended
  /** @type {Violation[]} */
  const violations = []
  if (hung) violations.push(violation('hang', `it did not end within half a minute: ${stderr}`))
  if (/^\s+at .+:\d+:\d+/mu.test(stderr)) violations.push(violation('stack-trace', stderr))
  if (exitCode === null) {
    if (ending === 'its own' && !hung) {
      violations.push(violation('crash', `ended by ${signal}: ${stderr}`))
    }
    return violations
  }
  if (!wasKilled(ended, ending) && !exitCodes.includes(exitCode)) {
    violations.push(violation('exit-code', `ended with ${exitCode}: ${stderr}`))
  }
  if (exitCode !== 0 && !/^snapfs: .{20,}/mu.test(stderr)) {
    violations.push(violation('no-sentence', `ended with ${exitCode} and said: ${stderr}`))
  }
  return violations
}

/**
 * @param {string} check
 * @param {string} detail
 * @returns {Violation}
 */
export function violation(check, detail) {
  return { check, detail }
}
