import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SnapshotId } from '../../../src/model/snapshot-id.ts'
import { largestGrowers } from '../../../src/space/growers.ts'
import { decodeSpaceTable, encodeSpaceTable } from '../../../src/space/space-file.ts'
import { freedBytes, sumSpace } from '../../../src/space/space-sums.ts'
import { SpaceTable } from '../../../src/space/space-table.ts'

/** Of each snapshot how many names each inode has in it; and of each inode its blocks, and names elsewhere. */
interface Described {
  readonly files: readonly { readonly blocks: number; readonly elsewhere: number }[]
  readonly snapshots: readonly (readonly number[])[]
}

const FILES = 6
const described: fc.Arbitrary<Described> = fc.record({
  files: fc.array(fc.record({ blocks: fc.nat(9), elsewhere: fc.constantFrom(0, 0, 0, 1) }), {
    minLength: FILES,
    maxLength: FILES,
  }),
  snapshots: fc.array(
    fc.array(fc.constantFrom(0, 0, 1, 1, 1, 2), { minLength: FILES, maxLength: FILES }),
    { maxLength: 9 },
  ),
})

/** So many blocks the directories of a snapshot take. */
const directoryBlocks = (number: number): number => 8 + number

function tableOf({ files, snapshots }: Described, table = new SpaceTable(), from = 0): SpaceTable {
  snapshots.slice(from).forEach((names, index) => {
    const number = from + index
    names.forEach((count, file) => {
      const links = linksOf({ files, snapshots }, file)
      for (let name = 0; name < count; name += 1) {
        const place = table.placeOfDirectory(name === 0 ? 'tree' : 'tree/other')
        table.see({ inode: 100 + file, links, blocks: files[file]!.blocks }, place, `f${file}`)
      }
    })
    table.end({
      key: {
        id: `2026-11-20T08-00-0${number}Z` as SnapshotId,
        sequence: number,
        inode: `${number}`,
      },
      ...{ names: sum(names), directories: 1, closed: 0 },
      directoryBlocks: directoryBlocks(number),
    })
  })
  return table
}

function linksOf({ files, snapshots }: Described, file: number): number {
  return files[file]!.elsewhere + sum(snapshots.map((names) => names[file]!))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}

/** What the disk would have more, counted name by name. */
function freedNaively(history: Described, removed: ReadonlySet<number>): number {
  const blocks = history.files.map(({ blocks: size }, file) => {
    const gone = sum([...removed].map((number) => history.snapshots[number]![file]!))
    return gone > 0 && gone === linksOf(history, file) ? size : 0
  })
  return 512 * (sum(blocks) + sum([...removed].map(directoryBlocks)))
}

function heldNaively({ files, snapshots }: Described, number: number): number {
  const held = files.map(({ blocks }, file) => (snapshots[number]![file]! > 0 ? blocks : 0))
  return 512 * (sum(held) + directoryBlocks(number))
}

const withRemoved = fc.tuple(described, fc.infiniteStream(fc.boolean())).map(([history, coins]) => {
  const numbers = history.snapshots.map((_names, number) => number)
  return { history, removed: new Set(numbers.filter(() => coins.next().value === true)) }
})

describe('the sums of a series', () => {
  test('are those of counting name by name', () => {
    fc.assert(
      fc.property(withRemoved, ({ history, removed }) => {
        const table = tableOf(history)
        const sums = sumSpace(table)
        history.snapshots.forEach((_names, number) => {
          const space = sums.snapshots[number]!
          expect(space.totalBytes).toBe(heldNaively(history, number))
          expect(space.aloneBytes).toBe(freedNaively(history, new Set([number])))
          expect(space.sharedBytes).toBe(space.totalBytes - space.aloneBytes)
        })
        expect(sum(sums.snapshots.map(({ addedBytes }) => addedBytes))).toBe(sums.totalBytes)
        const all = new Set(history.snapshots.keys())
        expect(sums.totalBytes - sums.elsewhereBytes).toBe(freedNaively(history, all))
        expect(freedBytes(table, removed)).toBe(freedNaively(history, removed))
      }),
    )
  })

  test('are the same when some snapshots are gone and others new, and by way of a file', () => {
    fc.assert(
      fc.property(withRemoved, fc.nat(9), ({ history, removed }, split) => {
        const early = { ...history, snapshots: history.snapshots.slice(0, split) }
        const remembered = decodeSpaceTable(encodeSpaceTable(tableOf(early))!)!
        const left = remembered.without(({ key }) => removed.has(key.sequence))
        // What is left, and then all that came later; each inode with the names it has by then.
        const present = history.snapshots.filter(
          (_names, number) => number >= split || !removed.has(number),
        )
        const now = { ...history, snapshots: present }
        const table = tableOf(now, left, left.snapshots.length)
        for (let place = 0; place < table.size; place += 1) {
          table.links[place] = linksOf(now, Number(table.inodes[place]) - 100)
        }
        // Directories keep the blocks they had.
        const plain = (snapshots: ReturnType<typeof sumSpace>['snapshots']) =>
          snapshots.map(({ sharedBytes }) => sharedBytes)
        expect(plain(sumSpace(table).snapshots)).toEqual(plain(sumSpace(tableOf(now)).snapshots))
        expect(table.size).toBe(tableOf(now).size)
        const all = new Set(present.keys())
        const ofFiles = (one: SpaceTable) =>
          freedBytes(one, all) - sum(one.snapshots.map((each) => 512 * each.directoryBlocks))
        expect(ofFiles(table)).toBe(ofFiles(tableOf(now)))
      }),
    )
  })
})

