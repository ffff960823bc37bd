import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { foldHistory, type Observation } from '../../../src/catalog/fold-history.ts'
import { type Entry, sameInode } from '../../../src/model/entry.ts'
import type { Snapshot } from '../../../src/model/snapshot.ts'
import { snapshotIdAt } from '../../../src/model/snapshot-id.ts'
import { manifestFor } from '../../support/described-history.ts'

function entryOf(changes: Partial<Entry>): Entry {
  return {
    kind: 'file',
    mode: 0o644,
    owner: 1000,
    group: 1000,
    sizeBytes: 1,
    blocks512: 1,
    linkCount: 1,
    deviceNumber: 0,
    modifiedNs: 0n,
    changedNs: 0n,
    device: 1n,
    inode: 1n,
    birthNs: 0n,
    ...changes,
  }
}

function observe(entries: readonly (Entry | undefined)[]): Observation[] {
  return entries.map((entry, index) => {
    const id = snapshotIdAt(index * 1000)
    const snapshot: Snapshot = { id, sequence: index + 1, manifest: manifestFor(id, index + 1) }
    return { snapshot, entry }
  })
}

const anyEntry = fc.option(
  fc
    .record({
      inode: fc.bigInt(1n, 3n),
      birthNs: fc.bigInt(0n, 1n),
      kind: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const),
    })
    .map(entryOf),
  { nil: undefined },
)

describe('the history of a path', () => {
  test('is made of runs of one inode', () => {
    const [a, b] = [entryOf({ inode: 1n }), entryOf({ inode: 2n })]
    const { versions } = foldHistory(observe([a, a, b, undefined, b, a]))
    expect(versions.map(({ entry, snapshotCount }) => [entry.inode, snapshotCount])).toEqual([
      [1n, 2],
      [2n, 1],
      [2n, 1],
      [1n, 1],
    ])
  })

  test('tells a reused inode number by its birth', () => {
    const reborn = entryOf({ inode: 1n, birthNs: 5n })
    expect(foldHistory(observe([entryOf({ inode: 1n }), reborn])).versions).toHaveLength(2)
  })

  test('does not take a moved ctime or link count for a change', () => {
    const linked = entryOf({ changedNs: 9n, linkCount: 7 })
    const { versions } = foldHistory(observe([entryOf({}), linked]))
    expect(versions).toHaveLength(1)
    expect(versions[0]!.entry).toBe(linked)
  })

  test('gives the observations back when it is unfolded', () => {
    fc.assert(
      fc.property(fc.array(anyEntry), (entries) => {
        const observations = observe(entries)
        const { versions } = foldHistory(observations)
        for (const { snapshot, entry } of observations) {
          const covering = versions.filter(
            ({ first, last }) =>
              first.sequence <= snapshot.sequence && snapshot.sequence <= last.sequence,
          )
          if (entry === undefined || entry.kind === 'directory') expect(covering).toEqual([])
          else expect(covering.map((version) => sameInode(version.entry, entry))).toEqual([true])
        }
        const total = versions.reduce((sum, { snapshotCount }) => sum + snapshotCount, 0)
        const observed = entries.filter(
          (entry) => entry !== undefined && entry.kind !== 'directory',
        )
        expect(total).toBe(observed.length)
      }),
    )
  })

  test('grants of a directory what every one of them granted', () => {
    const closed = entryOf({ kind: 'directory', mode: 0o700 })
    const open = entryOf({ kind: 'directory', mode: 0o755 })
    expect(foldHistory(observe([open, closed, open])).directory).toMatchObject({
      mode: 0o700,
      ownerChanged: false,
    })
    const other = entryOf({ kind: 'directory', owner: 7 })
    expect(foldHistory(observe([open, other, open])).directory).toMatchObject({
      ownerChanged: true,
    })
  })
})
