import { execa } from 'execa'
import { chmod, chown, link, lstat, readdir, readFile, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import type { SnapshotReport } from '../../src/actions/back-up.ts'
import { backUpOnce, settledWorld, treeOf } from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { differences, fingerprint } from '../support/compare-trees.ts'
import {
  attemptsIn,
  forgetLastCheckpoint,
  interruptBackUp,
  loseWhatWasCached,
  ruin,
  stagedFiles,
} from '../support/interrupt-backup.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
const testAsRoot = testWith('rsync', 'root')
let source = ''
let repository = ''

const FILES = 60
const SIZE = 300_000

/** By a clock that runs ahead: what was just written is old enough to be believed. */
const world = settledWorld()

beforeEach(async () => {
  ;({ source, repository } = place())
  for (let n = 0; n < FILES; n += 1) await writeInto(source, nameOf(n), String(n).repeat(SIZE))
})

function nameOf(n: number): string {
  return `d${n % 4}/f${n}`
}

async function backUp(): Promise<SnapshotReport> {
  return backUpOnce(repository, source, {}, world)
}

/** Interrupts a backup when it has staged some files, and gives what they are in the source. */
async function interrupt(afterFiles = 5): Promise<string[]> {
  expect(await interruptBackUp(repository, source, afterFiles, world)).toBeUndefined()
  const copied = stagedFiles(repository).map((file) => file.replace(/.*\/(?=d\d\/)/u, ''))
  expect(copied).not.toEqual([])
  return copied
}

async function inodesOf(paths: readonly string[]): Promise<number[]> {
  return Promise.all(paths.map(async (path) => (await lstat(path)).ino))
}

describe('an interrupted backup', () => {
  test('is gone on with: what it had copied is not copied again', async () => {
    const copied = await interrupt()
    const before = await inodesOf(stagedFiles(repository))
    const report = await backUp()
    expect(await inodesOf(copied.map((path) => `${treeOf(report)}/${path}`))).toEqual(before)
    expect(report.counts).toMatchObject({
      files: FILES,
      resumedFiles: copied.length,
      changedFiles: FILES - copied.length,
    })
    expect(await differences(source, treeOf(report))).toBe('')
    expect(attemptsIn(repository)).toEqual([])
    expect((await readdir(report.path)).sort()).toEqual(['manifest.json', 'rsync.log', 'tree'])
    expect((await backUp()).counts.linkedEntries).toBe(FILES)
  })

  test('is gone on with after several interruptions', async () => {
    await interrupt(5)
    await interrupt(15)
    const copied = await interrupt(25)
    const report = await backUp()
    expect(report.counts.resumedFiles).toBeGreaterThanOrEqual(new Set(copied).size)
    expect(await differences(source, treeOf(report))).toBe('')
    expect(attemptsIn(repository)).toEqual([])
  })

  testAsRoot('does not pass on what changed since, in content or attributes', async () => {
    const first = await backUp()
    const stored = await fingerprint(treeOf(first))
    for (let n = 0; n < FILES; n += 1)
      await writeInto(source, nameOf(n), String(n + 1).repeat(SIZE))
    const [content, mode, owner, acl, xattr] = await interrupt(8)
    // Node sets times by the microsecond only, which would give it away.
    const clock = `${place().directory}/clock`
    await execa('touch', ['-r', `${source}/${content!}`, clock])
    await writeFile(`${source}/${content!}`, await ruined(`${source}/${content!}`))
    await execa('touch', ['-r', clock, `${source}/${content!}`])
    await chmod(`${source}/${mode!}`, 0o600)
    await chown(`${source}/${owner!}`, 1001, 1002)
    await execa('setfacl', ['-m', 'u:1234:rw', `${source}/${acl!}`])
    await execa('setfattr', ['-n', 'user.colour', '-v', 'red', `${source}/${xattr!}`])
    const report = await backUp()
    expect(report.outcome).toBe('complete')
    expect(await differences(source, treeOf(report))).toBe('')
    expect(await fingerprint(treeOf(first))).toBe(stored)
  })

  test('is believed only as far as it is on the disk for certain', async () => {
    const copied = await interrupt()
    // Copied before the checkpoint, so nobody looks at it again; that shows what the other two are about.
    await ruin(stagedFiles(repository)[0]!)
    await forgetLastCheckpoint(repository)
    const report = await backUp()
    expect(await differences(source, treeOf(report))).toBe('')
    // That one is copied, the others are compared.
    expect(report.counts.changedFiles).toBe(FILES - copied.length + 1)
  })

  test('is not believed after a power cut in what the disk did not get', async () => {
    await interrupt()
    await forgetLastCheckpoint(repository)
    expect(await loseWhatWasCached(repository, [])).toBeGreaterThan(0)
    expect(await differences(source, treeOf(await backUp()))).toBe('')
  })

  test('is compared by content when what the source was is not known', async () => {
    const copied = await interrupt()
    const [attempt] = attemptsIn(repository)
    await writeFile(`${attempt!}/state`, 'garbage')
    await ruin(stagedFiles(repository)[0]!)
    const report = await backUp()
    expect(await differences(source, treeOf(report))).toBe('')
    expect(report.counts.changedFiles).toBe(FILES - copied.length + 1)
  })

  test('keeps the names of one file together', async () => {
    for (const n of [1, 2, 3]) await link(`${source}/${nameOf(0)}`, `${source}/d${n}/again`)
    await interrupt()
    const report = await backUp()
    expect(await differences(source, treeOf(report))).toBe('')
    const names = [nameOf(0), 'd1/again', 'd2/again', 'd3/again']
    const inodes = await inodesOf(names.map((name) => `${treeOf(report)}/${name}`))
    expect(new Set(inodes).size).toBe(1)
  })
})

async function ruined(file: string): Promise<Uint8Array> {
  return (await readFile(file)).map((byte) => byte ^ 1)
}
