import { execa } from 'execa'
import { link, mkdir, readdir, rm, symlink, utimes } from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import type { SnapshotReport } from '../../src/actions/back-up.ts'
import type { Profile } from '../../src/model/profile.ts'
import { ALLOWED_OPTIONS } from '../../src/model/rsync-option.ts'
import { backUpOnce, settledWorld, treeOf } from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { differences, fingerprint, sharedFiles } from '../support/compare-trees.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
let source = ''

beforeEach(async () => {
  ;({ source } = place())
  await writeInto(source, 'a/kept', 'kept')
  await writeInto(source, 'a/edited', `${'long '.repeat(40_000)}one`)
  await writeInto(source, 'a/rewritten', 'one')
  await utimes(`${source}/a/rewritten`, 1, 1)
  await link(`${source}/a/kept`, `${source}/twin`)
  await symlink('a/kept', `${source}/link`)
  await execa('truncate', ['-s', '1M', `${source}/sparse`])
})

function backUp(settings: Partial<Profile>): Promise<SnapshotReport> {
  const { repository } = place()
  const profile = { name: 'home', source, repository, exclude: [], ...settings }
  // By this clock the files have settled, so that what did not change is linked by the scan.
  return backUpOnce(repository, source, { profile }, settledWorld())
}

/** A first snapshot, whose directories rsync walks, and one of what changed, by a list. */
async function expectHarmless(settings: Partial<Profile>): Promise<void> {
  const first = await backUp(settings)
  expect(first).toMatchObject({ outcome: 'complete', warnings: [] })
  expect(await differences(source, treeOf(first))).toBe('')
  const before = await fingerprint(treeOf(first))
  await writeInto(source, 'a/edited', `${'long '.repeat(40_000)}two`)
  await writeInto(source, 'a/rewritten', 'two')
  await utimes(`${source}/a/rewritten`, 1, 1)
  const second = await backUp(settings)
  expect(second).toMatchObject({ outcome: 'complete', warnings: [] })
  expect(await differences(source, treeOf(second))).toBe('')
  expect(await fingerprint(treeOf(first))).toBe(before)
  expect(await sharedFiles(treeOf(second), treeOf(first))).toBe(3)
}

describe('an option that a user may give to rsync', () => {
  test.each(ALLOWED_OPTIONS.map(({ example }) => example))(
    '%s changes nothing about snapshots',
    async (example) => {
      await expectHarmless({ rsyncOptions: [example] })
    },
  )
})

describe('a source on one file system', () => {
  const testAsRoot = testWith('rsync', 'root')
  const ONE = { fileSystems: 'one' } as const

  testAsRoot('has its mountpoints as empty directories, as rsync -x has', async () => {
    await writeInto(source, 'a/mount/below', 'hidden by the mount')
    await mkdir(`${source}/mount`)
    for (const mountpoint of ['a/mount', 'mount']) {
      await execa('mount', ['-t', 'tmpfs', '-o', 'mode=751', 'tmpfs', `${source}/${mountpoint}`])
      await writeInto(source, `${mountpoint}/inside/file`, 'inside')
    }
    const theirs = `${place().directory}/theirs`
    const agreed = async (): Promise<void> => {
      await rm(theirs, { recursive: true, force: true })
      await execa('rsync', ['-aHAXx', '--', `${source}/`, `${theirs}/`])
    }

    const whole = await backUp({})
    expect(await readdir(`${treeOf(whole)}/a/mount/inside`)).toEqual(['file'])
    // What the walk of rsync gives.
    await rm(`${place().repository}/home`, { recursive: true })
    const first = await backUp(ONE)
    await agreed()
    expect(await differences(theirs, treeOf(first))).toBe('')
    expect(await readdir(`${treeOf(first)}/a/mount`)).toEqual([])
    // What the scan gives.
    await writeInto(source, 'a/edited', 'edited')
    const second = await backUp(ONE)
    await agreed()
    expect(await differences(theirs, treeOf(second))).toBe('')
    expect(await sharedFiles(treeOf(second), treeOf(first))).toBeGreaterThan(2)
    expect(second.counts.entries).toBe(first.counts.entries)
    expect(second.counts.linkedEntries).toBeGreaterThan(2)
  })

  testAsRoot('has files that are mounted, as rsync -x has', async () => {
    const mounted = `${place().directory}/shm`
    await mkdir(mounted)
    await execa('mount', ['-t', 'tmpfs', 'tmpfs', mounted])
    await writeInto(mounted, 'file', 'bound')
    await writeInto(source, 'bound', 'hidden')
    await execa('mount', ['--bind', `${mounted}/file`, `${source}/bound`])
    for (let run = 0; run < 2; run += 1) {
      const report = await backUp(ONE)
      expect(await differences(source, treeOf(report))).toBe('')
    }
    await execa('umount', [`${source}/bound`])
  })
})
