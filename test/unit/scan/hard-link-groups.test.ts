import type { BigIntStats } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { LINKS_LIMIT } from '../../../src/model/link-block.ts'
import { HardLinkGroups, type GroupCorrections } from '../../../src/scan/hard-link-groups.ts'

const NONE: GroupCorrections = { compared: [], copied: [], apart: [] }

const file = { dev: 1n, ino: 10n } as BigIntStats
const stored = (inode: bigint, links = 2): { inode: bigint; links: number } => ({ inode, links })

describe('the names of one file', () => {
  test('are linked when all of them lead to one stored inode', () => {
    const groups = new HardLinkGroups()
    groups.add('a', file, stored(5n), 'linked')
    groups.add('b', file, stored(5n), 'linked')
    expect(groups.corrections()).toEqual(NONE)
  })

  test('are compared together when one of them is new or was another inode', () => {
    const withNew = new HardLinkGroups()
    withNew.add('a', file, stored(5n), 'linked')
    withNew.add('b', file, undefined, 'other')
    expect(withNew.corrections()).toEqual({ ...NONE, compared: ['a', 'b'] })
    const suspicious = new HardLinkGroups()
    suspicious.add('a', file, stored(5n), 'compared')
    suspicious.add('b', file, undefined, 'other')
    expect(suspicious.corrections()).toEqual({ ...NONE, compared: ['a', 'b'] })
    const apart = new HardLinkGroups()
    apart.add('a', file, stored(5n), 'linked')
    apart.add('b', file, stored(6n), 'linked')
    expect(apart.corrections()).toEqual({ ...NONE, compared: ['a', 'b'] })
  })

  test('are copied together when the inode has no room for all of them', () => {
    const groups = new HardLinkGroups()
    groups.add('a', file, stored(5n, LINKS_LIMIT - 2), 'linked')
    groups.add('b', file, stored(5n, LINKS_LIMIT - 2), 'linked')
    expect(groups.corrections()).toEqual(NONE)
    groups.add('c', file, stored(5n, LINKS_LIMIT - 2), 'other')
    expect(groups.corrections()).toEqual({ ...NONE, copied: ['a', 'b', 'c'] })
  })

  test('are copied, and not compared, when one of them looks like what stands for another file', () => {
    const groups = new HardLinkGroups()
    groups.add('a', file, stored(5n), 'linked')
    groups.add('b', file, stored(6n), 'contested')
    expect(groups.corrections()).toEqual({ ...NONE, apart: ['a', 'b'] })
  })

  test('do not mix with those of another file, also on another disk', () => {
    const groups = new HardLinkGroups()
    groups.add('a', file, stored(5n), 'linked')
    groups.add('b', { ...file, dev: 2n }, undefined, 'other')
    expect(groups.corrections()).toEqual(NONE)
    expect(groups.linkedWith(['b'])).toEqual([])
    expect(groups.linkedWith(['x', 'a'])).toEqual(['a'])
  })
})
