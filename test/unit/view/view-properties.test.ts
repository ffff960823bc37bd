import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EntryPath } from '../../../src/model/entry-name.ts'
import { nameFromBytes } from '../../../src/model/entry-name.ts'
import { epochMsOf, snapshotIdAt } from '../../../src/model/snapshot-id.ts'
import type { SnapshotFileSystem } from '../../../src/view/snapshot-file-system.ts'
import type { ViewNode } from '../../../src/view/view-node.ts'
import {
  completeTree,
  type DescribedEntry,
  type DescribedHistory,
  type DescribedTree,
  directory,
  file,
  idOf,
  symlink,
} from '../../support/described-history.ts'
import { MemoryCatalog } from '../../support/memory-catalog.ts'
import { openView } from '../../support/open-view.ts'
import { DEFAULT_TEMPLATE_TEXT } from '../../../src/view/default-template.ts'
import { parseTimeTemplate, renderTime } from '../../../src/view/time-template.ts'

const ZONE = 'Europe/Berlin'

/** Few names, so that paths meet: as file, as directory, as the names the view makes up itself. */
const name = fc.constantFrom(
  'a',
  'a (was file)',
  'a (was file) (2)',
  'b.txt',
  '.rc',
  'caf\xe9',
  'latest',
  'x'.repeat(255),
)
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
const entry: fc.Arbitrary<DescribedEntry> = fc.oneof(
  fc.constantFrom('1', '2', '3').map((content) => file(content)),
  fc.constantFrom(0o755, 0o700, 0o500).map((mode) => directory(mode)),
  fc.constantFrom('a', '/etc').map((target) => symlink(target)),
)

/** A tree in which nothing lies below anything but a directory. */
const tree: fc.Arbitrary<DescribedTree> = fc
  .array(fc.tuple(path, entry), { maxLength: 8 })
  .map((pairs) => {
    const kept: Record<string, DescribedEntry> = {}
    for (const [place, described] of pairs) {
      const above = place.split('/').map((_name, depth, names) => names.slice(0, depth).join('/'))
      const blocked = above.some((parent) => parent in kept && kept[parent]!.kind !== 'directory')
      const below = Object.keys(kept).some((other) => other.startsWith(`${place}/`))
      if (!blocked && !(below && described.kind !== 'directory')) kept[place] = described
    }
    return kept
  })

/** Around the end of summer time, so that local times repeat. */
const history: fc.Arbitrary<DescribedHistory> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3600 }), tree), { minLength: 1, maxLength: 6 })
  .map((steps) => {
    let epochMs = Date.parse('2026-10-25T00:00:00Z')
    return steps.map(([seconds, described]) => {
      epochMs += seconds * 1000
      return { id: snapshotIdAt(epochMs), tree: described }
    })
  })

function walk(
  view: SnapshotFileSystem,
  node: ViewNode,
  visit: (node: ViewNode, parent: ViewNode) => void,
): void {
  for (const listed of view.list(node) ?? []) {
    const child = view.lookup(node, listed.name)
    expect(child, `listed: ${listed.name}`).toBeDefined()
    const attributes = view.attributes(child!)
    expect({ kind: attributes.kind, inode: attributes.inode }).toEqual({
      kind: listed.kind,
      inode: listed.inode,
    })
    visit(child!, node)
    if (listed.kind === 'directory') walk(view, child!, visit)
  }
}

function find(view: SnapshotFileSystem, names: readonly string[]): ViewNode | undefined {
  let node: ViewNode | undefined = view.root
  for (const part of names) node = node && view.lookup(node, nameFromBytes(part))
  return node
}

