import { describe, expect, test } from 'vitest'
import { DirectoryTrailWriter } from '../../../src/scan/directory-trail.ts'
import type { SourceStatus } from '../../../src/scan/source-status.ts'

const status: SourceStatus = {
  ...{ dev: 1n, ino: 2n, mode: 0o40_755n, nlink: 2n, uid: 3n, gid: 4n },
  ...{ size: 4096n, mtimeNs: 5n, ctimeNs: 6n },
}

type Directory = readonly [path: string, status: SourceStatus, device: number, entries: number]

function trailOf(...directories: readonly Directory[]) {
  const writer = new DirectoryTrailWriter()
  for (const [path, itself, device, entries] of directories) {
    writer.add(path, { status: itself, device }, entries)
  }
  return writer.trail()
}

describe('the trail of directories', () => {
  const root: Directory = ['', status, 0, 1]
  const plain = trailOf(root, ['a', status, 0, 2])

  test('is the same for the same directories, and knows the youngest ctime', () => {
    expect(trailOf(root, ['a', status, 0, 2])).toEqual(plain)
    const younger = trailOf(root, ['a', { ...status, ctimeNs: 99n }, 0, 2])
    expect([plain.newestNs, younger.newestNs]).toEqual(['6', '99'])
  })

  test.each<[string, readonly Directory[]]>([
    ['another name', [root, ['b', status, 0, 2]]],
    ['one more', [root, ['a', status, 0, 2], ['b', status, 0, 0]]],
    ['one less', [root]],
    ['another order', [['a', status, 0, 2], root]],
    ['another inode', [root, ['a', { ...status, ino: 9n }, 0, 2]]],
    ['another ctime', [root, ['a', { ...status, ctimeNs: 5n }, 0, 2]]],
    ['another time', [root, ['a', { ...status, mtimeNs: 6n }, 0, 2]]],
    ['another mode', [root, ['a', { ...status, mode: 0o40_700n }, 0, 2]]],
    ['another owner', [root, ['a', { ...status, uid: 9n }, 0, 2]]],
    ['another group', [root, ['a', { ...status, gid: 9n }, 0, 2]]],
    ['another device', [root, ['a', status, 1, 2]]],
    ['another number of entries', [root, ['a', status, 0, 1]]],
  ])('tells %s', (_what, directories) => {
    expect(trailOf(...directories).digest).not.toBe(plain.digest)
  })

  test('does not depend on the size or the link count of a directory, nor on the number of its device', () => {
    const other = { ...status, size: 8192n, nlink: 9n, dev: 7n }
    expect(trailOf(root, ['a', other, 0, 2])).toEqual(plain)
  })
})
