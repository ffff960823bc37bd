/** What a file system keeps is found out by trying. */
import { execa } from 'execa'
import { lstat, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { keepsNanoseconds, probeCapabilities } from '../../src/repository/capabilities.ts'
import { testWith } from '../support/requirements.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith()
const testAsRoot = testWith('root')

describe('nanoseconds', () => {
  test('are found to be kept also while the stamps of the kernel end in 00', async () => {
    const file = join(directory(), 'file')
    await writeFile(file, '')
    expect((await lstat(file)).isFile()).toBe(true)
    expect(await keepsNanoseconds(file, () => Promise.resolve(500n))).toBe(true)
  })

  testAsRoot('are found not to be kept where inodes have no room for them', async () => {
    const [image, disk] = [join(directory(), 'image'), join(directory(), 'disk')]
    await mkdir(disk)
    await execa('truncate', ['-s', '8M', image])
    await execa('mkfs.ext4', ['-q', '-I', '128', image])
    await execa('mount', ['-o', 'loop', image, disk])
    try {
      expect(await probeCapabilities(disk, true)).toMatchObject({
        nanoseconds: false,
        hardLinks: true,
        modes: true,
      })
    } finally {
      await execa('umount', [disk])
    }
  })
})
