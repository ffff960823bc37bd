import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeLock,
  encodeLock,
  lockIdentity,
  type LockRecord,
} from '../../../src/repository/lock-record.ts'

const record: LockRecord = {
  host: 'example',
  bootId: 'boot-1',
  machineId: '',
  pidNamespace: 'pid:[1]',
  pid: 500,
  startTicks: '12345',
  command: 'snapfs backup',
  since: '2026-11-22T00:00:00.000Z',
}

describe('a lock', () => {
  test('is read as it was written', () => {
    expect(decodeLock(encodeLock(record))).toEqual({ kind: 'record', record })
  })

  test.each<[string, unknown]>([
    ['a process number of nobody', { ...record, pid: 0 }],
    ['a process group for a process', { ...record, pid: -1 }],
    ['a number no process can have', { ...record, pid: 2 ** 31 }],
    ['half a process', { ...record, pid: 1.5 }],
    ['no time', { ...record, since: 'yesterday' }],
    ['a month too many', { ...record, since: '2026-13-01T00:00:00.000Z' }],
    ['a host that fills a page', { ...record, host: 'x'.repeat(5000) }],
    ['a list', [record]],
    ['null', null],
  ])('with %s is garbage', (_what, value) => {
    expect(decodeLock(JSON.stringify(value))).toEqual({ kind: 'illegible', reason: 'garbage' })
  })

  test.each(['', '\n', ' \n '])('of nothing but %j is empty', (text) => {
    expect(decodeLock(text)).toEqual({ kind: 'illegible', reason: 'empty' })
  })

  test('of a file that a crash left full of zeros is garbage', () => {
    expect(decodeLock('\0'.repeat(400))).toEqual({ kind: 'illegible', reason: 'garbage' })
  })

  test('is a value, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(decodeLock(text).kind).toBe('illegible')
      }),
    )
  })

  test('cut anywhere is no lock', () => {
    const text = encodeLock(record).trimEnd()
    for (let length = 0; length < text.length; length += 1) {
      expect(decodeLock(text.slice(0, length)).kind).toBe('illegible')
    }
  })
})

describe('the identity of a holder', () => {
  test('changes with everything that tells one from another', () => {
    const others: Partial<LockRecord>[] = [
      { host: 'other' },
      { bootId: 'boot-2' },
      { machineId: 'machine-2' },
      { pidNamespace: 'pid:[2]' },
      { pid: 501 },
      { startTicks: '12346' },
      { since: '2026-11-22T00:00:00.001Z' },
    ]
    const identities = [record, ...others.map((other) => ({ ...record, ...other }))].map(
      lockIdentity,
    )
    expect(new Set(identities).size).toBe(identities.length)
    for (const identity of identities) expect(identity).toMatch(/^[0-9a-f]{16}$/u)
  })
})
