import { describe, expect, test } from 'vitest'
import { DenseInodes } from '../../../src/fuse/fuse-native/dense-inodes.ts'
import { mountedAt, parseMountTable } from '../../../src/fuse/mount-table.ts'
import { contains, pathBelow } from '../../../src/model/absolute-path.ts'

const TABLE = String.raw`
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:25 / /proc rw,nosuid - proc proc rw
61 22 0:52 / /home/anna/my\040history ro,nosuid,nodev,noatime shared:9 master:2 - fuse.snapfs snapfs ro,user_id=1000
62 22 0:53 / /mnt rw - tmpfs none rw
63 62 0:54 / /mnt rw - fuse.snapfs snapfs ro
nonsense
`

describe('the table of mounts', () => {
  const table = parseMountTable(TABLE)

  test('tells type, source and options, and leaves out what it does not understand', () => {
    expect(table).toHaveLength(5)
    const mount = mountedAt(table, '/home/anna/my history')
    expect(mount).toMatchObject({ type: 'fuse.snapfs', source: 'snapfs' })
    expect([...mount!.options]).toEqual(expect.arrayContaining(['ro', 'nosuid', 'user_id=1000']))
  })

  test('tells what is on top', () => {
    expect(mountedAt(table, '/mnt')?.type).toBe('fuse.snapfs')
    expect(mountedAt(table, '/nothing')).toBeUndefined()
  })
})

describe('absolute paths', () => {
  test.each([
    ['/a', '/a', true],
    ['/a', '/a/b', true],
    ['/a', '/ab', false],
    ['/', '/a', true],
    ['/a/b', '/a', false],
  ])('%s contains %s: %s', (outer, inner, expected) => {
    expect(contains(outer, inner)).toBe(expected)
  })

  test('are told from above', () => {
    expect(pathBelow('/', '/a/b')).toBe('/a/b')
    expect(pathBelow('/a', '/a/b')).toBe('/b')
    expect(pathBelow('/a', '/a')).toBeUndefined()
    expect(pathBelow('/a', '/ab')).toBeUndefined()
  })
})

describe('inode numbers of 32 bits', () => {
  test('are the stored ones where they fit, and never shared where they do not', () => {
    const inodes = new DenseInodes()
    const wide = [2n ** 33n + 5n, 2n ** 63n + 5n, 2n ** 31n, 2n ** 32n + 5n]
    const numbers = [5n, ...wide].map((inode) => inodes.numberOf(inode))
    expect(numbers[0]).toBe(5)
    expect(new Set(numbers).size).toBe(numbers.length)
    for (const number of numbers) expect(number).toBeLessThan(2 ** 32)
    expect([5n, ...wide].map((inode) => inodes.numberOf(inode))).toEqual(numbers)
  })
})
