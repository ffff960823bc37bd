import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  findShrink,
  shrinkBasis,
  shrinkError,
  shrinkSentence,
} from '../../../src/actions/judge-shrink.ts'
import type { Manifest } from '../../../src/model/manifest.ts'
import type { Snapshot } from '../../../src/model/snapshot.ts'
import { parseSnapshotId } from '../../../src/model/snapshot-id.ts'
import { manifestFor } from '../../support/described-history.ts'

const MIB = 1024 * 1024

function snapshotWith(
  entries: number,
  totalBytes: number,
  changes: Partial<Manifest> = {},
  sequence = 1,
): Snapshot {
  const id = `2026-11-2${sequence}T08-00-00Z`
  const base = manifestFor(id, sequence, changes)
  const manifest = { ...base, counts: { ...base.counts, entries, totalBytes } }
  return { id: parseSnapshotId(id)!, sequence, manifest }
}

function judge(
  past: readonly [entries: number, totalBytes: number],
  now: readonly [entries: number, totalBytes: number],
  maxShrink = 0.5,
): string | undefined {
  const [entries, totalBytes] = now
  const counted = { entries, totalBytes, unreadable: 0 }
  return findShrink(snapshotWith(...past), counted, maxShrink, () => counted)?.what
}

describe('a source that shrank', () => {
  test.each([
    ['to fewer than half of its entries', [4310, MIB], [2154, MIB], 'entries'],
    ['to exactly half', [4310, MIB], [2155, MIB], undefined],
    ['to its root', [4310, MIB], [1, 0], 'entries'],
    ['from a few entries', [99, MIB], [1, 0], undefined],
    ['from a hundred', [100, MIB], [49, MIB], 'entries'],
    ['by its one film', [4310, 100 * MIB], [4309, 15 * MIB], undefined],
    ['since all its files were cut to nothing', [4310, 100 * MIB], [4310, 0], 'bytes'],
    ['to nothing from little', [4310, MIB - 1], [4310, 0], undefined],
    ['to nothing from nothing', [4310, 0], [4310, 0], undefined],
    ['not at all', [4310, MIB], [9000, 7 * MIB], undefined],
  ] as const)('%s is judged', (_words, past, now, what) => {
    expect(judge(past, now)).toBe(what)
  })

  test('is held to the share that the profile sets, and to none when that is off', () => {
    expect(judge([1000, MIB], [210, MIB], 0.8)).toBeUndefined()
    expect(judge([1000, MIB], [190, MIB], 0.8)).toBe('entries')
    expect(judge([1000, 100 * MIB], [1000, 3 * MIB], 0.95)).toBe('bytes')
    expect(judge([1000, 100 * MIB], [1000, 7 * MIB], 0.95)).toBeUndefined()
    expect(judge([1000, MIB], [1, 0], Infinity)).toBeUndefined()
    expect(judge([1000, MIB], [1, 0], 1)).toBeUndefined()
  })

  test('is not judged when there is nothing to hold it against', () => {
    const now = { entries: 1, totalBytes: 0, unreadable: 0 }
    expect(findShrink(undefined, now, 0.5, () => now)).toBeUndefined()
  })

  test('is none when what is missing is in the source, and left out', () => {
    const past = snapshotWith(1000, 100 * MIB)
    const now = { entries: 1, totalBytes: 0, unreadable: 0 }
    const asked: unknown[] = []
    const there = (entries: number, totalBytes: number) => (snapshot: unknown) => {
      asked.push(snapshot)
      return { entries, totalBytes }
    }
    expect(findShrink(past, now, 0.5, there(900, 90 * MIB))).toBeUndefined()
    expect(asked).toEqual([past])
    expect(findShrink(past, now, 0.5, there(400, 90 * MIB))).toEqual({ what: 'entries', now, past })
    expect(findShrink(past, now, 0.5, there(900, 9 * MIB))?.what).toBe('entries')
    const cut = { ...now, entries: 1000 }
    expect(findShrink(past, cut, 0.5, there(1000, 9 * MIB))?.what).toBe('bytes')
  })

  test('is not looked for in the source where there is none', () => {
    const now = { entries: 900, totalBytes: 90 * MIB, unreadable: 0 }
    const never = () => {
      throw new Error('asked')
    }
    expect(findShrink(snapshotWith(1000, 100 * MIB), now, 0.5, never)).toBeUndefined()
  })

  test('is never one that grew or stayed as it was', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), fc.nat(), (entries, bytes, more, moreBytes) => {
        expect(judge([entries, bytes], [entries + more, bytes + moreBytes], 0)).toBeUndefined()
      }),
    )
  })

  test('is named with its figures, and the way on', () => {
    const past = snapshotWith(4310, 5_000_000)
    const counted = { entries: 12, totalBytes: 34, unreadable: 0 }
    const shrink = findShrink(past, counted, 0.5, () => counted)!
    expect(shrinkSentence('/data', shrink)).toBe(
      'The source /data has 12 of the 4,310 files and directories of its last snapshot 2026-11-21T08-00-00Z.',
    )
    expect(shrinkSentence('/data', { ...shrink, what: 'bytes' })).toContain('has 34 B of the 5 MB')
    const unread = { ...shrink, now: { ...shrink.now, unreadable: 3 } }
    expect(shrinkSentence('/data', unread)).toMatch(/; 3 of it could not be looked at\.$/u)
    expect(shrinkError('/data', shrink)).toMatchObject({
      code: 'SOURCE_REFUSED',
      hint: expect.stringMatching(/mounted.*--accept-shrink/u) as string,
    })
  })
})

describe('the snapshot a source is held against', () => {
  const partial = { outcome: 'partial' } as const

  test('is the newest complete one, or one that was accepted', () => {
    const [one, two] = [snapshotWith(9, 9, {}, 1), snapshotWith(5, 5, {}, 2)]
    expect(shrinkBasis([one, two])).toBe(two)
    expect(shrinkBasis([one, snapshotWith(5, 5, partial, 2)])).toBe(one)
    const accepted = snapshotWith(5, 5, { ...partial, accepted: ['shrink'] }, 2)
    expect(shrinkBasis([one, accepted])).toBe(accepted)
  })

  test('is the newest where none is complete', () => {
    const newest = snapshotWith(5, 5, partial, 2)
    expect(shrinkBasis([snapshotWith(9, 9, partial, 1), newest])).toBe(newest)
    expect(shrinkBasis([])).toBeUndefined()
  })
})
