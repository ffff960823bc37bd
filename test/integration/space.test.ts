import { execa } from 'execa'
import { chmod, link, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import { spaceOf, type SpaceReport, type SpaceRequest } from '../../src/actions/space.ts'
import { testWorld } from '../support/back-up-once.ts'
import { type DescribedHistory, directory as folder, file } from '../support/described-history.ts'
import { writeRepository } from '../support/disk-history.ts'
import { testWith } from '../support/requirements.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith()
const testAsRoot = testWith('root')
const IDS = [20, 21, 22, 23, 24].map((day) => `2026-11-${day}T08-00-00Z`)
/** What stays, what changes, what changes every second time, and two names of one file. */
const HISTORY: DescribedHistory = IDS.map((id, index) => ({
  id,
  tree: {
    same: file('same '.repeat(5000), 'same'),
    changes: file(`content ${index} `.repeat(1000)),
    slowly: file(`slowly ${index >> 1} `.repeat(3000), `slowly ${index >> 1}`),
    one: file(`twins ${index >> 1}`, `twins ${index >> 1}`),
    d: folder(0o755),
    'd/other': file(`twins ${index >> 1}`, `twins ${index >> 1}`),
  },
}))
let repository = ''
let series = ''
let cache = ''

beforeEach(async () => {
  repository = await writeRepository(`${directory()}/repository`, HISTORY)
  series = `${repository}/home`
  cache = `${directory()}/cache`
})

async function measure(
  removing: readonly string[] = [],
  more: Partial<SpaceRequest> = {},
): Promise<SpaceReport> {
  const request = { repository, profile: 'home', removing }
  const signal = new AbortController().signal
  return spaceOf(
    { ...request, signal, onProgress: () => undefined, ...more },
    testWorld(() => 0, cache),
  )
}

interface Name {
  readonly snapshot: string
  readonly inode: string
  readonly links: number
  readonly bytes: number
  readonly isDirectory: boolean
}

/** Every name there is, as find sees it. */
async function names(): Promise<readonly Name[]> {
  const { stdout } = await execa('find', [...(await snapshots()), '-printf', '%i %n %b %y %H\n'], {
    cwd: series,
  })
  return stdout.split('\n').map((line) => {
    const [inode = '', links, blocks, type, snapshot = ''] = line.split(' ')
    return {
      ...{ snapshot, inode, links: Number(links), bytes: Number(blocks) * 512 },
      isDirectory: type === 'd',
    }
  })
}

async function snapshots(): Promise<readonly string[]> {
  return (await readdir(series)).filter((name) => /^\d{4}-/u.test(name)).sort()
}

/** What is free when these are gone, by counting the names of each inode. */
async function freedByNames(ids: readonly string[]): Promise<number> {
  const gone = (await names()).filter(({ snapshot }) => ids.includes(snapshot))
  const counts = new Map<string, { count: number; readonly name: Name }>()
  let bytes = 0
  for (const name of gone) {
    if (name.isDirectory) bytes += name.bytes
    else {
      const known = counts.get(name.inode)
      if (known === undefined) counts.set(name.inode, { count: 1, name })
      else known.count += 1
    }
  }
  for (const { count, name } of counts.values()) if (count === name.links) bytes += name.bytes
  return bytes
}

/** Every set of snapshots is asked about, and each by itself. */
async function expectRight(): Promise<SpaceReport> {
  const report = await measure()
  const present = await snapshots()
  expect(report.snapshots.map(({ id }) => id)).toEqual(present)
  const { stdout } = await execa('du', ['-s', '-c', '-B1', ...present], { cwd: series })
  expect(report.totalBytes).toBe(Number(stdout.split('\n').at(-1)!.split('\t')[0]))
  for (const { id, aloneBytes } of report.snapshots) {
    expect([id, aloneBytes]).toEqual([id, await freedByNames([id])])
  }
  for (let set = 1; set < 2 ** present.length; set += 3) {
    const ids = present.filter((_id, number) => (set & (1 << number)) !== 0)
    const { removing } = await measure(ids)
    expect(removing).toEqual({ ids, freedBytes: await freedByNames(ids) })
  }
  return report
}

describe('the space of a series', () => {
  test('is what du and counting every name come to, for any set of snapshots', async () => {
    const report = await expectRight()
    expect(report).toMatchObject({ elsewhereBytes: 0, warnings: [] })
    expect(report.growers.map(({ path }) => path)).toContain('slowly')
  })

  test('is right again when there are other links, other snapshots, or fewer', async () => {
    await expectRight()
    // A link from outside, and one in another series.
    await link(`${series}/${IDS[0]!}/tree/slowly`, `${directory()}/outside`)
    await expectRight()
    const { blocks } = await stat(`${directory()}/outside`)
    expect((await measure()).elsewhereBytes).toBe(blocks * 512)
    await rm(`${directory()}/outside`)
    expect((await expectRight()).elsewhereBytes).toBe(0)
    await rm(`${series}/${IDS[2]!}`, { recursive: true })
    await expectRight()
    await rm(`${series}/${IDS[4]!}`, { recursive: true })
    await expectRight()
    // One that was made by hand between the others.
    await execa('cp', ['-al', IDS[1]!, '2026-11-22T07-00-00Z'], { cwd: series })
    await execa('sed', ['-i', `s/${IDS[1]!}/2026-11-22T07-00-00Z/`, 'manifest.json'], {
      cwd: `${series}/2026-11-22T07-00-00Z`,
    })
    await expectRight()
  })

  test('counts each snapshot once, and then each file', async () => {
    const counted = async (): Promise<number> => {
      let most = 0
      await measure([], { onProgress: (progress) => (most = progress.names) })
      return most
    }
    const files = (await names()).filter(({ isDirectory }) => !isDirectory)
    const inodes = new Set(files.map(({ inode }) => inode))
    expect(await counted()).toBeGreaterThanOrEqual(files.length)
    expect(await counted()).toBe(inodes.size)
  })

  test('is counted anew when what is remembered is not so any more', async () => {
    await expectRight()
    // What must not happen: a file of a snapshot is moved, another is made in its place.
    await rename(`${series}/${IDS[1]!}/tree/slowly`, `${series}/${IDS[1]!}/tree/renamed`)
    await writeFile(`${series}/${IDS[1]!}/tree/slowly`, 'x'.repeat(20_000))
    await expectRight()
    await rm(`${series}/${IDS[3]!}/tree/same`)
    await expectRight()
    const [remembered = ''] = await readdir(`${cache}/space`)
    await writeFile(`${cache}/space/${remembered}`, 'nonsense')
    await expectRight()
  })

  test('is told, with a word, where it cannot be remembered', async () => {
    await writeFile(cache, 'a file where a directory should be')
    const { warnings, totalBytes } = await measure()
    expect(warnings).toEqual([expect.stringContaining('cannot be remembered')])
    expect(totalBytes).toBeGreaterThan(0)
  })

  test('changes nothing in the repository', async () => {
    const all = () => execa('find', [repository, '-printf', '%p %i %T@ %C@ %n\n'])
    const before = await all()
    await measure()
    expect((await all()).stdout).toBe(before.stdout)
  })

  test('leaves out, and says, what a damaged snapshot holds, and what an unfinished backup links', async () => {
    await rm(`${series}/${IDS[0]!}/manifest.json`)
    await mkdir(`${series}/.incoming/2026-11-25T08-00-00Z-abcdef/tree`, { recursive: true })
    await link(
      `${series}/${IDS[4]!}/tree/changes`,
      `${series}/.incoming/2026-11-25T08-00-00Z-abcdef/tree/changes`,
    )
    const { warnings, snapshots: measured, elsewhereBytes } = await measure()
    expect(measured.map(({ id }) => id)).toEqual(IDS.slice(1))
    expect(warnings).toEqual([
      expect.stringContaining(`${IDS[0]!} is damaged`),
      expect.stringContaining('unfinished backup'),
    ])
    const { blocks } = await stat(`${series}/${IDS[4]!}/tree/changes`)
    expect(elsewhereBytes).toBeGreaterThanOrEqual(blocks * 512)
  })

  testAsRoot('says what is closed to whoever asks', async () => {
    await chmod(`${series}/${IDS[0]!}/tree/d`, 0)
    await execa('chown', ['-R', '65534:65534', repository])
    await execa('chmod', ['755', directory()])
    await mkdir(cache)
    await execa('chown', ['65534:65534', cache])
    const identity = { euid: process.geteuid!(), egid: process.getegid!() }
    process.setegid!(65_534)
    process.seteuid!(65_534)
    try {
      const { warnings } = await measure()
      expect(warnings).toEqual([expect.stringContaining('closed to this user')])
    } finally {
      process.seteuid!(identity.euid)
      process.setegid!(identity.egid)
    }
  })

  test('ends when it is told to', async () => {
    const ending = new AbortController()
    ending.abort()
    await expect(measure([], { signal: ending.signal })).rejects.toMatchObject({
      code: 'TERMINATED',
    })
    expect(await readdir(directory())).not.toContain('cache')
  })
})
