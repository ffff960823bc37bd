/**
 * A prune under faults: kill -9 at every call that changes the repository, each such call failing, and a power cut at each that
 * persists something. What has a snapshot's name is whole afterwards, what the policy keeps is there, the next prune
 * finishes the work, and the next backup needs no repair.
 */
/* global performance */
import { readdir, writeFile } from 'node:fs/promises'
import { checkEnd, checkLatest, checkNextRun, violation } from './check.mjs'
import { failuresAt, titleOf as failureTitle } from './errors.mjs'
import { findPoints, isMeant, isPersisting, nameOf, TRIES } from './fault-points.mjs'
import { callAt, strike } from './inject.mjs'
import { killAt } from './kill.mjs'
import { cutAt, prepare, withCopy } from './power.mjs'
import { endAll } from './processes.mjs'
import {
  fingerprintsOf,
  listSnapshots,
  pathInSeries,
  placeRepository,
  snapfs,
  snapshotNames,
} from './scene.mjs'
import { remark } from './session.mjs'

const SAMPLE = { kill: 2, errors: 2, power: 1 }
const ORPHAN_LIMIT_MS = 5000
/** With a sentence of their own: nothing was wrong; a repository that cannot be used, or is full. */
const SENSIBLE = [0, 11, 13, 20, 21, 22]
const MISSED_SHARE = 0.05

/** @typedef {import('./scene.mjs').Scene} Scene */
/** @typedef {import('./scene.mjs').Place} Place */
/** @typedef {import('./scene.mjs').Ended} Ended */
/** @typedef {import('./session.mjs').Violation} Violation */
/** @typedef {import('./fault-points.mjs').Point} Point */

/** @param {Scene} scene */
export async function tortureByPruning(scene) {
  const { session } = scene
  const startedMs = performance.now()
  const directory = `${session.room}/ground/prune`
  const found = await findPoints(scene, scene.third, directory, ['node'], startPrune)
  const tally = { killed: 0, failed: 0, cuts: 0, notReached: 0 }

  /**
   * @template Item
   * @param {'killed' | 'failed' | 'cuts'} kind
   * @param {readonly Item[]} items
   * @param {(item: Item) => string} titleOf
   * @param {number} sample
   * @param {(item: Item) => Promise<{ place: Place, ended: Ended, struck: boolean, ending: 'its own' | 'any' }>} meet
   */
  const sweep = async (kind, items, titleOf, sample, meet) => {
    for (const item of session.choose(items, titleOf, session.countOr(sample))) {
      let isStruck = false
      for (let tries = 0; !isStruck && tries < TRIES; tries += 1) {
        session.signal.throwIfAborted()
        const { place, ended, struck, ending } = await meet(item)
        isStruck = struck
        session.note('prune', titleOf(item), await checkPruned(place, ended, ending))
      }
      tally[isStruck ? kind : 'notReached'] += 1
      remark(`prune ${titleOf(item)}: ${isStruck ? 'struck' : 'not reached'}`)
    }
  }

  const pruned = async () => ({
    ...(await placeRepository(scene, scene.third, directory)),
    start: startPrune,
  })
  await sweep(
    'killed',
    found.points,
    (point) => `kill:${nameOf(point)}`,
    SAMPLE.kill,
    async (point) => {
      const place = await pruned()
      const { ended, killed } = await killAt(place, point, 'all')
      return { place, ended, struck: killed, ending: 'any' }
    },
  )
  const failures = failuresAt(found.points, session.options.seed)
  await sweep(
    'failed',
    failures,
    (one) => `error:${failureTitle(one)}`,
    SAMPLE.errors,
    async (failure) => {
      const place = await pruned()
      const { ended, trace } = await strike(place, failure, `error=${failure.error}`)
      const { line = '', result = '' } = callAt(trace, failure) ?? {}
      const injected = result.startsWith(`-1 ${failure.error} `) && result.endsWith('(INJECTED)')
      const meant = isMeant(line, failure, place.repository)
      return {
        place,
        ended,
        struck: injected && meant,
        ending: injected && !meant ? 'any' : 'its own',
      }
    },
  )
  const { template, here, endSource } = await prepare(scene, 'ext4')
  const cuts = found.points.filter(isPersisting)
  for (const point of session.choose(
    cuts,
    (one) => `power:${nameOf(one)}`,
    session.countOr(SAMPLE.power),
  )) {
    const title = `power:${nameOf(point)}`
    let isCut = false
    for (let tries = 0; !isCut && tries < TRIES; tries += 1) {
      session.signal.throwIfAborted()
      isCut = await withCopy(template, `${session.room}/power`, async (mountpoint, remount) => {
        const { earlier } = scene.third
        const place = {
          scene: here,
          repository: `${mountpoint}/repository`,
          earlier,
          start: startPrune,
        }
        const { ended, outcome } = await cutAt(place, mountpoint, {
          point,
          kind: 'ext4',
          way: 'as it is',
        })
        await remount()
        session.note('prune', title, await checkPruned(place, ended, 'any'))
        return outcome === 'cut'
      })
    }
    tally[isCut ? 'cuts' : 'notReached'] += 1
    remark(`prune ${title}: ${isCut ? 'cut' : 'not reached'}`)
  }
  await endSource()
  const struck = tally.killed + tally.failed + tally.cuts
  if (struck === 0 || tally.notReached > struck * MISSED_SHARE + 1) {
    const detail = `${struck} points were struck, ${tally.notReached} were not reached`
    session.note('prune', 'as a whole', [{ check: 'not-injected', detail }])
  }
  const { calls, hidden, points } = found
  session.report('prune', startedMs, { calls, hidden, points: points.length, ...tally })
}

