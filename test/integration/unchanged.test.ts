import { execa } from 'execa'
import {
  appendFile,
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import type { BackUpReport, SnapshotReport } from '../../src/actions/back-up.ts'
import { listSnapshots } from '../../src/actions/list-snapshots.ts'
import { planBackup } from '../../src/actions/plan-backup.ts'
import type { UnchangedReport } from '../../src/actions/record-unchanged.ts'
import { DiskCatalog } from '../../src/catalog/disk-catalog.ts'
import { DEFAULT_LEAVE_OUT } from '../../src/model/leave-out.ts'
import type { Profile } from '../../src/model/profile.ts'
import { VERIFICATIONS_LIMIT_BYTES } from '../../src/model/verification.ts'
import type { World } from '../../src/model/world.ts'
import { appendVerification } from '../../src/repository/verification-log.ts'
import {
  backUpOrSkip,
  ordinaryRequest,
  repositoryAt,
  settledWorld,
  testWorld,
  treeOf,
} from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { differences, fingerprint } from '../support/compare-trees.ts'
import { verificationFor } from '../support/described-history.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
const testAsRoot = testWith('rsync', 'root')
let source = ''
let repository = ''

beforeEach(async () => {
  ;({ source, repository } = place())
  await writeInto(source, 'notes', 'some')
  await writeInto(source, 'a/b/deep', 'more')
  await mkdir(`${source}/empty`)
  await symlink('notes', `${source}/link`)
})

const NO_FLOORS = { bytes: { kind: 'off' }, inodes: { kind: 'off' } } as const

interface Asked {
  readonly floors?: typeof NO_FLOORS
  readonly profile?: Partial<Profile>
  readonly exclude?: readonly string[]
  readonly checksum?: boolean
  readonly changedSource?: 'accept' | 'refuse'
}

function backUp(asked: Asked = {}, world: World = settledWorld()): Promise<BackUpReport> {
  return backUpOrSkip(repository, source, requestOf(asked), world)
}

function requestOf({ profile, ...options }: Asked) {
  const ordinary = ordinaryRequest(repository, source).profile
  return { ...options, profile: { ...ordinary, onUnchanged: 'skip' as const, ...profile } }
}

async function snapshot(asked: Asked = {}, world?: World): Promise<SnapshotReport> {
  const report = await backUp(asked, world)
  if (report.kind !== 'snapshot') throw new Error('there should be a snapshot')
  return report
}

async function unchanged(asked: Asked = {}, world?: World): Promise<UnchangedReport> {
  const report = await backUp(asked, world)
  if (report.kind !== 'unchanged') throw new Error('there should be no snapshot')
  return report
}

async function snapshotNames(): Promise<readonly string[]> {
  return (await readdir(`${repository}/home`)).filter((name) => name.endsWith('Z')).sort()
}

const recordOf = ({ id }: SnapshotReport): string => `${repository}/home/verified/${id}.jsonl`

describe('a source in which nothing has changed', () => {
  test('makes no tree, and a record of when it was found equal to which snapshot', async () => {
    const first = await snapshot()
    const before = await fingerprint(treeOf(first))
    const second = await unchanged()
    const third = await unchanged()
    expect(second).toMatchObject({ snapshot: first.id, path: first.path, warnings: [] })
    expect(await snapshotNames()).toEqual([first.id])
    expect(await readdir(`${repository}/home/.incoming`)).toEqual([])
    expect(await fingerprint(treeOf(first))).toBe(before)
    const lines = (await readFile(recordOf(first), 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { id: second.id, snapshot: first.id, startedAt: second.verifiedAt, entries: 7 },
      { id: third.id, snapshot: first.id, startedAt: third.verifiedAt, entries: 7 },
    ])
    expect(new Set([first.id, second.id, third.id]).size).toBe(3)
    expect((await lstat(`${repository}/home/verified`)).mode & 0o777).toBe(0o700)
    const { snapshots, warnings } = await listSnapshots(repository, 'home')
    expect(warnings).toEqual([])
    expect(snapshots.map(({ verifiedMs }) => verifiedMs.length)).toEqual([2])
  })

  test('makes a snapshot all the same, when nobody says otherwise', async () => {
    const first = await snapshot()
    const second = await snapshot({ profile: { onUnchanged: 'snapshot' } })
    expect(await snapshotNames()).toEqual([first.id, second.id].sort())
  })

  const CHANGES: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['a file was written', () => writeFile(`${source}/notes`, 'other')],
    ['a file was written, and its time set back', () => writeAndSetBack('notes')],
    ['a file was touched', () => utimes(`${source}/notes`, 1, 1)],
    ['a file has another mode', () => chmod(`${source}/notes`, 0o600)],
    ['a directory has another mode', () => chmod(`${source}/a/b`, 0o700)],
    ['an empty directory has another mode', () => chmod(`${source}/empty`, 0o700)],
    ['the source itself has another mode', () => chmod(source, 0o710)],
    ['a directory was touched', () => utimes(`${source}/a`, 1, 1)],
    ['a directory has an ACL', () => execa('setfacl', ['-m', 'u:7:rx', `${source}/empty`])],
    ['a directory has a default ACL', () => execa('setfacl', ['-dm', 'u:7:rx', `${source}/a`])],
    ['a directory has an attribute', () => attribute(`${source}/empty`)],
    ['a file has an attribute', () => attribute(`${source}/a/b/deep`)],
    ['a file was deleted', () => rm(`${source}/a/b/deep`)],
    ['a link was deleted', () => rm(`${source}/link`)],
    ['an empty directory was deleted', () => rm(`${source}/empty`, { recursive: true })],
    ['a file was made', () => writeFile(`${source}/a/new`, '')],
    ['a directory was made', () => mkdir(`${source}/a/new`)],
    ['a file was renamed', () => rename(`${source}/notes`, `${source}/notes2`)],
    ['a directory was renamed', () => rename(`${source}/a`, `${source}/a2`)],
    ['a link leads elsewhere', () => replaceLink('link', 'other')],
    ['a file was replaced by its copy', () => replaceByCopy('notes')],
    ['a file was deleted, and its directory has the time it had', () => deleteAndSetBack()],
  ]

  test.each(CHANGES)('is not one when %s', async (_what, change) => {
    const first = await snapshot()
    await unchanged()
    await change()
    const second = await snapshot()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(second.id).not.toBe(first.id)
    const third = await unchanged()
    expect(third.snapshot).toBe(second.id)
    expect(await differences(source, treeOf(third))).toBe('')
  })

  testAsRoot('is not one when a directory has another owner', async () => {
    await snapshot()
    await chown(`${source}/empty`, 7, 8)
    const second = await snapshot()
    expect(await differences(source, treeOf(second))).toBe('')
    await unchanged()
  })

  testAsRoot('is not one when a disk was mounted in it, or is gone', async () => {
    await snapshot()
    await execa('mount', ['-t', 'tmpfs', 'none', `${source}/empty`])
    try {
      await snapshot()
      await unchanged()
    } finally {
      await execa('umount', [`${source}/empty`])
    }
    await snapshot()
  })
})

