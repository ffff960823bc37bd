import { execa } from 'execa'
import { chmod, link, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { Interruption } from '../../src/actions/interruption.ts'
import { type PlanReport, planBackup } from '../../src/actions/plan-backup.ts'
import { backUpOnce, ordinaryRequest, testWorld } from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { fingerprint } from '../support/compare-trees.ts'
import { interruptBackUp } from '../support/interrupt-backup.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')

type Asked = Partial<Parameters<typeof planBackup>[0]>

/** Plans, and makes sure that not even a time in the repository has changed. */
async function planOnce(asked: Asked = {}, world = testWorld()): Promise<PlanReport> {
  const { source, repository } = place()
  const before = await everything(repository)
  try {
    return await planBackup(
      { ...ordinaryRequest(repository, source), namesFiles: true, ...asked },
      world,
    )
  } finally {
    expect(await everything(repository)).toBe(before)
  }
}

/** With the ctimes, which nobody can put back. */
async function everything(directory: string): Promise<string> {
  const { stdout } = await execa('find', [directory, '-printf', '%p %i %C@ %T@ %m %s %n\\n'])
  return `${stdout}\n${await fingerprint(directory)}`
}

/** Later than the grain of ctimes, so that what was stored is believed. */
const later = () => testWorld(() => Date.now() + 60_000)

function named(plan: PlanReport): readonly string[] {
  return plan.files.map(({ action, path }) => `${action} ${path}`).sort()
}

describe('a dry run', () => {
  test('of the first backup says that all would be copied, a file of two names once', async () => {
    const { source } = place()
    await writeInto(source, 'a', 'four')
    await writeInto(source, 'deep/b', 'eight...')
    await link(`${source}/a`, `${source}/deep/a2`)
    await symlink('a', `${source}/link`)
    const plan = await planOnce()
    expect(plan).toMatchObject({
      basis: undefined,
      counts: { files: 3, directories: 2, symlinks: 1, entries: 6 },
      copy: { files: 3, bytes: 12 },
      compare: { files: 0, bytes: 0 },
      warnings: [],
    })
    expect(named(plan)).toEqual(['new a', 'new deep/a2', 'new deep/b', 'new link'])
    const made = await backUpOnce(place().repository, source)
    expect(made.counts).toMatchObject({ entries: 6, files: 3, changedBytes: 12 })
  })

  test('tells apart what is new, was modified, and is to be compared', async () => {
    const { source, repository } = place()
    for (const name of ['same', 'longer', 'touched', 'deep/same']) {
      await writeInto(source, name, 'twelve bytes')
    }
    await execa('touch', ['-d', '2001-01-01', `${source}/touched`])
    const first = await backUpOnce(repository, source, {}, later())
    await writeInto(source, 'longer', 'more than twelve bytes')
    await writeInto(source, 'deep/new', 'new')
    await chmod(`${source}/touched`, 0o600)
    const plan = await planOnce({}, later())
    expect(plan).toMatchObject({
      basis: first.id,
      copy: { files: 2, bytes: 25 },
      compare: { files: 1, bytes: 12 },
      counts: { files: 5 },
    })
    expect(named(plan)).toEqual(['compare touched', 'modified longer', 'new deep/new'])
    expect((await planOnce({ namesFiles: false }, later())).files).toEqual([])
    const made = await backUpOnce(repository, source, {}, later())
    expect(made.counts).toMatchObject({ changedFiles: 2, changedBytes: 25, linkedEntries: 2 })
    expect(await planOnce({}, later())).toMatchObject({ copy: { files: 0 }, compare: { files: 0 } })
  })

  test('tells what has another name now', async () => {
    const { source, repository } = place()
    await writeInto(source, 'old/f', 'content')
    await writeInto(source, 'g', 'content')
    await backUpOnce(repository, source, {}, later())
    await rename(`${source}/old`, `${source}/new`)
    await rename(`${source}/g`, `${source}/h`)
    const plan = await planOnce({}, later())
    expect(plan).toMatchObject({ copy: { files: 0 }, move: { files: 1 }, compare: { files: 1 } })
    expect(named(plan)).toEqual(['compare h', 'move new/f'])
  })

  test('compares all when all is to be compared', async () => {
    const { source, repository } = place()
    await writeInto(source, 'a', 'a')
    await backUpOnce(repository, source, {}, later())
    expect(await planOnce({ checksum: true }, later())).toMatchObject({
      comparedBy: 'content',
      compare: { files: 1, bytes: 1 },
    })
  })

  test('leaves out what the patterns leave out', async () => {
    await writeInto(place().source, 'kept', 'x')
    await writeInto(place().source, 'cache/left', 'out')
    const plan = await planOnce({ exclude: ['cache/'] })
    expect(named(plan)).toEqual(['new kept'])
  })

  test('counts what an interrupted run has copied', async () => {
    const { source, repository } = place()
    for (let n = 0; n < 400; n += 1) await writeInto(source, `f${n}`, 'x'.repeat(20_000))
    expect(await interruptBackUp(repository, source, 50, testWorld())).toBeUndefined()
    const { copy, compare, resume } = await planOnce({}, later())
    expect(copy.files + compare.files + resume.files).toBe(400)
    expect(compare.files + resume.files).toBeGreaterThanOrEqual(50)
  })

  test('is refused as the backup would be', async () => {
    const { source, repository } = place()
    for (let n = 0; n < 150; n += 1) await writeInto(source, `d${n % 5}/f${n}`, `${n}`)
    await backUpOnce(repository, source)
    await expect(
      planOnce({ floors: { bytes: { kind: 'share', share: 1 } } }),
    ).rejects.toMatchObject({ code: 'DESTINATION_FULL' })
    for (const name of ['d0', 'd1', 'd2']) await rm(`${source}/${name}`, { recursive: true })
    await expect(planOnce()).rejects.toMatchObject({ code: 'SOURCE_REFUSED' })
    const { warnings } = await planOnce({ changedSource: 'accept' })
    expect(warnings).toEqual([expect.stringMatching(/^Accepted: /u)])
    await rm(source, { recursive: true })
    await mkdir(source)
    await expect(planOnce()).rejects.toMatchObject({ code: 'SOURCE_REFUSED' })
    await rm(source, { recursive: true })
    await expect(planOnce()).rejects.toMatchObject({ code: 'SOURCE_REFUSED' })
  })

  test('says that the clock is behind', async () => {
    const { source, repository } = place()
    await writeInto(source, 'a', 'a')
    await backUpOnce(
      repository,
      source,
      {},
      testWorld(() => Date.now() + 3_600_000),
    )
    expect((await planOnce()).warnings).toEqual([expect.stringMatching(/clock/iu)])
  })

  test('says what the disk has no room for', async () => {
    const { source } = place()
    await writeFile(`${source}/vast`, '')
    await execa('truncate', ['-s', '10T', `${source}/vast`])
    expect((await planOnce()).warnings).toEqual([
      expect.stringMatching(/^It may not fit: 11 TB would be copied, and .* are free/u),
    ])
  })

  test('ends when it is told to', async () => {
    await writeInto(place().source, 'a', 'a')
    await expect(
      planOnce({ signal: AbortSignal.abort(new Interruption('SIGINT')) }),
    ).rejects.toMatchObject({
      code: 'INTERRUPTED',
    })
  })
})
