/** `--checksum`, the interval for it, and a report when files were not linked. */
import { execa } from 'execa'
import { chmod, lstat, readFile, utimes, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import { backUpOnce, settledWorld, treeOf } from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { differences, sharedFiles } from '../support/compare-trees.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
let source = ''
let repository = ''

const world = settledWorld()

beforeEach(() => {
  ;({ source, repository } = place())
})

async function manifestOf(report: { readonly path: string }): Promise<Record<string, unknown>> {
  const text = await readFile(`${report.path}/manifest.json`, 'utf8')
  return JSON.parse(text) as Record<string, unknown>
}

describe('a comparison of all files by content', () => {
  test('links what is equal, and is noted in the manifest', async () => {
    for (let n = 0; n < 20; n += 1) await writeInto(source, `d${n % 3}/f${n}`, `content ${n}`)
    const first = await backUpOnce(repository, source, {}, world)
    expect(await manifestOf(first)).toMatchObject({ comparedBy: 'content' })
    const second = await backUpOnce(repository, source, {}, world)
    expect(await manifestOf(second)).toMatchObject({ comparedBy: 'state' })
    const third = await backUpOnce(repository, source, { checksum: true }, world)
    expect(await manifestOf(third)).toMatchObject({ comparedBy: 'content' })
    expect(third).toMatchObject({ outcome: 'complete', warnings: [] })
    expect(third.counts).toMatchObject({ files: 20, changedFiles: 0 })
    expect(third.counts.linkedEntries ?? 0).toBe(0)
    expect(await sharedFiles(treeOf(third), treeOf(first))).toBe(20)
    expect(await differences(source, treeOf(third))).toBe('')
  })

  test('is an alarm when content changed that nobody wrote, and keeps both', async () => {
    for (const name of ['good', 'b\\#ad\u00e9']) await writeInto(source, name, 'content')
    const first = await backUpOnce(repository, source, {}, world)
    // As a failing disk would do it: the stored copy is another, and its times are as they were.
    const stored = `${treeOf(first)}/b\\#ad\u00e9`
    const { atime, mtime } = await lstat(stored)
    const clock = `${place().directory}/clock`
    await execa('touch', ['-r', stored, clock])
    await writeFile(stored, 'CONTENT')
    await utimes(stored, atime, mtime)
    await execa('touch', ['-r', clock, stored])
    const unseen = await backUpOnce(repository, source, {}, world)
    expect(unseen).toMatchObject({ warnings: [], counts: { linkedEntries: 2 } })
    const seen = await backUpOnce(repository, source, { checksum: true }, world)
    expect(seen.outcome).toBe('complete')
    expect(seen.warnings).toEqual([
      expect.stringMatching(/^The content of "[^"]+" is not that of/u),
    ])
    expect(await manifestOf(seen)).toMatchObject({ remarks: seen.warnings })
    expect(await differences(source, treeOf(seen))).toBe('')
    expect(await readFile(stored, 'utf8')).toBe('CONTENT')
  })
})

describe('files that are not linked', () => {
  test('are explained when they are most of all', async () => {
    for (let n = 0; n < 120; n += 1) await writeInto(source, `f${n}`, `content ${n}`)
    await backUpOnce(repository, source, {}, world)
    for (let n = 0; n < 120; n += 1) await chmod(`${source}/f${n}`, 0o600)
    const moded = await backUpOnce(repository, source, {}, world)
    expect(moded.warnings).toEqual([expect.stringMatching(/^120 of 120 files .* permissions/u)])
    expect(moded.counts.attributeReasons).toMatchObject({ mode: 120, owner: 0 })
    for (let n = 0; n < 120; n += 1) await utimes(`${source}/f${n}`, 1, n)
    const touched = await backUpOnce(repository, source, {}, world)
    expect(touched.warnings).toEqual([expect.stringMatching(/^120 of 120 files .* another time/u)])
    expect((await backUpOnce(repository, source, {}, world)).warnings).toEqual([])
  })
})
