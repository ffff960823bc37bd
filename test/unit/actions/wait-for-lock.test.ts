import { describe, expect, test } from 'vitest'
import { Interruption } from '../../../src/actions/interruption.ts'
import { waitForLock, type WaitResult } from '../../../src/actions/wait-for-lock.ts'
import type { Illegibility, LockRecord } from '../../../src/repository/lock-record.ts'
import type { LockAttempt, Obstacle } from '../../../src/repository/lock.ts'

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
const held: Obstacle = { kind: 'held', because: 'running', record }
const taken: LockAttempt = { kind: 'taken', lock: { release: () => Promise.resolve() } }

interface Story {
  readonly limitMs: number
  /** What an attempt finds at a time. */
  readonly at: (elapsedMs: number) => LockAttempt | Obstacle
  /** Aborts during the pause that begins at or after this time. */
  readonly interruptedAtMs?: number
}

/** Plays a story on a clock that only sleeping moves. */
async function play(story: Story) {
  const controller = new AbortController()
  const pauses: number[] = []
  const told: Obstacle[] = []
  let attempts = 0
  let nowMs = 5_000_000
  const began = nowMs
  const ended = waitForLock({
    attempt: () => {
      attempts += 1
      if (attempts > 20_000) throw new Error('it waits for ever')
      const found = story.at(nowMs - began)
      const isAttempt = found.kind === 'taken' || found.kind === 'refused'
      return Promise.resolve(isAttempt ? found : { kind: 'refused', obstacle: found })
    },
    limitMs: story.limitMs,
    signal: controller.signal,
    clock: {
      now: () => 0,
      elapsed: () => nowMs,
      sleep: (durationMs) => {
        pauses.push(durationMs)
        if (nowMs - began >= (story.interruptedAtMs ?? Infinity)) {
          controller.abort(new Interruption('SIGINT'))
        } else nowMs += durationMs
        return Promise.resolve()
      },
    },
    onWait: (obstacle) => {
      told.push(obstacle)
      return Promise.resolve()
    },
  })
  const result: WaitResult | { readonly error: unknown } = await ended.catch((error: unknown) => ({
    error,
  }))
  return { result, pauses, told, attempts, elapsedMs: nowMs - began }
}

describe('waiting for the lock', () => {
  test('is not needed when it is free, and nobody is told', async () => {
    const story = await play({ limitMs: Infinity, at: () => taken })
    expect(story).toMatchObject({ result: { kind: 'taken' }, pauses: [], told: [], attempts: 1 })
  })

  test('is not done when nobody asked for it', async () => {
    const story = await play({ limitMs: 0, at: () => held })
    const result = { kind: 'refused', obstacle: held, waitedMs: 0 }
    expect(story).toMatchObject({ result, pauses: [], told: [], attempts: 1 })
  })

  test('ends soon after the other does, is told once, and looks less and less often', async () => {
    const freeAtMs = 4 * 3_600_000
    const story = await play({
      limitMs: Infinity,
      at: (elapsedMs) => (elapsedMs < freeAtMs ? held : taken),
    })
    expect(story).toMatchObject({ result: { kind: 'taken' }, told: [held] })
    expect(story.elapsedMs - freeAtMs).toBeLessThanOrEqual(2000)
    expect(story.pauses[0]).toBe(100)
    expect(story.pauses).toEqual([...story.pauses].sort((left, right) => left - right))
    expect(story.attempts).toBeLessThan(freeAtMs / 1000)
  })

  test('ends when its time is over, to the millisecond, after a last look', async () => {
    const story = await play({ limitMs: 1_800_000, at: () => held })
    expect(story.result).toEqual({ kind: 'refused', obstacle: held, waitedMs: 1_800_000 })
    expect(story.elapsedMs).toBe(1_800_000)
    const late = await play({ limitMs: 5000, at: (ms) => (ms < 5000 ? held : taken) })
    expect(late.result).toMatchObject({ kind: 'taken' })
  })

  test('ends at once with the signal that was given', async () => {
    const story = await play({ limitMs: Infinity, at: () => held, interruptedAtMs: 1000 })
    expect(story.result).toMatchObject({ error: { code: 'INTERRUPTED' } })
    expect(story.attempts).toBe(story.pauses.length)
  })

  test.each<[Obstacle, 'waits' | 'gives up']>([
    [held, 'waits'],
    [{ kind: 'held', because: 'other-machine', record }, 'waits'],
    [{ kind: 'contended' }, 'waits'],
    [{ kind: 'unknown', because: 'forbidden' }, 'waits'],
    ...(['empty', 'garbage', 'huge', 'directory', 'link', 'special'] satisfies Illegibility[]).map(
      (because): [Obstacle, 'gives up'] => [{ kind: 'unknown', because }, 'gives up'],
    ),
  ])('for %j: %s', async (obstacle, expected) => {
    const { result, elapsedMs } = await play({
      limitMs: Infinity,
      at: (ms) => (ms < 60_000 ? obstacle : taken),
    })
    if (expected === 'waits') expect(result).toMatchObject({ kind: 'taken' })
    else expect([result, elapsedMs]).toEqual([{ kind: 'refused', obstacle, waitedMs: 0 }, 0])
  })

  test('gives up when the lock turns into something nobody will remove', async () => {
    const story = await play({
      limitMs: Infinity,
      at: (ms) => (ms < 1000 ? held : { kind: 'unknown', because: 'garbage' }),
    })
    expect(story.result).toMatchObject({ kind: 'refused', waitedMs: story.elapsedMs })
  })
})
