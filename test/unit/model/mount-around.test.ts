import { describe, expect, test } from 'vitest'
import { mountAround } from '../../../src/model/mount-around.ts'

const MOUNTS = ['/', '/mnt', '/mnt/disk', '/mnt/disk'].map((mountpoint, number) => ({
  mountpoint,
  number,
}))

describe('the mount around a path', () => {
  test.each([
    ['/', 0],
    ['/mnt', 1],
    ['/mnt/diskette', 1],
    ['/mnt/disk', 3],
    ['/mnt/disk/a/b', 3],
    ['/home', 0],
  ])('%s is the innermost, and of several there the last', (path, number) => {
    expect(mountAround(MOUNTS, path)?.number).toBe(number)
  })

  test('may be unknown', () => {
    const none: typeof MOUNTS = []
    expect(mountAround(none, '/')?.number).toBeUndefined()
  })
})
