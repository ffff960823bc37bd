import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { removeTree } from '../../src/repository/remove-tree.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
async function plant(root: string): Promise<void> {
  for (let above = 0; above < 130; above += 1) {
    await mkdir(`${root}/${above}/below/deep`, { recursive: true })
    await writeFile(`${root}/${above}/file`, '')
    await writeFile(`${root}/${above}/below/deep/file`, '')
  }
}

describe('a tree is removed', () => {
  test('with directories that forbid it, and no link of it is followed', async () => {
    const root = `${directory()}/tree`
    await mkdir(`${root}/closed/inside`, { recursive: true })
    await mkdir(`${directory()}/elsewhere`)
    await writeFile(`${directory()}/elsewhere/file`, 'x')
    await symlink('../elsewhere', `${root}/link`)
    await symlink('../elsewhere', `${root}/closed/link`)
    await chmod(`${root}/closed`, 0)
    await removeTree(root)
    expect(await readdir(directory())).toEqual(['elsewhere'])
    expect(await readdir(`${directory()}/elsewhere`)).toEqual(['file'])
  })

  test('up to where it is told to end, and gone on with', async () => {
    const root = `${directory()}/tree`
    await plant(root)
    const abort = new AbortController()
    abort.abort()
    await removeTree(root, { signal: abort.signal })
    expect(await readdir(root)).toHaveLength(130)
    const later = new AbortController()
    setImmediate(() => later.abort())
    await removeTree(root, { signal: later.signal })
    const left = await readdir(root)
    expect(left.length).toBeGreaterThan(0)
    await removeTree(root)
    expect(await readdir(directory())).toEqual([])
  })

  test('or not at all, where there is none', async () => {
    await removeTree(`${directory()}/none`)
    await writeFile(`${directory()}/file`, '')
    await removeTree(`${directory()}/file`)
    expect(await readdir(directory())).toEqual([])
  })
})
