import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { progressWords } from '../../../src/cli/progress-bar.ts'
import { RecentSpeed } from '../../../src/cli/recent-speed.ts'

function fed(samples: readonly (readonly [number, number | undefined, number])[]): RecentSpeed {
  const speed = new RecentSpeed()
  for (const [atMs, share, bytes] of samples) speed.add({ atMs, share, bytes })
  return speed
}

describe('the speed', () => {
  test('is not known at once', () => {
    expect(fed([]).remainingMs()).toBeUndefined()
    expect(fed([]).bytesPerSecond()).toBe(0)
    expect(fed([[0, 0, 0]]).remainingMs()).toBeUndefined()
    expect(
      fed([
        [0, 0, 0],
        [1000, 0.1, 50],
      ]).remainingMs(),
    ).toBeUndefined()
  })

  test('leaves out the time in which nobody knew how much there is', () => {
    const speed = fed([
      [0, undefined, 0],
      [20_000, undefined, 0],
      [20_300, 0, 0],
      [25_300, 0.5, 1000],
    ])
    expect(speed.remainingMs()).toBeCloseTo(5000)
  })

  test('that nothing was done of late, foretells nothing', () => {
    const still = [0, 2000, 4000, 6000].map((atMs) => [atMs, 0.4, 7] as const)
    expect(fed(still).remainingMs()).toBeUndefined()
  })

  test('is that of the last half minute', () => {
    const speed = new RecentSpeed()
    // A slow minute, and then ten times as fast.
    for (let s = 0; s <= 60; s += 1) speed.add({ atMs: s * 1000, share: s / 1000, bytes: s * 10 })
    for (let s = 1; s <= 40; s += 1) {
      speed.add({ atMs: 60_000 + s * 1000, share: 0.06 + s / 100, bytes: 600 + s * 100 })
    }
    expect(speed.bytesPerSecond()).toBeCloseTo(100)
    expect(speed.remainingMs()).toBeCloseTo(54_000, -2)
  })

  test('of an even run is right at any time, however often it is told', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 5, maxLength: 200 })
    fc.assert(
      fc.property(steps, (waits) => {
        const total = 2 * waits.reduce((sum, wait) => sum + wait, 0)
        const speed = new RecentSpeed()
        let at = 0
        for (const wait of waits) {
          at += wait
          speed.add({ atMs: at, share: at / total, bytes: at })
        }
        const left = speed.remainingMs()
        if (left !== undefined) expect(left).toBeCloseTo(total - at, 0)
      }),
    )
  })
})

describe('the words beside the bar', () => {
  test('name the step, what it has done, how fast, and what is left', () => {
    const speed = fed([
      [0, 0.2, 0],
      [10_000, 0.4, 50_000_000],
    ])
    const copying = {
      step: 'copy',
      entries: 1234,
      knownEntries: 5000,
      bytes: 50_000_000,
      share: 0.4,
    } as const
    expect(progressWords(copying, speed)).toBe('copying 1,234/5,000  50 MB  5 MB/s  30 s left')
    const scanning = {
      step: 'scan',
      entries: 2000,
      knownEntries: undefined,
      bytes: 0,
      share: undefined,
    } as const
    expect(progressWords(scanning, fed([]))).toBe('scanning 2,000')
    const finishing = { ...copying, step: 'finish' } as const
    expect(progressWords(finishing, speed)).toBe('writing to the disk')
    expect(
      progressWords(
        { ...copying, share: 0.001 },
        fed([
          [0, 0, 0],
          [2000, 0.001, 1],
        ]),
      ),
    ).toMatch(/33 min 18 s left$/u)
  })
})