describe('a table in a file', () => {
  test('is no table when a byte of it is another', () => {
    const bytes = encodeSpaceTable(tableOf({ files: fill(), snapshots: [[1, 1, 1, 1, 1, 1]] }))!
    expect(decodeSpaceTable(bytes)).toBeDefined()
    for (let at = 0; at < bytes.length; at += 7) {
      const bent = Buffer.from(bytes)
      bent[at]! ^= 1
      expect(decodeSpaceTable(bent)).toBeUndefined()
    }
    for (const length of [0, 10, 35, 40, bytes.length - 1]) {
      expect(decodeSpaceTable(bytes.subarray(0, length))).toBeUndefined()
    }
  })

  test('is not made of numbers that it cannot hold', () => {
    const table = new SpaceTable()
    table.see({ inode: 2n ** 60n + 1n, links: 1, blocks: 8 }, table.placeOfDirectory('tree'), 'f')
    expect(encodeSpaceTable(table)).toBeUndefined()
  })
})

function fill(): Described['files'] {
  return Array.from({ length: FILES }, () => ({ blocks: 8, elsewhere: 0 }))
}

describe('the largest growers', () => {
  const growing = (...paths: readonly (readonly [path: string, blocks: number])[]): SpaceTable => {
    const table = new SpaceTable()
    const key = { id: '2026-11-20T08-00-00Z' as SnapshotId, sequence: 1, inode: '1' }
    const count = { key, names: 0, directories: 0, directoryBlocks: 0, closed: 0 }
    table.see({ inode: 1, links: 1, blocks: 1_000_000 }, table.placeOfDirectory('tree'), 'old')
    table.end(count)
    paths.forEach(([path, blocks], index) => {
      const [directory, name] = [path.slice(0, path.lastIndexOf('/')), path.split('/').at(-1)!]
      table.see({ inode: index + 2, links: 1, blocks }, table.placeOfDirectory(directory), name)
    })
    table.end(count)
    return table
  }

  test('name what has a twentieth, and count the rest for what is above it', () => {
    const table = growing(
      ['tree/log/big', 500],
      ['tree/log/big', 300],
      ...Array.from({ length: 100 }, (_none, index) => [`tree/mail/cur/${index}`, 1] as const),
      ['tree/log/a', 20],
      ['tree/log/b', 20],
      ['tree/x/y/z/small', 4],
      ['manifest.json', 5000],
    )
    expect(largestGrowers(table)).toEqual([
      { path: 'log/big', isDirectory: false, bytes: 800 * 512, versions: 2 },
      { path: 'mail/cur', isDirectory: true, bytes: 100 * 512, versions: 100 },
      { path: '', isDirectory: true, bytes: 44 * 512, versions: 3 },
    ])
  })

  test('are all that came, whatever it is', () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
    fc.assert(
      fc.property(fc.array(fc.tuple(path, fc.nat(20)), { maxLength: 30 }), (added) => {
        const table = growing(...added.map(([to, blocks]) => [`tree/${to}`, blocks] as const))
        const growers = largestGrowers(table)
        expect(sum(growers.map(({ bytes }) => bytes))).toBe(
          512 * sum(added.map(([, size]) => size)),
        )
        expect(sum(growers.map(({ versions }) => versions))).toBe(added.length)
      }),
    )
  })
})
