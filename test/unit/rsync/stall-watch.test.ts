import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TreeProcess } from '../../../src/rsync/process-tree.ts'
import {
  type Look,
  lookAgain,
  looksFor,
  NOTHING_SEEN,
  type StallWatch,
} from '../../../src/rsync/stall-watch.ts'

function process(pid: number, done: Partial<TreeProcess> = {}): TreeProcess {
  const io = { ioBytes: 7000, readBytes: 4000 }
  return { pid, startTicks: '1', cpuTicks: 5, ...io, isRemoteShell: false, ...done }
}

function look(lines: number, ...processes: readonly TreeProcess[]): Look {
  return { lines, processes }
}

function after(...looks: readonly Look[]): StallWatch {
  return looks.reduce(lookAgain, NOTHING_SEEN)
}

describe('the watch over a run', () => {
  test('counts the looks at which nothing had moved', () => {
    const same = look(3, process(1), process(2))
    expect(after(same).quietLooks).toBe(0)
    expect(after(same, same, same).quietLooks).toBe(2)
  })

  const movements = [
    ['a line of output', look(4, process(1))],
    ['processor time', look(3, process(1, { cpuTicks: 7 }))],
    ['bytes read or written', look(3, process(1, { ioBytes: 8024 }))],
    ['a process that began', look(3, process(1), process(2))],
    ['a process that ended', look(3)],
    ['a process in the place of another', look(3, process(2))],
  ] as const
  test.each(movements)('begins anew with %s', (_what, moved) => {
    const quiet = look(3, process(1))
    expect(after(quiet, quiet, quiet, moved).quietLooks).toBe(0)
    expect(after(quiet, quiet, quiet, moved, moved).quietLooks).toBe(1)
  })

  test('does not take for progress what an rsync does that waits', () => {
    const waiting = (n: number) => look(3, process(1, { cpuTicks: 5 + n, ioBytes: 7000 + 16 * n }))
    expect(after(waiting(0), waiting(1), waiting(2), waiting(3)).quietLooks).toBe(3)
  })

  test('adds up what several processes did', () => {
    const both = (ticks: number) =>
      look(3, process(1, { cpuTicks: ticks }), process(2, { cpuTicks: ticks }))
    expect(after(both(1), both(2)).quietLooks).toBe(0)
  })

  test('does not count a remote shell that keeps its connection alive', () => {
    const shell = (n: number) =>
      look(3, process(1), process(2, { cpuTicks: n * 50, ioBytes: n * 5000, isRemoteShell: true }))
    expect(after(shell(0), shell(1), shell(2)).quietLooks).toBe(2)
    // Nor what comes and goes below it.
    expect(after(shell(0), look(3, process(1))).quietLooks).toBe(1)
  })

  test('does not depend on counters that the kernel does not show', () => {
    const mute = look(3, process(1, { ioBytes: undefined }))
    expect(after(mute, mute).quietLooks).toBe(1)
    expect(after(mute, look(3, process(1, { ioBytes: undefined, cpuTicks: 50 }))).quietLooks).toBe(
      0,
    )
  })

  test('looks so often that the looks make up the limit, and a timer can wait so long', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 2 ** 50 }), (stallMs) => {
        const { everyMs, limit } = looksFor(stallMs)
        expect(everyMs).toBeGreaterThanOrEqual(34)
        expect(everyMs).toBeLessThanOrEqual(3_600_000)
        expect(limit * everyMs).toBeGreaterThanOrEqual(stallMs)
        expect((limit - 1) * everyMs).toBeLessThan(stallMs)
      }),
    )
    expect(looksFor(30 * 60_000)).toEqual({ everyMs: 60_000, limit: 30 })
    expect(looksFor(Infinity)).toEqual({ everyMs: 3_600_000, limit: Infinity })
  })
})
