import { describe, expect, test } from 'vitest'
import { decideLock, type LockRecord, type Present } from '../../../src/repository/lock.ts'

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
  bootId: 'boot-1',
  machineId: 'machine-1',
  pidNamespace: 'pid:[1]',
  startTicksOfPid: '12345',
}

describe('a lock that is there', () => {
  test.each<[string, Partial<Present>, Partial<LockRecord>, 'held' | 'dead']>([
    ['of a running process', {}, {}, 'held'],
    ['of a process that ended', { startTicksOfPid: undefined }, {}, 'dead'],
    ['of a number that another process has now', { startTicksOfPid: '99999' }, {}, 'dead'],
    ['of an earlier boot of this machine', { bootId: 'boot-2' }, {}, 'dead'],
    [
      'of another machine, even with our process number',
      { bootId: 'boot-2', machineId: 'machine-2' },
      {},
      'held',
    ],
    [
      'of a machine without an identity',
      { bootId: 'boot-2', machineId: '' },
      { machineId: '' },
      'held',
    ],
    [
      'of another container, where the process number means something else',
      { pidNamespace: 'pid:[2]', startTicksOfPid: undefined },
      {},
      'held',
    ],
  ])('%s is decided', (_title, present, changes, decision) => {
    expect(decideLock({ ...record, ...changes }, { ...here, ...present })).toBe(decision)
  })

  test('is not broken by age', () => {
    expect(decideLock({ ...record, since: '1970-01-01T00:00:00.000Z' }, here)).toBe('held')
  })
})