describe('the views, over any history', () => {
  test('find what they list, with its kind and inode, under names that are unique and short', () => {
    fc.assert(
      fc.property(history, (described) => {
        const view = openView([new MemoryCatalog(described)], ZONE)
        const directories = new Set<bigint>()
        walk(view, view.root, (node) => {
          const names = (view.list(node) ?? []).map((listed) => listed.name)
          expect(new Set(names).size).toBe(names.length)
          for (const listed of names) expect(listed.length).toBeLessThanOrEqual(255)
          const { kind, inode } = view.attributes(node)
          if (kind !== 'directory') return
          expect(directories.has(inode)).toBe(false)
          directories.add(inode)
        })
      }),
    )
  })

  test('show by date and by file one and the same: each entry is in the version that covers it', () => {
    fc.assert(
      fc.property(history, (described) => {
        const catalog = new MemoryCatalog(described)
        const view = openView([catalog], ZONE)
        const containers = containersOf(view)
        for (const snapshot of described) {
          const time = renderTime(
            parseTimeTemplate(DEFAULT_TEMPLATE_TEXT),
            epochMsOf(idOf(snapshot.id)),
            ZONE,
          )
          for (const [place, entryThere] of completeTree(snapshot.tree)) {
            if (place === '' || entryThere.kind === 'directory') continue
            const byDate = find(view, ['by-date', ...time, ...place.split('/')])
            const covering = containers
              .get(place)
              ?.filter(({ first, last }) => first <= snapshot.id && snapshot.id <= last)
            expect(covering?.length, place).toBe(1)
            expect(view.attributes(byDate!).inode).toBe(covering![0]!.inode)
          }
        }
      }),
    )
  })

  test('show in changes just what differs from the snapshot before', () => {
    fc.assert(
      fc.property(history, (described) => {
        const view = openView([new MemoryCatalog(described)], ZONE)
        described.forEach((snapshot, index) => {
          const before = inodesOf(described[index - 1]?.tree ?? {})
          const now = inodesOf(snapshot.tree)
          const time = renderTime(
            parseTimeTemplate(DEFAULT_TEMPLATE_TEXT),
            epochMsOf(idOf(snapshot.id)),
            ZONE,
          )
          const shown = (change: string): string[] => filesBelow(view, ['changes', ...time, change])
          const only = (of: Inodes, other: Inodes): string[] =>
            [...of.keys()].filter((place) => !other.has(place)).sort()
          expect(shown('added')).toEqual(only(now, before))
          expect(shown('deleted')).toEqual(only(before, now))
          const modified = [...now].filter(
            ([place, inode]) => before.has(place) && before.get(place) !== inode,
          )
          expect(shown('modified')).toEqual(modified.map(([place]) => place).sort())
        })
      }),
    )
  })

  test('show in deleted just what is no more, as it was last', () => {
    fc.assert(
      fc.property(history, (described) => {
        const view = openView([new MemoryCatalog(described)], ZONE)
        const now = inodesOf(described.at(-1)!.tree)
        const ever = new Map<string, string>()
        for (const { tree } of described) {
          for (const [place, inode] of inodesOf(tree)) ever.set(place, inode)
        }
        const gone = [...ever.keys()].filter((place) => !now.has(place))
        expect(filesBelow(view, ['deleted'])).toEqual(gone.sort())
        walk(view, find(view, ['deleted'])!, (node) => {
          if (node.kind !== 'stored' || node.entry.kind === 'directory') return
          const place = node.path.join('/')
          const last = described.findLast(({ tree }) => inodesOf(tree).has(place))
          expect(node.snapshot.id).toBe(last!.id)
        })
      }),
    )
  })

  test('keep the names of versions when a snapshot is added', () => {
    fc.assert(
      fc.property(history, tree, (described, added) => {
        const catalog = new MemoryCatalog(described)
        const view = openView([catalog], ZONE)
        const before = shownVersions(view)
        const last = epochMsOf(idOf(described.at(-1)!.id))
        catalog.replace([...described, { id: snapshotIdAt(last + 5000), tree: added }])
        const after = new Set(shownVersions(view))
        // A file may get a directory beside it, and then stands under another name itself; its versions do not.
        expect(before.filter((shown) => !after.has(shown))).toEqual([])
      }),
    )
  })
})

type Inodes = ReadonlyMap<string, string>

/** Of everything but directories, by path. */
function inodesOf(described: DescribedTree): Inodes {
  const inodes = new Map<string, string>()
  for (const [place, one] of completeTree(described)) {
    if (one.kind !== 'directory') inodes.set(place, one.inode)
  }
  return inodes
}

/** The source's paths of everything but directories below a place of the view, whatever they are called there. */
function filesBelow(view: SnapshotFileSystem, names: readonly string[]): string[] {
  const files: string[] = []
  walk(view, find(view, names)!, (node) => {
    if (node.kind === 'stored' && node.entry.kind !== 'directory') files.push(node.path.join('/'))
  })
  return files.sort()
}

interface Shown {
  readonly first: string
  readonly last: string
  readonly inode: bigint
}

function containersOf(view: SnapshotFileSystem): ReadonlyMap<string, readonly Shown[]> {
  const containers = new Map<string, Shown[]>()
  walk(view, find(view, ['by-file'])!, (node) => {
    if (node.kind !== 'versions') return
    const shown = node.series.history.historyOf(node.path).versions.map((version) => ({
      first: version.first.id,
      last: version.last.id,
      inode: version.entry.inode,
    }))
    expect(containers.has(node.path.join('/'))).toBe(false)
    containers.set(node.path.join('/'), shown)
  })
  return containers
}

/** Path and version name of everything in by-file. */
function shownVersions(view: SnapshotFileSystem): string[] {
  const shown: string[] = []
  walk(view, find(view, ['by-file'])!, (node) => {
    if (node.kind !== 'versions') return
    for (const { name: version } of view.list(node) ?? []) shown.push(joined(node.path, version))
  })
  return shown
}

function joined(place: EntryPath, version: string): string {
  return [...place, version].join('/')
}
