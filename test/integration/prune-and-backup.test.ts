/** Prune and backups of one series: what fails costs no snapshot, and neither works while the other does. */
import { readdir, rename, rm } from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import type { BackUpRequest } from '../../src/actions/back-up.ts'
import { backUpAndPrune } from '../../src/actions/back-up-and-prune.ts'
import { prune, type PruneReport, type PruneRequest } from '../../src/actions/prune.ts'
import type { KeepPolicy } from '../../src/model/keep-policy.ts'
import type { World } from '../../src/model/world.ts'
import { ordinaryRequest, testWorld } from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { fingerprint } from '../support/compare-trees.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
const MINUTE_MS = 60_000
const ATTEMPTS = 30

beforeEach(() => {
  keep = { counts: { last: 1 } }
})

/** A clock that a test sets. */
let nowMs = Date.parse('2026-11-20T08:00Z')
let keep: KeepPolicy
const world = (): World => testWorld(() => nowMs, `${place().directory}/cache`)

/** Of a profile that removes what need not be kept after each backup. */
function request(): BackUpRequest {
  const ordinary = ordinaryRequest(place().repository, place().source)
  return {
    ...ordinary,
    ...{ profile: { ...ordinary.profile, keep, prune: 'after backup' } },
    ...{ waitMs: 0, onWait: () => undefined },
  }
}

function pruneOnly(inWorld: World): Promise<PruneReport> {
  const { profile, waitMs, onWait, signal } = request()
  const measuring = { signal, onProgress: () => undefined }
  const asked: PruneRequest = { profile, waitMs, onWait, signal, measuring, acceptsClock: false }
  return prune(asked, inWorld)
}

async function snapshots(): Promise<readonly string[]> {
  const names = await readdir(`${place().repository}/home`)
  return names.filter((name) => /^\d{4}-/u.test(name)).sort()
}

async function backUp(): Promise<string> {
  nowMs += MINUTE_MS
  const report = await backUpAndPrune(request(), world())
  if (report.kind !== 'snapshot') throw new Error('no snapshot was made')
  return report.id
}

describe('thirty backups', () => {
  test.each([
    ['that is empty', async () => rm(`${place().source}/d`, { recursive: true })],
    ['that is gone', async () => rename(place().source, `${place().source}-away`)],
  ])('of a source %s cost no snapshot', async (_what, spoil) => {
    // Older than that is soon what there is, by the clock; but nothing newer has come.
    keep = { counts: {}, withinMs: 5 * MINUTE_MS }
    for (let n = 0; n < 20; n += 1) await writeInto(place().source, `d/f${n}`, `${n}`)
    const good = [await backUp()]
    for (let n = 0; n < 2; n += 1) {
      await writeInto(place().source, 'd/f0', `changed ${n}`)
      good.push(await backUp())
    }
    const prints = async () =>
      Promise.all(good.map((id) => fingerprint(`${place().repository}/home/${id}/tree`)))
    const before = await prints()
    await spoil()
    for (let n = 0; n < ATTEMPTS; n += 1) {
      await expect(backUp()).rejects.toMatchObject({ name: 'SnapfsError' })
      await pruneOnly(world())
    }
    expect(await snapshots()).toEqual(good)
    expect(await prints()).toEqual(before)
  })
})

describe('while one works', () => {
  test('a prune removes nothing of what a backup holds', async () => {
    await backUp()
    await backUpWithout()
    const before = await snapshots()
    nowMs += MINUTE_MS
    await writeInto(place().source, 'new', 'x')
    let refused: unknown
    // The backup has the lock when it tells of its first progress.
    const { onProgress: _none, ...others } = request()
    const backup = backUpAndPrune(
      {
        ...others,
        onProgress: () => {
          refused ??= pruneOnly(world()).catch((error: unknown) => error)
        },
      },
      world(),
    )
    await backup
    expect(await refused).toMatchObject({ code: 'LOCKED' })
    expect(before).toHaveLength(2)
    expect(await snapshots()).toHaveLength(1)
  })

  test('a backup does not begin below a prune', async () => {
    await backUp()
    await backUpWithout()
    let refused: unknown
    const { clock, ...others } = world()
    // It waits for mounts, with the lock.
    const sleep: typeof clock.sleep = async (...words) => {
      refused ??= await backUp().catch((error: unknown) => error)
      await clock.sleep(...words)
    }
    const report = await pruneOnly({ ...others, clock: { ...clock, sleep } })
    expect(report.removed).toHaveLength(1)
    expect(refused).toMatchObject({ code: 'LOCKED' })
    await backUp()
  })
})

/** Leaves the older ones where they are. */
async function backUpWithout(): Promise<void> {
  nowMs += MINUTE_MS
  await writeInto(place().source, 'changed', `at ${nowMs}`)
  const { profile, ...others } = request()
  const { prune: _never, ...rest } = profile
  await backUpAndPrune({ ...others, profile: rest }, world())
}
