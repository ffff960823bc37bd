import { describe, expect, test } from 'vitest'
import type { Catalog, ListedName } from '../../../src/catalog/catalog.ts'
import { SeriesDeletions } from '../../../src/catalog/series-deletions.ts'
import { SeriesHistory } from '../../../src/catalog/series-history.ts'
import { type EntryPath, nameFromBytes } from '../../../src/model/entry-name.ts'
import type { Snapshot } from '../../../src/model/snapshot.ts'
import { type DescribedHistory, file } from '../../support/described-history.ts'
import { MemoryCatalog } from '../../support/memory-catalog.ts'

const [FIRST, SECOND, THIRD] = [1, 2, 3].map((day) => `2026-07-0${day}T08-00-00Z`) as [
  string,
  string,
  string,
]

function deletionsOf(catalog: Catalog): SeriesDeletions {
  return new SeriesDeletions(catalog, new SeriesHistory(catalog))
}

function gone(catalog: Catalog, ...path: readonly string[]): string[] {
  return [...deletionsOf(catalog).namesIn(path.map(nameFromBytes)).keys()].sort()
}

describe('what counts as deleted', () => {
  const history: DescribedHistory = [
    { id: FIRST, tree: { a: file('a'), b: file('b'), 'd/c': file('c'), 'd/stays': file('s') } },
    { id: SECOND, tree: { b: file('b'), 'd/stays': file('s') } },
  ]

  test('is what the newest complete snapshot lacks, and not what a partial one lacks besides', () => {
    const partial = { id: THIRD, tree: { 'd/stays': file('s') }, outcome: 'partial' as const }
    expect(gone(new MemoryCatalog([...history, partial]))).toEqual(['a', 'd'])
    const whole = new MemoryCatalog([...history, { ...partial, outcome: 'complete' }])
    expect(gone(whole)).toEqual(['a', 'b', 'd'])
  })

  test('is not what came back, also in a partial snapshot only', () => {
    const tree = { a: file('anew'), 'd/stays': file('s') }
    const partial = { id: THIRD, tree, outcome: 'partial' as const }
    expect(gone(new MemoryCatalog([...history, partial]))).toEqual(['d'])
  })

  test('is what the newest lacks where none is complete', () => {
    const partial = history.map((one) => ({ ...one, outcome: 'partial' as const }))
    expect(gone(new MemoryCatalog(partial))).toEqual(['a', 'd'])
  })

  test('is found below directories that stay, and those without it are not shown', () => {
    const deep = new MemoryCatalog([
      { id: FIRST, tree: { 'x/y/z/f': file('f'), 'x/y/z/g': file('g'), 'u/v/w': file('w') } },
      { id: SECOND, tree: { 'x/y/z/g': file('g'), 'u/v/w': file('w, changed') } },
    ])
    expect(gone(deep)).toEqual(['x'])
    expect(gone(deep, 'x', 'y', 'z')).toEqual(['f'])
  })

  test('is looked for anew when a snapshot was added', () => {
    const catalog = new MemoryCatalog(history)
    const deletions = deletionsOf(catalog)
    expect([...deletions.namesIn([]).keys()].sort()).toEqual(['a', 'd'])
    catalog.replace([...history, { id: THIRD, tree: { ...history[0]!.tree, b: file('b') } }])
    expect([...deletions.namesIn([]).keys()]).toEqual([])
  })

  test('is nothing where this user may not look into the present', () => {
    class Closed extends MemoryCatalog {
      override namesIn(snapshot: Snapshot, path: EntryPath): readonly ListedName[] | undefined {
        if (snapshot.id === SECOND && path.length === 1) {
          throw Object.assign(new Error('closed'), { code: 'EACCES' })
        }
        return super.namesIn(snapshot, path)
      }
    }
    expect(gone(new Closed(history))).toEqual(['a'])
    expect(gone(new Closed(history), 'd')).toEqual([])
    expect(gone(new MemoryCatalog(history), 'd')).toEqual(['c'])
  })

  test('is said to be inside where there was no time to look, until asking again has got there', () => {
    const tree = Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}/stays`, file(name)]))
    const catalog = new MemoryCatalog([
      { id: FIRST, tree: { ...tree, 'b/gone': file('g') } },
      { id: SECOND, tree },
    ])
    const history = new SeriesHistory(catalog)
    const deletions = new SeriesDeletions(catalog, history, { elapsed: () => 0, limitMs: 0 })
    // The first is looked into in any case.
    expect([...deletions.namesIn([]).keys()].sort()).toEqual(['b', 'c'])
    for (const name of ['b', 'c']) {
      expect(deletions.at([], nameFromBytes(name))).toMatchObject({ directory: 'inside' })
    }
    expect([...deletions.namesIn(['a'].map(nameFromBytes)).keys()]).toEqual([])
    for (let asked = 0; asked < 3; asked += 1) deletions.namesIn([])
    expect([...deletions.namesIn([]).keys()]).toEqual(['b'])
    // What was listed is found.
    expect(deletions.at([], nameFromBytes('c'))).toMatchObject({ directory: 'inside' })
  })
})
