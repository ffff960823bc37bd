import { describe, expect, test } from 'vitest'
import type { ListedName } from '../../../src/catalog/catalog.ts'
import { ENDLESS_PATIENCE, type Patience } from '../../../src/catalog/patience.ts'
import { type Change, CHANGE_KINDS, SeriesChanges } from '../../../src/catalog/series-changes.ts'
import type { Entry } from '../../../src/model/entry.ts'
import { type EntryPath, nameFromBytes } from '../../../src/model/entry-name.ts'
import type { Snapshot } from '../../../src/model/snapshot.ts'
import { type DescribedHistory, file } from '../../support/described-history.ts'
import { MemoryCatalog } from '../../support/memory-catalog.ts'

const [FIRST, SECOND] = ['2026-07-01T08-00-00Z', '2026-07-02T08-00-00Z'] as const
const NO_TIME: Patience = { elapsed: () => 0, limitMs: 0 }

/** Counts what is listed. */
class CountingCatalog extends MemoryCatalog {
  listings = 0

  override namesIn(snapshot: Snapshot, path: EntryPath): readonly ListedName[] | undefined {
    this.listings += 1
    return super.namesIn(snapshot, path)
  }
}

function asker(history: DescribedHistory, patience = ENDLESS_PATIENCE) {
  const catalog = new CountingCatalog(history)
  const changes = new SeriesChanges(catalog, patience)
  const newest = catalog.snapshots().at(-1)!
  const ask = (change: Change, ...path: readonly string[]): Record<string, string> =>
    Object.fromEntries(changes.namesIn(newest, change, path.map(nameFromBytes)))
  const askOne = (change: Change, path: readonly string[], name: string): string | undefined =>
    changes.extentOf(newest, change, path.map(nameFromBytes), nameFromBytes(name))
  return { catalog, ask, askOne }
}

describe('what a snapshot changed', () => {
  const history: DescribedHistory = [
    {
      id: FIRST,
      tree: {
        same: file('s'),
        other: file('o'),
        gone: file('g'),
        'd/deep/f': file('f'),
        'quiet/q/q': file('q'),
        kind: file('k'),
      },
    },
    {
      id: SECOND,
      tree: {
        same: file('s'),
        other: file('o, changed'),
        new: file('n'),
        'd/deep/f': file('f, changed'),
        'quiet/q/q': file('q'),
        'kind/below': file('b'),
      },
    },
  ]

  test('is told by inode, and directories only where something changed below', () => {
    const { ask } = asker(history)
    expect(ask('added')).toEqual({ new: 'itself', kind: 'itself' })
    expect(ask('modified')).toEqual({ other: 'itself', d: 'inside' })
    expect(ask('deleted')).toEqual({ gone: 'itself', kind: 'itself' })
    expect(ask('modified', 'd', 'deep')).toEqual({ f: 'itself' })
  })

  test('is the same for one name as in a listing, and a directory of both is always found', () => {
    const { ask, askOne } = asker(history)
    for (const change of CHANGE_KINDS) {
      const listed = ask(change)
      for (const name of ['same', 'other', 'gone', 'new', 'kind', 'never']) {
        expect(askOne(change, [], name)).toBe(listed[name])
      }
      // It may have been listed when there was no time to look.
      for (const name of ['d', 'quiet']) expect(askOne(change, [], name)).toBe('inside')
      expect(ask(change, 'quiet')).toEqual({})
    }
  })

  test('is looked for once below a directory, whichever change is asked for', () => {
    const { catalog, ask } = asker(history)
    ask('added')
    const first = catalog.listings
    for (const change of CHANGE_KINDS) ask(change)
    // Of the directory itself in both snapshots, three times.
    expect(catalog.listings - first).toBe(6)
  })

  test('is known of a directory that was listed', () => {
    const { ask } = asker(history, NO_TIME)
    expect(ask('added')).toMatchObject({ quiet: 'inside' })
    ask('added', 'quiet')
    ask('added', 'quiet', 'q')
    expect(ask('modified')).not.toHaveProperty('quiet')
  })

  test('is said to be inside where there was no time to look, until asking again has got there', () => {
    const tree = Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}/f`, file(name)]))
    const { ask } = asker(
      [
        { id: FIRST, tree },
        { id: SECOND, tree: { ...tree, 'b/f': file('changed') } },
      ],
      NO_TIME,
    )
    // The first is looked into in any case.
    expect(ask('modified')).toEqual({ b: 'inside', c: 'inside' })
    for (let asked = 0; asked < 3; asked += 1) ask('modified')
    expect(ask('modified')).toEqual({ b: 'inside' })
    expect(ask('added')).toEqual({})
  })
})

test('numbers in listings are compared on one device only', () => {
  /** Lists a number for each name, the same in both snapshots. */
  class NumberingCatalog extends MemoryCatalog {
    devices = 1

    override namesIn(snapshot: Snapshot, path: EntryPath): readonly ListedName[] | undefined {
      return super.namesIn(snapshot, path)?.map((one) => ({ ...one, inode: 7 }))
    }

    override entryAt(snapshot: Snapshot, path: EntryPath): Entry | undefined {
      const entry = super.entryAt(snapshot, path)
      const device = snapshot.id === FIRST ? 1n : BigInt(this.devices)
      return entry && { ...entry, device }
    }
  }
  const catalog = new NumberingCatalog([
    { id: FIRST, tree: { f: file('one') } },
    { id: SECOND, tree: { f: file('two') } },
  ])
  const ask = () => [...new SeriesChanges(catalog).namesIn(catalog.snapshots()[1]!, 'modified', [])]
  expect(ask()).toEqual([])
  catalog.devices = 2
  expect(ask()).toEqual([['f', 'itself']])
})