async function writeAndSetBack(name: string): Promise<void> {
  const { atime, mtime } = await lstat(`${source}/${name}`)
  await writeFile(`${source}/${name}`, 'SOME')
  await utimes(`${source}/${name}`, atime, mtime)
}

async function deleteAndSetBack(): Promise<void> {
  await execa('touch', ['-r', `${source}/a/b`, `${place().directory}/time`])
  await rm(`${source}/a/b/deep`)
  await execa('touch', ['-r', `${place().directory}/time`, `${source}/a/b`])
}

async function attribute(path: string): Promise<void> {
  await execa('setfattr', ['-n', 'user.x', '-v', 'y', path])
}

async function replaceLink(name: string, target: string): Promise<void> {
  await rm(`${source}/${name}`)
  await symlink(target, `${source}/${name}`)
}

async function replaceByCopy(name: string): Promise<void> {
  await cp(`${source}/${name}`, `${source}/copy`, { preserveTimestamps: true })
  await rename(`${source}/copy`, `${source}/${name}`)
}

describe('what is not proven makes an ordinary snapshot', () => {
  const stateOf = ({ id }: SnapshotReport): string => `${repository}/home/.state/${id}`

  test.each<[string, (first: SnapshotReport) => Promise<Asked>]>([
    ['all is to be read', () => Promise.resolve({ checksum: true })],
    ['other patterns leave something out', () => Promise.resolve({ exclude: ['none'] })],
    [
      'something is left out for another reason',
      () => Promise.resolve({ profile: { leaveOut: { ...DEFAULT_LEAVE_OUT, caches: true } } }),
    ],
    [
      'other file systems are left out',
      () => Promise.resolve({ profile: { fileSystems: 'one' as const } }),
    ],
    ['the state is lost', (first) => after(rm(stateOf(first)))],
    ['the state is damaged', (first) => after(appendFile(stateOf(first), 'x'))],
    ['the stored file was altered', (first) => after(writeFile(`${treeOf(first)}/notes`, 'xxxx!'))],
    ['a stored directory was altered', (first) => after(chmod(`${treeOf(first)}/empty`, 0o711))],
    ['a stored file was removed', (first) => after(rm(`${treeOf(first)}/a/b/deep`))],
    [
      'a stored directory was removed',
      (first) => after(rm(`${treeOf(first)}/empty`, { recursive: true })),
    ],
    ['something was put into a stored directory', (first) => after(mkdir(`${treeOf(first)}/a/x`))],
    ['the snapshot is partial', (first) => after(editManifest(first, 'complete', 'partial'))],
    [
      'the snapshot is of a source elsewhere',
      (first) => after(editManifest(first, '/source"', '/elsewhere"')),
    ],
  ])('when %s', async (_what, prepare) => {
    const asked = await prepare(await snapshot())
    const second = await snapshot(asked)
    expect(await differences(source, treeOf(second))).toBe('')
  })

  test('when something changed while the snapshot was made, until there is one that came later', async () => {
    await snapshot({}, testWorld())
    const second = await snapshot()
    expect((await unchanged()).snapshot).toBe(second.id)
  })

  test('when a directory alone changed while the snapshot was made', async () => {
    for (const name of ['notes', 'link', 'a']) await rm(`${source}/${name}`, { recursive: true })
    await snapshot({}, testWorld())
    await snapshot()
    await unchanged()
  })

  test('when the record of the snapshot is as long as it may be', async () => {
    const first = await snapshot()
    await unchanged()
    await truncate(recordOf(first), VERIFICATIONS_LIMIT_BYTES - 100)
    const second = await snapshot()
    expect((await unchanged()).snapshot).toBe(second.id)
  })
})

