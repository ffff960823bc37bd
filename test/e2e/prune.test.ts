import { execa } from 'execa'
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect } from 'vitest'
import { fingerprint } from '../support/compare-trees.ts'
import { type DescribedHistory, file } from '../support/described-history.ts'
import { writeRepository } from '../support/disk-history.ts'
import { eventually } from '../support/eventually.ts'
import { testWith } from '../support/requirements.ts'
import { type Finished, PROGRAM, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith()
const testWithRsync = testWith('rsync')
const testAsRoot = testWith('rsync', 'root')
const NOBODY = 65_534
const testMounted = testWith('fuse')
const testOnDisk = testWith('root', 'loop')
const IDS = [20, 21, 22, 23].map((day) => `2026-11-${day}T08-00-00Z`)
const LARGE = 'snapfs'.repeat(300_000)
const HISTORY: DescribedHistory = IDS.map((id, index) => ({
  id,
  tree: { same: file('same'), changes: file(`content ${index}`), large: file(`${index}${LARGE}`) },
}))
let repository = ''
let series = ''
let env: Readonly<Record<string, string>>

beforeEach(() => {
  env = { HOME: directory(), SNAPFS_CONFIG: `${directory()}/config.toml`, TZ: 'Europe/Berlin' }
})

async function prepare(place: string, keep: string, history = HISTORY): Promise<void> {
  repository = await writeRepository(place, history)
  series = `${repository}/home`
  const lines = [`repository = "${repository}"`, '[profile.home]', 'source = "/nonexistent"']
  await writeFile(`${directory()}/config.toml`, `${[...lines, keep].join('\n')}\n`)
}

function run(...words: readonly string[]): Promise<Finished> {
  return snapfs(words, { env })
}

async function snapshots(): Promise<readonly string[]> {
  return (await readdir(series)).filter((name) => /^\d{4}-/u.test(name)).sort()
}

describe('snapfs prune', () => {
  test('says what it would remove and why, and then removes it', async () => {
    await prepare(`${directory()}/repository`, 'keep = { last = 1, weekly = 1 }')
    const { stdout: told, ...ended } = await run('prune', '--dry-run')
    // What a directory takes depends on the file system.
    expect({ ...ended, stdout: told.replaceAll(/[\d.]+ MB/gu, 'N MB') }).toEqual({
      ...{ exitCode: 0, stderr: '' },
      stdout: [
        `home  ${repository}/home`,
        '  remove  2026-11-20 09:00:00 +01:00  frees N MB',
        '  remove  2026-11-21 09:00:00 +01:00  frees N MB',
        '  remove  2026-11-22 09:00:00 +01:00  frees N MB',
        '  keep    2026-11-23 09:00:00 +01:00  newest, last 1, weekly 2026-W48',
        '  1 snapshot would stay, 3 would be removed; that would free N MB, with 6 versions of files',
      ].join('\n'),
    })
    expect(await snapshots()).toEqual(IDS)
    const { stdout } = await run('prune', 'home', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      series: [
        {
          profile: 'home',
          removed: IDS.slice(0, 3),
          snapshots: [{ keep: false }, {}, {}, { keep: true }],
        },
      ],
      errors: [],
    })
    expect(await snapshots()).toEqual(IDS.slice(3))
    expect((await run('prune')).stdout).toContain('0 snapshots removed, 1 left')
  })

  test('makes room, as little as that takes, and says what it loses', async () => {
    await prepare(`${directory()}/repository`, 'keep = { daily = 30, minimum = 2 }')
    const { stdout } = await run('prune', '--free', '2 MB', '--dry-run', '--json')
    const [plan] = (JSON.parse(stdout) as { series: readonly Record<string, unknown>[] }).series
    expect(plan).toMatchObject({ lostFiles: 4 })
    expect(plan!['freesBytes']).toBeGreaterThan(2_000_000)
    expect((await run('prune')).stdout).toContain('0 snapshots removed, 4 left')
    const freed = await run('prune', '--free', '2 MB')
    expect(freed.stdout).toMatch(/^ {2}remove {2}2026-11-20 .* frees [\d.]+ MB, to make room$/mu)
    expect(freed.stdout).toMatch(
      /2 snapshots removed, 2 left; that freed [\d.]+ MB, with 4 versions of files$/u,
    )
    expect(await snapshots()).toEqual(IDS.slice(2))
    expect(await run('prune', '--free', '2 MB')).toMatchObject({
      ...{ exitCode: 15, stdout: '' },
      stderr: expect.stringContaining('would free 0 B, and not 2 MB') as string,
    })
    expect(await run('prune', '--free', '2')).toMatchObject({
      ...{ exitCode: 2, stderr: expect.stringContaining('a size is written as') as string },
    })
    expect(await snapshots()).toEqual(IDS.slice(2))
  })

  test('tells what will be kept, should it go on as lately', async () => {
    await prepare(`${directory()}/repository`, 'keep = { last = 2, monthly = 3 }')
    const { exitCode, stdout } = await run('prune', '--simulate', '1y')
    expect(exitCode).toBe(0)
    const lines = stdout.split('\n')
    expect(lines[0]).toBe('home: a snapshot every 1 day, as lately')
    expect(lines.filter((line) => line.includes('snapshots, the oldest of'))).toHaveLength(13)
    expect(lines.at(-1)).toMatch(/^ {4}\d{4}-.* monthly \d{4}-\d\d$/u)
    expect(await run('prune', '--simulate', 'soon')).toMatchObject({ exitCode: 2 })
    expect(await snapshots()).toEqual(IDS)
  })

  testWithRsync('follows a complete snapshot where the profile says so, and no other', async () => {
    await prepare(`${directory()}/repository`, 'keep = { last = 1 }\nprune = "after backup"')
    const source = `${directory()}/source`
    await mkdir(source)
    await writeFile(`${source}/file`, 'x')
    const config = await readFile(env['SNAPFS_CONFIG']!, 'utf8')
    await writeFile(env['SNAPFS_CONFIG']!, config.replace('/nonexistent', source))
    const { stdout } = await run('backup', '--json', '--accept-shrink')
    const { snapshots: made } = JSON.parse(stdout) as {
      readonly snapshots: readonly { readonly id: string; readonly removed: readonly string[] }[]
    }
    expect(made[0]!.removed).toEqual(IDS)
    expect(await snapshots()).toEqual([made[0]!.id])
    await writeFile(`${series}/labels.json`, 'pins')
    const refused = await run('backup')
    expect(refused.exitCode).toBe(0)
    expect(refused.stderr).toContain(
      'Not all that need not be kept was removed: The labels of home',
    )
    expect(await snapshots()).toHaveLength(2)
  })

  testAsRoot('does not follow a partial snapshot', async () => {
    await prepare(`${directory()}/repository`, 'keep = { last = 1 }\nprune = "after backup"')
    const source = `${directory()}/source`
    await mkdir(source)
    await writeFile(`${source}/closed`, 'x', { mode: 0 })
    const config = await readFile(env['SNAPFS_CONFIG']!, 'utf8')
    await writeFile(env['SNAPFS_CONFIG']!, config.replace('/nonexistent', source))
    await execa('chown', ['-R', `${NOBODY}:${NOBODY}`, '--', directory()])
    // Its owner can open it, another could not.
    await execa('chown', ['0:0', '--', `${source}/closed`])
    const options = { env, uid: NOBODY, gid: NOBODY }
    expect(await snapfs(['backup', '--accept-shrink'], options)).toMatchObject({ exitCode: 3 })
    expect(await snapshots()).toHaveLength(IDS.length + 1)
  })

  test('keeps everything where nothing is said, and says so', async () => {
    await prepare(`${directory()}/repository`, '')
    const { exitCode, stdout } = await run('prune')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('nothing says what to keep of home, so all is kept')
    expect(await snapshots()).toEqual(IDS)
  })

  test('refuses a policy that cannot be read, and what cannot be told', async () => {
    await prepare(`${directory()}/repository`, 'keep = { within = "soon" }')
    expect(await run('prune')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(
        'profile.home.keep.within: a duration is written as',
      ) as unknown,
    })
    await prepare(`${directory()}/other`, 'keep = { last = 1 }')
    await writeFile(`${series}/labels.json`, 'pins')
    expect(await run('prune')).toMatchObject({ exitCode: 15 })
    expect(await snapshots()).toEqual(IDS)
  })

  testOnDisk('works on a disk without a free byte', async () => {
    const disk = `${directory()}/disk`
    await mkdir(disk)
    await execa('truncate', ['-s', '32M', `${directory()}/image`])
    await execa('mkfs.ext4', ['-q', '-m', '0', `${directory()}/image`])
    await execa('mount', ['-o', 'loop', `${directory()}/image`, disk])
    await prepare(`${disk}/repository`, 'keep = { last = 1 }')
    await mkdir(`${series}/.state`)
    await writeFile(`${series}/.state/${IDS[3]!}`, 'a cache')
    // Byte by byte at the end, until nothing more fits.
    for (const size of ['1M', '4k', '1k']) {
      await execa('dd', ['if=/dev/zero', `of=${disk}/full-${size}`, `bs=${size}`], {
        reject: false,
      })
    }
    const kept = await fingerprint(`${series}/${IDS[3]!}/tree`)
    expect(await run('prune')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await snapshots()).toEqual(IDS.slice(3))
    expect(await fingerprint(`${series}/${IDS[3]!}/tree`)).toBe(kept)
    await execa('umount', [disk])
  })

  testMounted('lets whoever reads a file of a mount read it to its end', async () => {
    await prepare(`${directory()}/repository`, 'keep = { last = 1 }')
    const history = `${directory()}/history`
    await mkdir(history)
    expect(await run('mount', history)).toMatchObject({ exitCode: 0 })
    await using read = await open(`${history}/by-date/2026-11-20_09-00-00/large`)
    await using unread = await open(`${history}/by-date/2026-11-21_09-00-00/changes`)
    const beginning = Buffer.alloc(10)
    await read.read(beginning, 0, 10, 0)
    expect(await run('prune')).toMatchObject({ exitCode: 0 })
    await eventually(async () => {
      expect((await readdir(`${history}/by-date`)).sort()).toEqual([
        '2026-11-23_09-00-00',
        'latest',
      ])
    }, 2000)
    expect(await read.readFile('latin1')).toBe(`0${LARGE}`)
    expect(await unread.readFile('latin1')).toBe('content 1')
    expect(await run('unmount', '--lazy', history)).toMatchObject({ exitCode: 0 })
  })

  test('deletes many directories, by two threads, and nothing of what stays', async () => {
    const tree = Object.fromEntries(
      Array.from({ length: 300 }, (_, n) => [`d${n % 150}/e/f${n}`, file(`${n}`)]),
    )
    await prepare(
      `${directory()}/repository`,
      'keep = { last = 1 }',
      IDS.map((id) => ({ id, tree })),
    )
    const kept = await fingerprint(`${series}/${IDS[3]!}/tree`)
    expect(await run('prune')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await readdir(`${series}/.trash`)).toEqual([])
    expect(await fingerprint(`${series}/${IDS[3]!}/tree`)).toBe(kept)
    expect((await stat(`${series}/${IDS[3]!}/tree/d1/e/f1`)).nlink).toBe(1)
  })

  testOnDisk('says what keeps it from deleting, and goes on when that is gone', async () => {
    await prepare(`${directory()}/repository`, 'keep = { last = 1 }')
    const held = `${series}/${IDS[1]!}/tree/changes`
    await execa('chattr', ['+i', held])
    try {
      const refused = await run('prune')
      expect(refused.exitCode).toBe(13)
      expect(refused.stderr).toContain('EPERM')
      expect(await snapshots()).toEqual(IDS.slice(3))
    } finally {
      await execa('chattr', ['-i', held.replace(IDS[1]!, `.trash/${IDS[1]!}`)])
    }
    expect(await run('prune')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await readdir(`${series}/.trash`)).toEqual([])
  })

  test('that is killed leaves whole snapshots, and a trash that the next one empties', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 200 }, (_, n) => [`d${n % 20}/f${n}`, file(`${n}`)]),
    )
    const many = Array.from({ length: 8 }, (_, n) => ({
      id: `2026-11-20T08-00-${String(n + 10)}Z`,
      tree: { ...files, own: file(`own ${n}`) },
    }))
    await prepare(`${directory()}/repository`, 'keep = { last = 2 }', many)
    const whole = new Map<string, string>()
    for (const { id } of many) whole.set(id, await fingerprint(`${series}/${id}/tree`))
    for (let killed = 0; killed < 6; killed += 1) {
      const pruning = execa(PROGRAM, ['prune'], { env, reject: false })
      await sleep(150 + killed * 100)
      pruning.kill('SIGKILL')
      await pruning
      for (const id of await snapshots()) {
        expect(await fingerprint(`${series}/${id}/tree`)).toBe(whole.get(id))
      }
    }
    expect(await run('prune')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await snapshots()).toEqual(many.slice(-2).map(({ id }) => id))
    expect(await readdir(`${series}/.trash`)).toEqual([])
    expect((await stat(`${series}/${many[7]!.id}/tree/d0/f0`)).nlink).toBe(2)
    await rm(repository, { recursive: true })
  })
})
