import { execa } from 'execa'
import { existsSync } from 'node:fs'
import { chmod, mkdir, open, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import { planPrune } from '../../src/actions/plan-prune.ts'
import { prune, type PruneRequest } from '../../src/actions/prune.ts'
import { Interruption } from '../../src/actions/interruption.ts'
import type { KeepPolicy } from '../../src/model/keep-policy.ts'
import { testWorld } from '../support/back-up-once.ts'
import { fingerprint } from '../support/compare-trees.ts'
import { type DescribedHistory, directory as folder, file } from '../support/described-history.ts'
import { writeRepository } from '../support/disk-history.ts'
import { testWith } from '../support/requirements.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith()
const NOW = Date.parse('2026-11-25T12:00Z')
const DAYS = [20, 21, 22, 23, 24]
const IDS = DAYS.map((day) => `2026-11-${day}T08-00-00Z`)
/** Five snapshots of a file that stays, one that changes, and a directory that forbids its own emptying. */
const HISTORY: DescribedHistory = IDS.map((id, index) => ({
  id,
  tree: {
    same: file('same', 'same', 0o400),
    changes: file(`content ${index}`),
    closed: folder(0o500),
    'closed/inside': file('inside', 'inside', 0o444),
  },
}))
let repository = ''
let series = ''

beforeEach(async () => {
  repository = await writeRepository(`${directory()}/repository`, HISTORY)
  series = `${repository}/home`
})

function request(keep: KeepPolicy | undefined, more: Partial<PruneRequest> = {}): PruneRequest {
  const profile = { name: 'home', source: '/nonexistent', repository, exclude: [] }
  return {
    profile: keep === undefined ? profile : { ...profile, keep },
    acceptsClock: false,
    measuring: { signal: new AbortController().signal, onProgress: () => undefined },
    waitMs: 0,
    onWait: () => undefined,
    signal: new AbortController().signal,
    ...more,
  }
}

const world = () => testWorld(() => NOW, `${directory()}/cache`)
const TWO_DAYS: KeepPolicy = { counts: { daily: 2 } }

async function snapshots(): Promise<readonly string[]> {
  return (await readdir(series)).filter((name) => /^\d{4}-/u.test(name)).sort()
}

async function prints(ids: readonly string[]): Promise<readonly unknown[]> {
  return Promise.all(ids.map((id) => fingerprint(`${series}/${id}/tree`)))
}

describe('a prune', () => {
  test('removes what the policy does not keep, and touches nothing that stays', async () => {
    const before = await prints(IDS.slice(3))
    const report = await prune(request(TWO_DAYS), world())
    expect(report.removed).toEqual(IDS.slice(0, 3))
    expect(await snapshots()).toEqual(IDS.slice(3))
    expect(await prints(IDS.slice(3))).toEqual(before)
    expect(await readdir(`${series}/.trash`)).toEqual([])
    expect((await stat(`${series}/${IDS[4]!}/tree/same`)).nlink).toBe(2)
    // And again there is nothing to do.
    expect((await prune(request(TWO_DAYS), world())).removed).toEqual([])
  })

  test('plans without writing anything, nor a lock', async () => {
    const before = await execa('find', [repository, '-printf', '%p %i %T@ %C@ %n\n'])
    const plan = await planPrune(request(TWO_DAYS), world())
    expect(plan.snapshots.map(({ reasons }) => reasons.map(({ rule }) => rule))).toEqual([
      ...[[], [], [], ['daily']],
      ['newest', 'daily'],
    ])
    const after = await execa('find', [repository, '-printf', '%p %i %T@ %C@ %n\n'])
    expect(after.stdout).toBe(before.stdout)
  })

  test('removes nothing where nothing says what to keep', async () => {
    for (const keep of [undefined, { counts: {} }, { counts: { last: 0 } }]) {
      const report = await prune(request(keep), world())
      expect(report).toMatchObject({ hasPolicy: false, removed: [] })
    }
    expect(await snapshots()).toEqual(IDS)
  })

  test('takes a snapshot for one of all times at which nothing had changed since', async () => {
    const verified = ['2026-11-21T20-00-00Z', '2026-11-22T20-00-00Z']
    repository = await writeRepository(`${directory()}/verified`, [
      HISTORY[0]!,
      { ...HISTORY[1]!, verified },
      { ...HISTORY[4]! },
    ])
    const report = await prune(request({ counts: {}, withinMs: 36 * 3_600_000 }), world())
    expect(report.removed).toEqual([IDS[0]])
  })

  test('leaves alone what is pinned, foreign or damaged', async () => {
    const labels = { [IDS[0]!]: { pinned: true }, [IDS[1]!]: { tags: ['before upgrade'] } }
    await writeFile(`${series}/labels.json`, JSON.stringify({ format: 1, labels }))
    const foreign = ['2026-11-21 keep', `${IDS[2]!}.bak`, 'lost+found', '2026-11-01T08-00-00Z']
    for (const name of foreign) await mkdir(`${series}/${name}`)
    await symlink(IDS[3]!, `${series}/2026-11-02T08-00-00Z`)
    await mkdir(`${series}/.trash`)
    await writeFile(`${series}/.trash/note`, 'mine')
    const report = await prune(request({ counts: { last: 1 } }), world())
    expect(report.removed).toEqual([IDS[2], IDS[3]])
    expect(report.warnings).toEqual([expect.stringContaining('2026-11-01T08-00-00Z is damaged')])
    expect(await readdir(series)).toEqual(expect.arrayContaining([...foreign, IDS[0], IDS[1]]))
    expect(await readdir(`${series}/.trash`)).toEqual(['note'])
  })

  test('removes nothing while it cannot tell what is pinned', async () => {
    await writeFile(`${series}/labels.json`, '{"format":1,"labels":')
    await expect(prune(request(TWO_DAYS), world())).rejects.toMatchObject({ code: 'PRUNE_REFUSED' })
    expect(await snapshots()).toEqual(IDS)
  })

  test('removes nothing by a clock that is behind, unless it is told that it is right', async () => {
    const behind = testWorld(() => Date.parse('2026-11-22T12:00Z'))
    await expect(prune(request(TWO_DAYS), behind)).rejects.toMatchObject({
      code: 'PRUNE_REFUSED',
      message: expect.stringMatching(/^The clock is 1 day behind snapshot 2026-11-24/u) as unknown,
    })
    expect(await snapshots()).toEqual(IDS)
    const report = await prune(request({ counts: { last: 1 } }, { acceptsClock: true }), behind)
    // What is later than now is kept, and takes no place of another.
    expect(report.removed).toEqual([IDS[0], IDS[1]])
    // Said once, it holds for the snapshots there are.
    await expect(prune(request({ counts: { last: 1 } }), behind)).resolves.toMatchObject({
      removed: [],
    })
  })

  test('removes nothing after the clock had jumped ahead, before that is said to be right', async () => {
    const id = '2028-11-24T08-00-00Z'
    const later = await writeRepository(`${directory()}/later`, [
      ...HISTORY,
      { id, tree: { same: file('same', 'same', 0o400) } },
    ])
    const profile = {
      ...request({ counts: {}, withinMs: 30 * 86_400_000 }).profile,
      repository: later,
    }
    const ahead = testWorld(() => Date.parse('2028-11-24T08:01Z'))
    const all = request(undefined, { profile })
    await expect(prune(all, ahead)).rejects.toMatchObject({
      code: 'PRUNE_REFUSED',
      message: expect.stringMatching(
        /^Snapshot 2028-\S+ of home was taken \d+ \w+ after/u,
      ) as unknown,
    })
    await writeFile(`${later}/home/clock.json`, 'nonsense')
    await expect(prune(all, ahead)).rejects.toMatchObject({ code: 'PRUNE_REFUSED' })
    const report = await prune({ ...all, acceptsClock: true }, ahead)
    expect(report.removed).toEqual(IDS)
    expect(await readdir(`${later}/home`)).toContain('clock.json')
  })

  test('goes on with what an interrupted one has left, also half deleted', async () => {
    await mkdir(`${series}/.trash`)
    await rename(`${series}/${IDS[0]!}`, `${series}/.trash/${IDS[0]!}`)
    await rm(`${series}/.trash/${IDS[0]!}/tree/same`)
    await chmod(`${series}/.trash/${IDS[0]!}/tree`, 0)
    const plan = await planPrune(request(TWO_DAYS), world())
    expect(plan.trashed).toEqual([IDS[0]])
    const report = await prune(request({ counts: { last: 9 } }), world())
    expect(report.removed).toEqual([])
    expect(await readdir(`${series}/.trash`)).toEqual([])
    expect(await snapshots()).toEqual(IDS.slice(1))
  })

  test('is not kept from its work by what lies in the trash under an id that was given again', async () => {
    await mkdir(`${series}/.trash/${IDS[1]!}/tree/old`, { recursive: true })
    await mkdir(`${series}/.trash/${IDS[4]!}/tree/old`, { recursive: true })
    await mkdir(`${series}/verified`)
    for (const id of [IDS[1]!, IDS[4]!]) await writeFile(`${series}/verified/${id}.jsonl`, '')
    await prune(request(TWO_DAYS), world())
    expect(await snapshots()).toEqual(IDS.slice(3))
    expect(await readdir(`${series}/.trash`)).toEqual([])
    // What was written down beside the one that is there stays.
    expect(await readdir(`${series}/verified`)).toEqual([`${IDS[4]!}.jsonl`])
  })

  test('removes nothing while it cannot tell for what times a snapshot stands', async () => {
    await mkdir(`${series}/verified/${IDS[0]!}.jsonl`, { recursive: true })
    await expect(prune(request(TWO_DAYS), world())).rejects.toMatchObject({ code: 'PRUNE_REFUSED' })
    expect(await snapshots()).toEqual(IDS)
  })

  test('ends when it is told to, says what it did, and is gone on with', async () => {
    const abort = new AbortController()
    const { clock, ...rest } = world()
    // Mounts are given a moment between the two steps.
    const sleep = () => {
      abort.abort(new Interruption('SIGTERM'))
      return Promise.resolve()
    }
    const told = prune(request(TWO_DAYS, { signal: abort.signal }), {
      ...rest,
      clock: { ...clock, sleep },
    })
    await expect(told).rejects.toMatchObject({
      ...{ code: 'TERMINATED', message: 'Ended by SIGTERM; what was removed by then is gone.' },
    })
    expect(await snapshots()).toEqual(IDS.slice(3))
    expect((await readdir(`${series}/.trash`)).sort()).toEqual(IDS.slice(0, 3))
    await expect(open(`${series}/.lock`)).rejects.toMatchObject({ code: 'ENOENT' })
    await prune(request(TWO_DAYS), world())
    expect(await readdir(`${series}/.trash`)).toEqual([])
  })

  test('tells what would be free, exactly, and remembers it', async () => {
    const asked = request(TWO_DAYS, { tellsRoom: true })
    const used = async (): Promise<number> => {
      const { stdout } = await execa('du', ['-s', '-B1', '--exclude=.*', series])
      return Number(stdout.split('\t')[0])
    }
    const plan = await planPrune(asked, world())
    const going = plan.snapshots.filter(({ reasons }) => reasons.length === 0)
    expect(going.map(({ freesBytes = 0 }) => freesBytes > 0)).toEqual([true, true, true])
    expect(plan.freesBytes).toBe(going.reduce((all, { freesBytes = 0 }) => all + freesBytes, 0))
    expect(plan.lostFiles).toBe(3)
    const before = await used()
    await prune(request(TWO_DAYS), world())
    expect(before - (await used())).toBe(plan.freesBytes)
  })

  test('keeps the last version of what was deleted, for as long as it is asked to, in one snapshot', async () => {
    const tree = { same: file('same', 'same') }
    const shortLived = file('short-lived', 'short-lived')
    const history: DescribedHistory = [
      // Lives in three snapshots, of which one has to stay.
      { id: '2026-11-18T08-00-00Z', tree: { ...tree, shortLived, edited: file('1') } },
      { id: '2026-11-19T08-00-00Z', tree: { ...tree, shortLived, edited: file('1') } },
      { id: '2026-11-20T08-00-00Z', tree: { ...tree, shortLived, edited: file('2') } },
      // Moved away and back under another name: not deleted.
      {
        id: '2026-11-21T08-00-00Z',
        tree: { ...tree, moved: file('moved', 'moved'), edited: file('3') },
      },
      { id: '2026-11-22T08-00-00Z', tree: { ...tree, edited: file('4'), again: file('once') } },
      { id: '2026-11-23T08-00-00Z', tree: { ...tree, edited: file('5') } },
      {
        id: '2026-11-24T08-00-00Z',
        tree: { ...tree, away: file('moved', 'moved'), edited: file('6'), again: file('new') },
      },
    ]
    const place = await writeRepository(`${directory()}/deleted`, history)
    const asked = (deletedMs: number) => {
      const { profile } = request({ counts: { last: 1 }, deletedMs })
      return request(undefined, { profile: { ...profile, repository: place } })
    }
    const kept = async (deletedMs: number) =>
      (await planPrune(asked(deletedMs), world())).snapshots
        .filter(({ reasons }) => reasons.length > 0)
        .map(({ id, reasons }) => [id.slice(8, 10), ...reasons.map(({ rule }) => rule)].join(' '))
    const DAY = 86_400_000
    // It was found deleted on the 21st, four days and some hours before.
    expect(await kept(5 * DAY)).toEqual(['20 deleted', '24 newest last'])
    expect(await kept(4 * DAY)).toEqual(['24 newest last'])
    expect((await prune(asked(5 * DAY), world())).removed).toHaveLength(5)
    // The same again, of what is left; and one that stays anyhow is enough.
    expect(await kept(5 * DAY)).toEqual(['20 deleted', '24 newest last'])
    await writeFile(
      `${place}/home/labels.json`,
      JSON.stringify({ format: 1, labels: { '2026-11-20T08-00-00Z': { pinned: true } } }),
    )
    expect(await kept(5 * DAY)).toEqual(['20 pinned', '24 newest last'])
  })

  test('counts without the lock, so that a backup may begin meanwhile', async () => {
    const counted = new Map([
      [true, 0],
      [false, 0],
    ])
    const onProgress = ({ snapshots: walked }: { readonly snapshots: number }): void => {
      const isLocked = existsSync(`${series}/.lock`)
      counted.set(isLocked, Math.max(counted.get(isLocked) ?? 0, walked))
    }
    const { signal } = new AbortController()
    const keepAll: KeepPolicy = { counts: { daily: 30 }, minimum: 2 }
    await prune(request(keepAll, { goalBytes: 1, measuring: { signal, onProgress } }), world())
    expect([counted.get(false), counted.get(true)]).toEqual([IDS.length, 0])
    expect(await snapshots()).toHaveLength(IDS.length - 1)
  })

  test('makes room beyond the policy, but for what stays whatever it says', async () => {
    await writeFile(`${series}/labels.json`, LABELS_WITH_A_PIN)
    const keepAll: KeepPolicy = { counts: { daily: 30 }, minimum: 2 }
    const room = (goalBytes: number) => request(keepAll, { goalBytes })
    const plan = await planPrune(room(1), world())
    expect(plan.snapshots.filter(({ forRoom }) => forRoom === true)).toHaveLength(1)
    await expect(prune(room(1e9), world())).rejects.toMatchObject({
      ...{ code: 'PRUNE_REFUSED', message: expect.stringContaining('and not 1 GB') as string },
    })
    expect(await snapshots()).toEqual(IDS)
    // Two may go: the first is pinned, and two stay as the minimum.
    const most = await planPrune(room(1), world())
    const each = most.freesBytes ?? 0
    const ofAll = await planPrune(request({ counts: {}, minimum: 0 }, { goalBytes: 1 }), world())
    expect(ofAll.snapshots.filter(({ forRoom }) => forRoom === true)).toHaveLength(1)
    const report = await prune(room(each + 1), world())
    expect(report.removed).toHaveLength(2)
    expect(await snapshots()).toEqual([IDS[0], IDS[3], IDS[4]])
  })
})

const LABELS_WITH_A_PIN = JSON.stringify({
  format: 1,
  labels: { [IDS[0]!]: { pinned: true } },
})
