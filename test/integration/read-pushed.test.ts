import { execa } from 'execa'
import { lstat, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  PUSH_LIMIT_BYTES,
  readByNode,
  type ReadPushed,
  readQuickly,
} from '../../src/fuse/kernel/read-pushed.ts'
import { loadSystemLibrary } from '../../src/fuse/kernel/system-library.ts'
import type { PushedFile } from '../../src/fuse/kernel/thread-messages.ts'
import { bytePathFromText, type EntryName } from '../../src/model/entry-name.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const buffer = Buffer.alloc(PUSH_LIMIT_BYTES + 8)

/** What the kernel was told of a file when it was listed. */
async function listed(path: string) {
  const { ino, dev, birthtimeNs } = await lstat(path, { bigint: true })
  return {
    ...{ id: 2, name: bytePathFromText(path), inode: Number(ino), device: dev },
    birth: Number(birthtimeNs / 1000n),
  }
}

/** Of koffi, which these tests need. */
async function readWithLibrary(): Promise<ReadPushed> {
  const library = await loadSystemLibrary()
  if (library === undefined) throw new Error('koffi is not installed')
  return readQuickly(library, buffer, 8)
}

describe.each([
  ['by Node', () => Promise.resolve(readByNode(buffer, 8))],
  ['past Node', readWithLibrary],
])('%s', (_, reader) => {
  let pushed: ReadPushed
  const readPushed = (file: PushedFile) => pushed.read(file)

  beforeAll(async () => {
    buffer.fill(0)
    pushed = await reader()
  })

  test('a small file is read whole', async () => {
    const path = `${directory()}/file`
    await writeFile(path, 'content')
    expect(readPushed(await listed(path))).toBe(7)
    expect(buffer.toString('latin1', 8, 15)).toBe('content')
  })

  test('another file in its place is not', async () => {
    const path = `${directory()}/file`
    await writeFile(path, 'content')
    const file = await listed(path)
    await writeFile(`${directory()}/other`, 'foreign')
    await rename(`${directory()}/other`, path)
    expect(readPushed(file)).toBeUndefined()
    // Also when it was born with the first, or was given its number later.
    const { inode, birth } = await listed(path)
    expect(readPushed({ ...file, birth })).toBeUndefined()
    expect(readPushed({ ...file, inode, birth: birth - 1e6 })).toBeUndefined()
    expect(readPushed({ ...file, inode, birth })).toBe(7)
  })

  test('is read by its name in a directory, too', async () => {
    await mkdir(`${directory()}/inside`)
    const path = `${directory()}/inside/caf\u00e9`
    await writeFile(path, 'content')
    const file = {
      ...(await listed(path)),
      name: Buffer.from('caf\u00e9').toString('latin1') as EntryName,
    }
    expect(pushed.read(file)).toBeUndefined()
    pushed.enter(bytePathFromText(`${directory()}/inside`))
    expect(pushed.read(file)).toBe(7)
    expect(pushed.read(await listed(path))).toBe(7)
    pushed.leave()
    expect(pushed.read(file)).toBeUndefined()
    pushed.enter(bytePathFromText(`${directory()}/gone`))
    expect(pushed.read(file)).toBeUndefined()
    expect(pushed.read(await listed(path))).toBe(7)
    pushed.leave()
  })

  test('nor is what is too large, empty, gone, or no file', async () => {
    const path = `${directory()}/file`
    await writeFile(path, '')
    expect(readPushed(await listed(path))).toBeUndefined()
    await truncate(path, PUSH_LIMIT_BYTES + 1)
    expect(readPushed(await listed(path))).toBeUndefined()
    await truncate(path, PUSH_LIMIT_BYTES)
    const file = await listed(path)
    expect(readPushed(file)).toBe(PUSH_LIMIT_BYTES)
    await rename(path, `${directory()}/moved`)
    expect(readPushed(file)).toBeUndefined()
    await symlink('moved', path)
    expect(readPushed(file)).toBeUndefined()
    await rm(path)
    await execa('mkfifo', [path])
    // Nobody writes into it: it must not be waited for.
    expect(readPushed(await listed(path))).toBeUndefined()
  })
})
