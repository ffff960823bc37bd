import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CachedCatalog } from '../../../src/catalog/cached-catalog.ts'
import { SeriesHistory } from '../../../src/catalog/series-history.ts'
import type { Entry } from '../../../src/model/entry.ts'
import { nameFromBytes } from '../../../src/model/entry-name.ts'
import { type DescribedHistory, directory, file } from '../../support/described-history.ts'
import { MemoryCatalog } from '../../support/memory-catalog.ts'

const FIRST: DescribedHistory = [
  { id: '2026-01-01T00-00-00Z', tree: { a: file('1'), 'd/x': file('2') } },
  { id: '2026-01-02T00-00-00Z', tree: { a: file('3'), d: directory(0o700) } },
]
const SECOND: DescribedHistory = [
  ...FIRST.slice(1),
  { id: '2026-01-03T00-00-00Z', tree: { 'a/b': file('1') } },
]
/** The same snapshots with other attributes, as linking into a later one leaves them. */
const RELINKED: DescribedHistory = FIRST.map(({ id }) => ({
  id,
  tree: { a: file('1', 'another inode'), 'd/y': file('2') },
}))
const TINY = { entriesBytes: 1000, listingsBytes: 1000 }

const step = fc.oneof(
  fc.record({
    ask: fc.constantFrom('entry' as const, 'names' as const),
    snapshot: fc.nat(1),
    path: fc.constantFrom('', 'a', 'd', 'd/x', 'a/b', 'nothing'),
  }),
  fc.record({ replace: fc.constantFrom(FIRST, SECOND, RELINKED) }),
)

describe('a catalog that remembers', () => {
  test('answers as the one behind it, whatever is asked and whenever snapshots come and go', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.boolean(), (steps, tiny) => {
        const inner = new MemoryCatalog(FIRST)
        const cached = tiny ? new CachedCatalog(inner, TINY) : new CachedCatalog(inner)
        for (const action of steps) {
          if ('replace' in action) {
            inner.replace(action.replace)
            continue
          }
          expect(cached.generation).toBe(inner.generation)
          const snapshot = inner.snapshots()[action.snapshot]!
          const path = action.path
            .split('/')
            .filter((part) => part !== '')
            .map(nameFromBytes)
          if (action.ask === 'entry') {
            expect(cached.entryAt(snapshot, path)).toEqual(inner.entryAt(snapshot, path))
          } else {
            expect(cached.namesIn(snapshot, path)).toEqual(inner.namesIn(snapshot, path))
          }
        }
      }),
    )
  })

  test('forgets everything when the set of snapshots is another', () => {
    const inner = new MemoryCatalog(FIRST)
    const cached = new CachedCatalog(inner)
    const a = [nameFromBytes('a')]
    const ask = (): unknown => {
      const [snapshot] = inner.snapshots()
      return [cached.entryAt(snapshot!, a), cached.namesIn(snapshot!, [])]
    }
    const before = ask()
    inner.replace(RELINKED)
    const [snapshot] = inner.snapshots()
    expect(ask()).toEqual([inner.entryAt(snapshot!, a), inner.namesIn(snapshot!, [])])
    expect(ask()).not.toEqual(before)
  })

  test('asks once for what it is asked twice', () => {
    const asked: string[] = []
    class CountingCatalog extends MemoryCatalog {
      override entryAt(...words: Parameters<MemoryCatalog['entryAt']>): Entry | undefined {
        asked.push(words[1].join('/'))
        return super.entryAt(...words)
      }
    }
    const inner = new CountingCatalog(FIRST)
    const cached = new CachedCatalog(inner)
    const [snapshot] = inner.snapshots()
    for (let time = 0; time < 3; time += 1) {
      cached.entryAt(snapshot!, [nameFromBytes('a')])
      cached.entryAt(snapshot!, [nameFromBytes('nothing')])
    }
    expect(asked).toEqual(['a', 'nothing'])
  })
})

describe('the histories of a series', () => {
  test('change with the set of snapshots', () => {
    const catalog = new MemoryCatalog(FIRST)
    const history = new SeriesHistory(catalog)
    const a = [nameFromBytes('a')]
    expect(history.historyOf(a).versions).toHaveLength(2)
    expect([...history.namesEver([]).keys()].sort()).toEqual(['a', 'd'])
    catalog.replace(SECOND)
    expect(history.historyOf(a).versions).toHaveLength(1)
    expect(history.historyOf(a).directory).toBeDefined()
    expect(history.namesEver([]).get(nameFromBytes('a'))).toMatchObject({
      directory: true,
      lastVersioned: { sequence: 1 },
    })
  })
})