async function after(step: Promise<unknown>): Promise<Asked> {
  await step
  return {}
}

async function editManifest({ path }: SnapshotReport, from: string, to: string): Promise<void> {
  const text = await readFile(`${path}/manifest.json`, 'utf8')
  await writeFile(`${path}/manifest.json`, text.replaceAll(from, to))
}

describe('beside the proof', () => {
  test('a time is taken once, by a snapshot or a record, also when the clock is set back', async () => {
    const noon = Date.now() + 10_000
    const at = (offsetMs: number): World => testWorld(() => noon + offsetMs)
    const first = await snapshot({}, at(0))
    const second = await unchanged({}, at(0))
    const third = await unchanged({}, at(-3_600_000))
    const fourth = await unchanged({}, at(-3_600_000))
    expect(third.warnings).toEqual([expect.stringContaining('behind the snapshot') as string])
    await writeFile(`${source}/notes`, 'other')
    const fifth = await snapshot({}, at(1000))
    const ids = [first, second, third, fourth, fifth].map(({ id }) => id)
    expect(new Set(ids).size).toBe(5)
    expect(second.id > first.id && fourth.id > third.id && third.id < first.id).toBe(true)
  })

  test('what an interrupted run left is removed, since all of it is in the snapshot', async () => {
    await snapshot()
    const left = `${repository}/home/.incoming/2026-01-01T00-00-00Z-aB3xYz`
    await mkdir(`${left}/tree`, { recursive: true })
    await cp(`${source}/notes`, `${left}/tree/notes`, { preserveTimestamps: true })
    await unchanged()
    expect(await readdir(`${repository}/home/.incoming`)).toEqual([])
  })

  test('a damaged record is a warning and hides no snapshot, and one cut off is mended', async () => {
    const first = await snapshot()
    await unchanged()
    await appendFile(recordOf(first), 'nonsense\n{"format":1,"id":"20')
    const third = await unchanged()
    expect(third.warnings).toEqual([expect.stringContaining('1 damaged line') as string])
    const { snapshots, warnings } = await listSnapshots(repository, 'home')
    expect(snapshots.map(({ verifiedMs }) => verifiedMs.length)).toEqual([2])
    expect(warnings).toEqual([expect.stringContaining(recordOf(first)) as string])
    await chmod(recordOf(first), 0o600)
    await rm(recordOf(first))
    await mkdir(recordOf(first))
    expect((await listSnapshots(repository, 'home')).warnings).toHaveLength(1)
    await snapshot()
  })

  test('a record whose snapshot was removed is nothing', async () => {
    const first = await snapshot()
    await unchanged()
    await rm(first.path, { recursive: true })
    expect((await listSnapshots(repository, 'home')).snapshots).toEqual([])
    const second = await snapshot()
    expect(second.warnings).toEqual([])
    await unchanged()
  })

  test('a catalog that is open learns of a verified time', async () => {
    const first = await snapshot()
    const catalog = new DiskCatalog({ repository, profile: 'home' })
    catalog.refresh()
    const { generation } = catalog
    catalog.refresh()
    expect(catalog.generation).toBe(generation)
    const id = (await unchanged()).id
    catalog.refresh()
    expect(catalog.verifiedTimes()).toMatchObject([{ id, snapshot: { id: first.id } }])
    expect(catalog.generation).toBeGreaterThan(generation)
    // Nothing but the file tells of it.
    const later = catalog.generation
    const started = { snapshotStartedAt: catalog.snapshots()[0]!.manifest.startedAt }
    const record = { ...verificationFor('2036-01-01T00-00-00Z', first.id), ...started }
    await appendVerification({ repository, profile: 'home' }, first.id, record)
    catalog.refresh()
    expect(catalog.generation).toBeGreaterThan(later)
    expect(catalog.verifiedTimes()).toHaveLength(2)
  })

  test('a dry run says that no snapshot would be made, and writes nothing', async () => {
    await snapshot()
    const plan = () =>
      planBackup(
        { ...ordinaryRequest(repository, source), ...requestOf({}), namesFiles: false },
        settledWorld(),
      )
    expect(await plan()).toMatchObject({
      unchanged: true,
      copy: { files: 0 },
      counts: { files: 2 },
    })
    await expect(readdir(`${repository}/home/verified`)).rejects.toThrow('ENOENT')
    await chmod(`${source}/empty`, 0o700)
    expect(await plan()).toMatchObject({ unchanged: false })
  })

  testAsRoot('a full disk is told, and loses nothing', async () => {
    const disk = `${place().directory}/disk`
    await mkdir(disk)
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', disk])
    try {
      repository = `${disk}/repository`
      await repositoryAt(repository)
      const first = await snapshot({ floors: NO_FLOORS })
      await unchanged({ floors: NO_FLOORS })
      const lines = async (): Promise<string> => readFile(recordOf(first), 'utf8')
      await execa('dd', ['if=/dev/zero', `of=${disk}/filler`, 'bs=4k'], { reject: false })
      const record = verificationFor('2036-01-01T00-00-00Z', first.id)
      let before = ''
      const untilFull = async (): Promise<never> => {
        for (;;) {
          before = await lines()
          await appendVerification({ repository, profile: 'home' }, first.id, record)
        }
      }
      await expect(untilFull()).rejects.toThrow('ENOSPC')
      expect(await lines()).toBe(before)
      expect(before.endsWith('\n')).toBe(true)
      const full = backUp({ floors: NO_FLOORS })
      await expect(full).rejects.toMatchObject({ code: 'DESTINATION_FULL' })
      expect(await snapshotNames()).toEqual([first.id])
      await rm(`${disk}/filler`)
      await unchanged({ floors: NO_FLOORS })
    } finally {
      await execa('umount', [disk])
    }
  })
})
