import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BackupProgress, type Progress } from '../../../src/actions/backup-progress.ts'
import { RecentSpeed } from '../../../src/cli/recent-speed.ts'

function watched(): { readonly progress: BackupProgress; readonly told: Progress[] } {
  const told: Progress[] = []
  return { progress: new BackupProgress((one) => told.push(one)), told }
}

describe('the progress of a backup', () => {
  test('has no share while the source is scanned', () => {
    const { progress, told } = watched()
    progress.scanned(2000)
    expect(told).toEqual([
      { step: 'scan', entries: 2000, knownEntries: undefined, bytes: 0, share: undefined },
    ])
  })

  test('never goes back, and never beyond all', () => {
    const work = fc.record({ entries: fc.nat(10_000), bytes: fc.nat(1e9) })
    const plan = fc.record({ compare: work, copy: work, link: work, finish: work })
    const reports = fc.array(work, { maxLength: 8 })
    fc.assert(
      fc.property(plan, reports, reports, reports, (planned, compared, copied, linked) => {
        const { progress, told } = watched()
        progress.plan(planned)
        const steps = { compare: compared, copy: copied, link: linked } as const
        for (const step of ['compare', 'copy', 'link'] as const) {
          let [entries, bytes] = [0, 0]
          for (const more of steps[step]) {
            entries += more.entries
            bytes += more.bytes
            progress.at(step, { entries, bytes })
          }
        }
        progress.at('finish', { entries: 0, bytes: 0 })
        const shares = told.map(({ share }) => share ?? 0)
        expect([...shares].sort((left, right) => left - right)).toEqual(shares)
        const bytes = told.map((one) => one.bytes)
        expect([...bytes].sort((left, right) => left - right)).toEqual(bytes)
        expect(Math.max(0, ...shares)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('of nothing at all has no share', () => {
    const { progress, told } = watched()
    progress.plan({})
    progress.at('finish', { entries: 0, bytes: 0 })
    expect(told.at(-1)?.share).toBeUndefined()
  })

  test('of another machine has one when all is listed there', () => {
    const { progress, told } = watched()
    progress.copied(10, undefined, 5)
    progress.copied(50, 200, 9)
    expect(told.map(({ share }) => share)).toEqual([undefined, 0.25])
  })

  test('that nobody watches is told to nobody', () => {
    const progress = new BackupProgress(undefined)
    expect(progress.isWatched).toBe(false)
    progress.scanned(1)
    progress.at('copy', { entries: 1, bytes: 1 })
  })

  // The machine is slower than the costs say, by so much for everything, and by so much more for each step.
  test.each([
    { slower: 1, copies: 1, within: 0.1 },
    { slower: 5, copies: 1, within: 0.1 },
    { slower: 3, copies: 2, within: 0.4 },
  ])(
    'foretells the second half within $within: $slower times as slow, copies $copies times',
    (machine) => {
      const speed = new RecentSpeed()
      let nowMs = 0
      const errors: number[] = []
      const guesses: { readonly atMs: number; readonly leftMs: number }[] = []
      const progress = new BackupProgress(({ share, bytes }) => {
        speed.add({ atMs: nowMs, share, bytes })
        const leftMs = speed.remainingMs()
        if (leftMs !== undefined) guesses.push({ atMs: nowMs, leftMs })
      })
      // Twenty thousand small files, a thousand large ones, and a hundred thousand links.
      const [small, large, links] = [20_000, 1000, 100_000]
      progress.plan({
        copy: { entries: small + large, bytes: small * 1000 + large * 10_000_000 },
        link: { entries: links, bytes: 0 },
        finish: { entries: small + large + links, bytes: 0 },
      })
      const factor = machine.slower / 1000
      let [entries, bytes] = [0, 0]
      const copy = (size: number): void => {
        nowMs += (180 + size * 0.004) * factor * machine.copies
        entries += 1
        bytes += size
        progress.at('copy', { entries, bytes })
      }
      for (let n = 0; n < small; n += 1) copy(1000)
      for (let n = 0; n < large; n += 1) copy(10_000_000)
      for (let n = 1; n <= links; n += 1) {
        nowMs += 20 * factor
        if (n % 1000 === 0) progress.at('link', { entries: n, bytes: 0 })
      }
      const endMs = nowMs + (small + large + links) * 8 * factor
      for (const { atMs, leftMs } of guesses) {
        const trueMs = endMs - atMs
        if (atMs > endMs / 2 && trueMs > endMs / 10) errors.push(Math.abs(leftMs - trueMs) / trueMs)
      }
      expect(errors.length).toBeGreaterThan(100)
      expect(Math.max(...errors)).toBeLessThan(machine.within)
    },
  )
})
