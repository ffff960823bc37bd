import { mkdir, rm, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { bytePathFromText } from '../../../src/model/entry-name.ts'
import { BasisDirectories } from '../../../src/scan/basis-directories.ts'
import { useTemporaryDirectory } from '../../support/temporary-directory.ts'

const directory = useTemporaryDirectory()

describe('bases', () => {
  test('are asked for what they may hold until a few were asked for in vain', async () => {
    const [one, other] = [`${directory()}/one`, `${directory()}/other`]
    await mkdir(`${one}/d`, { recursive: true })
    await mkdir(other)
    for (const name of ['a', 'z']) await writeFile(`${one}/d/${name}`, '')
    const bases = new BasisDirectories([one, other].map(bytePathFromText))
    for (const name of ['b', 'c', 'd']) {
      for (const tree of [0, 1]) {
        expect(bases.mayHold(tree, `d/${name}`)).toBe(true)
        bases.missed(tree)
      }
    }
    expect(['a', 'e', 'z'].map((name) => bases.mayHold(0, `d/${name}`))).toEqual([
      true,
      false,
      true,
    ])
    expect(bases.mayHold(1, 'd/z')).toBe(false)
    // Another directory is another question.
    expect(bases.mayHold(1, 'x/z')).toBe(true)
    expect(bases.mayHold(0, 'd/e')).toBe(true)
  })

  test('are asked for everything that it holds', async () => {
    await mkdir(`${directory()}/d`)
    for (let n = 0; n < 10; n += 2) await writeFile(`${directory()}/d/${n}`, '')
    const bases = new BasisDirectories([bytePathFromText(directory())])
    for (let n = 0; n < 10; n += 1) {
      if (n % 2 === 0) expect(bases.mayHold(0, `d/${n}`)).toBe(true)
      else if (bases.mayHold(0, `d/${n}`)) bases.missed(0)
    }
  })

  test('whose directory has gone, or is a file, hold nothing', async () => {
    await writeFile(`${directory()}/file`, '')
    const bases = new BasisDirectories([bytePathFromText(directory())])
    for (const above of ['file', 'gone']) {
      for (const name of ['a', 'b', 'c']) {
        bases.mayHold(0, `${above}/${name}`)
        bases.missed(0)
      }
      expect(bases.mayHold(0, `${above}/d`)).toBe(false)
    }
    await rm(`${directory()}/file`)
  })
})
