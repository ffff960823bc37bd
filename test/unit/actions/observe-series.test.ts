import { describe, expect, test } from 'vitest'
import { decideActivity } from '../../../src/actions/observe-series.ts'
import type { HeldLock, LockVerdict } from '../../../src/repository/decide-lock.ts'
import type { LockRecord } from '../../../src/repository/lock-record.ts'

const place = { repository: '/r', profile: 'home' }
const record: LockRecord = {
  host: 'example',
  bootId: 'boot-1',
  machineId: 'machine-1',
  pidNamespace: 'pid:[1]',
  pid: 4711,
  startTicks: '12345',
  command: 'snapfs backup',
  since: '2026-11-25T10:00:00.000Z',
}
const held = (because: HeldLock['because']): LockVerdict => ({ kind: 'held', because, record })
const free: LockVerdict = { kind: 'free' }
const dead: LockVerdict = { kind: 'dead', because: 'ended', record }

const one = '2026-11-25T10-00-00Z-aB3xYz'
const two = '2026-11-26T10-00-00Z-Q0q0Q0'

type Row = readonly [
  title: string,
  verdict: LockVerdict,
  stagedBefore: readonly string[],
  stagedAfter: readonly string[],
  unfinished: readonly string[],
  pid: number | undefined,
]

describe('what happens to a series', () => {
  test.each<Row>([
    ['nothing', free, [], [], [], undefined],
    ['nothing, after a run was killed before it staged', dead, [], [], [], undefined],
    ['a leftover of a run whose lock is gone', free, [one], [one], [one], undefined],
    ['a leftover of a run whose lock is dead', dead, [one], [one], [one], undefined],
    ['several leftovers, oldest first', dead, [two, one], [two, one], [one, two], undefined],
    ['a run that ended while we looked', free, [one], [], [], undefined],
    ['a run that began while we looked', free, [], [two], [], undefined],
    ['a leftover, and a run that ended while we looked', free, [one, two], [one], [one], undefined],
    ['a run that works', held('running'), [one], [one], [], 4711],
    ['a run that has not staged yet', held('running'), [], [], [], 4711],
    ['a run that takes care of a leftover', held('hidden'), [one, two], [one, two], [], 4711],
    ['a run on another machine', held('other-machine'), [one], [one], [], 4711],
    ['a lock that is empty', { kind: 'unknown', because: 'empty' }, [one], [one], [], undefined],
    [
      'a lock that may not be read',
      { kind: 'unknown', because: 'forbidden' },
      [one],
      [one],
      [],
      undefined,
    ],
    [
      'what no run staged',
      free,
      ['latest', 'lost+found', one.slice(0, 20), '2026-02-30T10-00-00Z-aB3xYz', '.x'],
      ['latest', 'lost+found', one.slice(0, 20), '2026-02-30T10-00-00Z-aB3xYz', '.x'],
      [],
      undefined,
    ],
  ])('%s', (_title, verdict, stagedBefore, stagedAfter, unfinished, pid) => {
    const activity = decideActivity({ stagedBefore, verdict, stagedAfter }, place)
    const names = activity.unfinished.map(({ path }) => path.replace('/r/home/.incoming/', ''))
    expect(names).toEqual(unfinished)
    expect(activity.running?.pid).toBe(pid)
  })

  test('is told with the time at which the run began', () => {
    const observation = { stagedBefore: [one], verdict: dead, stagedAfter: [one] }
    expect(decideActivity(observation, place).unfinished).toEqual([
      {
        profile: 'home',
        path: `/r/home/.incoming/${one}`,
        startedMs: Date.parse('2026-11-25T10:00:00Z'),
      },
    ])
  })

  test.each<[HeldLock['because'], boolean]>([
    ['running', true],
    ['hidden', true],
    ['other-machine', false],
    ['other-container', false],
    ['unproven', false],
  ])('by a holder that is %s is proven: %s', (because, isProven) => {
    const observation = { stagedBefore: [], verdict: held(because), stagedAfter: [] }
    expect(decideActivity(observation, place).running).toEqual({
      profile: 'home',
      command: 'snapfs backup',
      pid: 4711,
      host: 'example',
      sinceMs: Date.parse(record.since),
      isProven,
    })
  })
})