/**
 * Keeps the newest snapshot and removes the others.
 * @param {Pick<Place, 'repository' | 'scene'>} place
 * @param {{ env?: Readonly<Record<string, string>> }} [options]
 */
async function startPrune({ repository, scene: { session, source } }, options) {
  const config = `${session.room}/prune.toml`
  const lines = [`repository = "${repository}"`, '[profile.data]', `source = "${source}"`]
  await writeFile(config, [...lines, 'keep = { last = 1 }', ''].join('\n'))
  return snapfs(session, ['prune', '--config', config], options)
}

/**
 * @param {Place} place
 * @param {Ended} ended of the prune that met the fault
 * @param {'its own' | 'any'} ending
 * @returns {Promise<Violation[]>}
 */
async function checkPruned(place, ended, ending) {
  const left = await endAll(place.scene.session.room, ORPHAN_LIMIT_MS)
  const violations = left.map((words) => violation('orphan', `alive after 5 s: ${words}`))
  violations.push(...checkEnd(ended, SENSIBLE, ending))
  violations.push(...(await checkWhole(place, ended.exitCode === 0 ? 'all done' : 'some done')))
  const again = await (await startPrune(place)).ended
  violations.push(...checkEnd(again, [0]).map(asNext))
  violations.push(...(await checkWhole(place, 'all done')).map(asNext))
  const newest = [...place.earlier].slice(-1)
  const { violations: next } = await checkNextRun({ ...place, earlier: new Map(newest) })
  return [...violations, ...next]
}

/** @param {Violation} seen */
function asNext({ check, detail }) {
  return violation(`next-run ${check}`, detail)
}

/**
 * What has a snapshot's name is whole, what is kept is there, and nothing is listed that is not.
 * @param {Place} place
 * @param {'all done' | 'some done'} extent
 */
async function checkWhole(place, extent) {
  const { repository, earlier } = place
  /** @type {Violation[]} */
  const violations = []
  const names = await snapshotNames(repository)
  const kept = [...earlier.keys()].at(-1) ?? ''
  if (!names.includes(kept)) violations.push(violation('earlier-changed', `${kept} is gone`))
  const prints = await fingerprintsOf(repository)
  for (const [name, print] of prints) {
    if (earlier.get(name) === print) continue
    violations.push(violation('earlier-changed', `${name} is not what it was`))
  }
  const listing = await listSnapshots(place)
  if ('failure' in listing) violations.push(violation('half-made', listing.failure))
  else if (listing.ids.toSorted().join() !== names.join() || listing.damaged.length > 0) {
    const detail = `listed ${listing.ids.join()}, damaged ${JSON.stringify(listing.damaged)}, on disk ${names.join()}`
    violations.push(violation('half-made', detail))
  }
  violations.push(...(await checkLatest(repository, names)))
  if (extent === 'some done') return violations
  const trash = await readdir(pathInSeries(repository, '.trash')).catch(() => [])
  if (names.length > 1 || trash.length > 0) {
    const detail = `said that all was removed, and left ${names.join()}, and in the trash ${trash.join()}`
    violations.push(violation('lied', detail))
  }
  return violations
}
