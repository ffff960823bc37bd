/** Inodes that have, or nearly have, as many links as the file system allows: 65,000 on ext4. */
import { rmSync, statSync } from 'node:fs'
import { link } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { LINKS_LIMIT } from '../../src/model/link-block.ts'
import { backUpOnce, testWorld, treeOf } from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { differences, sharedFiles } from '../support/compare-trees.ts'
import { crowd } from '../support/crowd.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
const later = () => testWorld(() => Date.now() + 60_000)

/** As many as a scan relies on. */
const fill = (file: string): void => crowd(file, `${place().directory}/links`, LINKS_LIMIT)

describe('a file whose stored inode has no room for links', () => {
  test('is copied, with all its names, and from then on the copy is linked', async () => {
    const { source, repository } = place()
    await writeInto(source, 'alone', 'alone')
    await writeInto(source, 'first', 'of three names')
    await link(`${source}/first`, `${source}/second`)
    await link(`${source}/first`, `${source}/third`)
    await writeInto(source, 'other', 'with room')
    const before = await backUpOnce(repository, source, {}, later())
    fill(`${treeOf(before)}/alone`)
    fill(`${treeOf(before)}/second`)
    const crowded = await backUpOnce(repository, source, {}, later())
    expect(crowded).toMatchObject({ outcome: 'complete', counts: { linkedEntries: 1 } })
    expect(crowded.warnings).toEqual([
      expect.stringMatching(/^4 files were copied and not linked, since hard links reached/u),
    ])
    expect(await differences(source, treeOf(crowded))).toBe('')
    expect(await sharedFiles(treeOf(crowded), treeOf(before))).toBe(1)
    expect(statSync(`${treeOf(crowded)}/third`).nlink).toBe(3)
    const after = await backUpOnce(repository, source, {}, later())
    expect(after).toMatchObject({ warnings: [], counts: { linkedEntries: 5 } })
    expect(await sharedFiles(treeOf(after), treeOf(crowded))).toBe(5)
    expect(await differences(source, treeOf(after))).toBe('')
  })
})

describe('a file of several names, one of which cannot be linked', () => {
  test('is copied with all of them, so that it stays one file', async () => {
    const { source, repository } = place()
    await writeInto(source, 'first', 'of three names')
    await link(`${source}/first`, `${source}/second`)
    await link(`${source}/first`, `${source}/third`)
    await writeInto(source, 'other', 'other')
    const before = await backUpOnce(repository, source, {}, later())
    await writeInto(source, 'new', 'new')
    // Between the scan and the links: as where the file system has no room for one more.
    const watched: NonNullable<Parameters<typeof backUpOnce>[2]> = {
      onProgress: ({ step }) => {
        if (step === 'copy') rmSync(`${treeOf(before)}/second`, { force: true })
      },
    }
    const after = await backUpOnce(repository, source, watched, later())
    expect(after).toMatchObject({ outcome: 'complete', counts: { linkedEntries: 1 } })
    expect(after.warnings).toEqual([
      '3 unchanged files were copied, since they could not be linked (ENOENT).',
    ])
    expect(await differences(source, treeOf(after))).toBe('')
    expect(statSync(`${treeOf(after)}/third`).nlink).toBe(3)
    expect(await sharedFiles(treeOf(after), treeOf(before))).toBe(1)
  })
})
