import { describe, expect, test } from 'vitest'
import { lockedError } from '../../../src/actions/describe-lock.ts'
import type { HeldLock, UnknownLock } from '../../../src/repository/decide-lock.ts'
import type { LockRecord } from '../../../src/repository/lock-record.ts'

const place = { repository: '/r', profile: 'home' }
const since = '2026-11-22T14:30:00.000Z'
const sinceMs = Date.parse(since)
const record: LockRecord = {
  host: 'example',
  bootId: 'boot-1',
  machineId: 'machine-1',
  pidNamespace: 'pid:[1]',
  pid: 4711,
  startTicks: '12345',
  command: 'snapfs backup',
  since,
}

function sentence(obstacle: Parameters<typeof lockedError>[0], nowMs = sinceMs + 255_000): string {
  const error = lockedError(obstacle, place, { nowMs, timeZone: 'Europe/Berlin' }, 0)
  expect(error.code).toBe('LOCKED')
  expect(error.message).toMatch(/\.$/u)
  expect(error.hint).toMatch(/\.$/u)
  return `${error.message} ${error.hint}`
}

describe('a lock that is held', () => {
  test('is told with who, where and since when, in the time of the user', () => {
    expect(sentence({ kind: 'held', because: 'running', record })).toBe(
      'Another snapfs works on "home": snapfs backup, process 4711 on example, since 2026-11-22 15:30:00 +01:00 (4 minutes ago). Wait for it to end, or let snapfs backup --wait do that.',
    )
  })

  test.each([
    [0, 'less than a second ago'],
    [1999, '1 second ago'],
    [3_600_000, '1 hour ago'],
    [47 * 3_600_000, '1 day ago'],
    [30 * 24 * 3_600_000, '4 weeks ago'],
  ])('for %d ms is told as that', (heldMs, words) => {
    const text = sentence({ kind: 'held', because: 'running', record }, sinceMs + heldMs)
    expect(text).toContain(`(${words})`)
  })

  test('by a machine whose clock is ahead is told without an age', () => {
    const text = sentence({ kind: 'held', because: 'other-machine', record }, sinceMs - 1)
    expect(text).toContain('since 2026-11-22 15:30:00 +01:00. Wait')
  })

  test.each<[HeldLock['because'], boolean]>([
    ['running', false],
    ['hidden', false],
    ['other-machine', true],
    ['other-container', true],
    ['unproven', true],
  ])('%s: says how to remove it where only the user can know: %s', (because, isNamed) => {
    const text = sentence({ kind: 'held', because, record })
    expect(text.includes('remove the file /r/home/.lock')).toBe(isNamed)
    expect(text).toMatch(/wait for it to end/iu)
  })
})

describe('a lock that does not say who holds it', () => {
  test.each<[UnknownLock['because'], RegExp]>([
    ['empty', /is empty.*remove the file/u],
    ['garbage', /something else.*remove the file/u],
    ['huge', /larger.*remove the file/u],
    ['forbidden', /another user.*owns the repository/u],
    ['directory', /a directory.*remove it/u],
    ['link', /symbolic link.*remove it/u],
    ['special', /a pipe.*remove it/u],
  ])('%s is named, with what to do', (because, says) => {
    const text = sentence({ kind: 'unknown', because })
    expect(text).toContain('/r/home/.lock')
    expect(text).toMatch(says)
  })

  test('and one that comes and goes asks for another try', () => {
    expect(sentence({ kind: 'contended' })).toMatch(/"home".*Try again\.$/u)
  })
})
