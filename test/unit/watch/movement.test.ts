import { describe, expect, test } from 'vitest'
import {
  type EngineLook,
  hasEngineMoved,
  hasRunMoved,
  type RunLook,
} from '../../../src/watch/movement.ts'
import type { TreeProcess } from '../../../src/watch/process-tree.ts'

const MINUTE_MS = 60_000

function process(pid: number, done: Partial<TreeProcess> = {}): TreeProcess {
  const io = { ioBytes: 7000, readBytes: 4000 }
  return {
    pid,
    name: 'rsync',
    startTicks: '1',
    cpuTicks: 5,
    sleeps: 50,
    ...io,
    isRemoteShell: false,
    ...done,
  }
}

function run(lines: number, ...processes: readonly TreeProcess[]): RunLook {
  return { lines, processes }
}

describe('a run of rsync', () => {
  const movements = [
    ['a line of output', run(4, process(1))],
    ['processor time', run(3, process(1, { cpuTicks: 7 }))],
    ['bytes read or written', run(3, process(1, { ioBytes: 8024 }))],
    ['an answer of a slow disk now and then', run(3, process(1, { sleeps: 60 }))],
    ['a process that began', run(3, process(1), process(2))],
    ['a process that ended', run(3)],
    ['a process in the place of another', run(3, process(2))],
  ] as const
  test.each(movements)('has moved with %s', (_what, moved) => {
    expect(hasRunMoved(run(3, process(1)), moved, MINUTE_MS)).toBe(true)
    expect(hasRunMoved(moved, moved, MINUTE_MS)).toBe(false)
  })

  test('has not moved with what an rsync does that waits', () => {
    const waiting = (n: number) =>
      run(3, process(1, { cpuTicks: 5 + n, ioBytes: 7000 + 16 * n, sleeps: 50 + 3 * n }))
    expect(hasRunMoved(waiting(0), waiting(1), MINUTE_MS)).toBe(false)
  })

  test('has moved with what several processes did together', () => {
    const both = (ticks: number) =>
      run(3, process(1, { cpuTicks: ticks }), process(2, { cpuTicks: ticks }))
    expect(hasRunMoved(both(1), both(2), MINUTE_MS)).toBe(true)
  })

  test('has not moved with a remote shell that keeps its connection alive', () => {
    const shell = (n: number) =>
      run(3, process(1), process(2, { cpuTicks: n * 50, ioBytes: n * 5000, isRemoteShell: true }))
    expect(hasRunMoved(shell(0), shell(1), MINUTE_MS)).toBe(false)
    // Nor with what comes and goes below it.
    expect(hasRunMoved(shell(0), run(3, process(1)), MINUTE_MS)).toBe(false)
  })

  test('does not depend on counters that the kernel does not show', () => {
    const mute = run(3, process(1, { ioBytes: undefined }))
    expect(hasRunMoved(mute, mute, MINUTE_MS)).toBe(false)
    expect(
      hasRunMoved(mute, run(3, process(1, { ioBytes: undefined, cpuTicks: 50 })), MINUTE_MS),
    ).toBe(true)
  })
})

describe('a backup', () => {
  const look = (done: Partial<EngineLook> = {}): EngineLook => ({
    signs: 3,
    processes: [process(1)],
    diskEvents: undefined,
    ...done,
  })

  const movements = [
    ['a sign of life', look({ signs: 4 })],
    ['two hundredths of a processor', look({ processes: [process(1, { cpuTicks: 125 })] })],
    ['bytes read or written', look({ processes: [process(1, { ioBytes: 8024 })] })],
    ['bytes of a process below it', look({ processes: [process(1), process(2)] })],
    ['a disk that begins to be waited for', look({ diskEvents: 7 })],
  ] as const
  test.each(movements)('has moved with %s', (_what, moved) => {
    expect(hasEngineMoved(look(), moved, MINUTE_MS)).toBe(true)
    expect(hasEngineMoved(moved, moved, MINUTE_MS)).toBe(false)
  })

  test('has not moved with a line of progress that is drawn anew', () => {
    // Measured: 340 milliseconds a minute.
    const drawing = (ticks: number) => look({ processes: [process(1, { cpuTicks: ticks })] })
    expect(hasEngineMoved(drawing(5), drawing(39), MINUTE_MS)).toBe(false)
    expect(hasEngineMoved(drawing(5), drawing(6), 100)).toBe(false)
  })

  test('has not moved with a process that ends', () => {
    const both = look({ processes: [process(1), process(2)] })
    expect(hasEngineMoved(both, look(), MINUTE_MS)).toBe(false)
  })

  test('has moved with the disk that a sync waits for, and not when nobody does', () => {
    const at = (diskEvents: number | undefined) => look({ diskEvents })
    expect(hasEngineMoved(at(7), at(8), MINUTE_MS)).toBe(true)
    expect(hasEngineMoved(at(7), at(7), MINUTE_MS)).toBe(false)
    expect(hasEngineMoved(at(7), at(undefined), MINUTE_MS)).toBe(false)
  })
})
