import { describe, expect, test } from 'vitest'
import {
  decideLock,
  type DeadLock,
  type HeldLock,
  type HolderNow,
  type Present,
} from '../../../src/repository/decide-lock.ts'
import type { Illegibility, LockRecord } from '../../../src/repository/lock-record.ts'

const record: LockRecord = {
  host: 'example',
  bootId: 'boot-1',
  machineId: 'machine-1',
  pidNamespace: 'pid:[1]',
  pid: 500,
  startTicks: '12345',
  command: 'snapfs backup',
  since: '2026-11-22T00:00:00.000Z',
}
const here: Present = {
  host: 'example',
  bootId: 'boot-1',
  machineId: 'machine-1',
  pidNamespace: 'pid:[1]',
  holder: { kind: 'running', startTicks: '12345' },
}
const gone: HolderNow = { kind: 'gone' }

type Row = readonly [
  title: string,
  present: Partial<Present>,
  record: Partial<LockRecord>,
  verdict: `held: ${HeldLock['because']}` | `dead: ${DeadLock['because']}`,
]

describe('a lock that says who holds it', () => {
  test.each<Row>([
    ['of a running process is held', {}, {}, 'held: running'],
    ['is not broken by age', {}, { since: '1970-01-01T00:00:00.000Z' }, 'held: running'],
    ['of a process that ended is dead', { holder: gone }, {}, 'dead: ended'],
    [
      'of a number that another process has now is dead',
      { holder: { kind: 'running', startTicks: '99999' } },
      {},
      'dead: replaced',
    ],
    [
      'of a process of another user that /proc hides is held',
      { holder: { kind: 'hidden' } },
      {},
      'held: hidden',
    ],
    ['of an earlier boot of this machine is dead', { bootId: 'boot-2' }, {}, 'dead: rebooted'],
    [
      'of an earlier boot is dead, whatever process has the number now',
      { bootId: 'boot-2', pidNamespace: 'pid:[2]', holder: { kind: 'hidden' } },
      {},
      'dead: rebooted',
    ],
    [
      'of another machine is held, even where our process has its number',
      { bootId: 'boot-2', machineId: 'machine-2', host: 'other' },
      {},
      'held: other-machine',
    ],
    [
      'of another machine is held, even where no process has its number',
      { bootId: 'boot-2', machineId: 'machine-2', host: 'other', holder: gone },
      {},
      'held: other-machine',
    ],
    [
      'of a clone that shares the id of this machine is held',
      { bootId: 'boot-2', host: 'clone', holder: gone },
      {},
      'held: other-machine',
    ],
    [
      'of another machine of our name is held',
      { bootId: 'boot-2', machineId: 'machine-2', holder: gone },
      {},
      'held: other-machine',
    ],
    [
      'of a machine without an identity is held',
      { bootId: 'boot-2', machineId: '', holder: gone },
      { machineId: '' },
      'held: other-machine',
    ],
    [
      'of another container is held: the process number means something else there',
      { pidNamespace: 'pid:[2]', holder: gone },
      {},
      'held: other-container',
    ],
    [
      'that does not say in which container is held',
      { pidNamespace: '', holder: gone },
      { pidNamespace: '' },
      'held: other-container',
    ],
    [
      'that does not say since which boot is held',
      { bootId: '', holder: gone },
      { bootId: '' },
      'held: unproven',
    ],
    ['is held where our own boot is not known', { bootId: '', holder: gone }, {}, 'held: unproven'],
    ['that does not say when its process began is held', {}, { startTicks: '' }, 'held: unproven'],
    [
      'that does not say when its process began is dead when there is none',
      { holder: gone },
      { startTicks: '' },
      'dead: ended',
    ],
    [
      'is held where the beginning of the process is not known',
      { holder: { kind: 'running', startTicks: '' } },
      {},
      'held: unproven',
    ],
  ])('%s', (_title, present, changes, expected) => {
    const changed = { ...record, ...changes }
    const verdict = decideLock({ kind: 'record', record: changed }, { ...here, ...present })
    const [kind, because] = expected.split(': ')
    expect(verdict).toEqual({ kind, because, record: changed })
  })
})

describe('a lock that does not say who holds it', () => {
  test('is free when it is not there', () => {
    expect(decideLock({ kind: 'absent' }, here)).toEqual({ kind: 'free' })
  })

  test.each<Illegibility>([
    'empty',
    'garbage',
    'huge',
    'forbidden',
    'directory',
    'link',
    'special',
  ])('is not taken over: %s', (reason) => {
    const verdict = decideLock({ kind: 'illegible', reason }, { ...here, holder: gone })
    expect(verdict).toEqual({ kind: 'unknown', because: reason })
  })
})
