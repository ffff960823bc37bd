/** A fresh directory per test, and nothing left of it afterwards: no mount, no file. */
import { execa } from 'execa'
import { chmod, mkdtemp, readFile, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** @returns a function that gives the directory of the running test */
export function useTemporaryDirectory(): () => string {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(await realpath(tmpdir()), 'snapfs-test-'))
  })
  afterEach(async () => {
    await unmountBelow(directory)
    await removeAll(directory)
  })
  return () => directory
}

/** Ends every mount below a directory, the innermost first. */
export async function unmountBelow(directory: string): Promise<void> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  const mounts = table
    .split('\n')
    .map((line) => ({ mountpoint: line.split(' ')[4] ?? '', type: line.split(' - ')[1] ?? '' }))
    .filter(({ mountpoint }) => mountpoint.startsWith(`${directory}/`))
  for (const { mountpoint, type } of mounts.reverse()) {
    // A test that was cut off may have left it frozen, and its writers in the kernel for good. Not asked of a FUSE
    // mount, which may not answer.
    if (type.startsWith('ext4 ')) await execa('fsfreeze', ['-u', mountpoint], { reject: false })
    await execa('umount', ['-l', '--', mountpoint], { reject: false })
    await execa('fusermount', ['-uz', '--', mountpoint], { reject: false })
  }
}

/** Trees in tests may hold directories that forbid their own removal. */
export async function removeAll(directory: string): Promise<void> {
  await chmod(directory, 0o700)
  await execa('chmod', ['-R', 'u+rwX', '--', directory], { reject: false })
  await execa('rm', ['-rf', '--', directory])
}
