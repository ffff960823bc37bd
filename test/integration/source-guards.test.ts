import { readdir, rm } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { backUpOnce } from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')

describe('a source', () => {
  test('that shrank is not copied, and nothing is left of the attempt', async () => {
    const { source, repository } = place()
    for (let n = 0; n < 150; n += 1) await writeInto(source, `d${n % 5}/f${n}`, `${n}`)
    const first = await backUpOnce(repository, source)
    for (const name of ['d0', 'd1', 'd2']) await rm(`${source}/${name}`, { recursive: true })
    await expect(backUpOnce(repository, source)).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringMatching(/has 63 of the 156 files/u) as string,
    })
    expect((await readdir(`${repository}/home`)).sort()).toEqual([
      ...['.incoming', '.state', first.id, 'latest'],
    ])
    expect(await readdir(`${repository}/home/.incoming`)).toEqual([])
    const second = await backUpOnce(repository, source, { changedSource: 'accept' })
    expect(second).toMatchObject({ outcome: 'complete', counts: { entries: 63 } })
  })
})
