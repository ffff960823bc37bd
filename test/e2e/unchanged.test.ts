/** Backups of a source in which nothing changes, as a user meets them. */
import { chmod, mkdir, readdir, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { beforeEach, describe, expect } from 'vitest'
import { repositoryAt } from '../support/back-up-once.ts'
import { eventually } from '../support/eventually.ts'
import { testWith } from '../support/requirements.ts'
import { SILENCE } from '../support/sentences.ts'
import { type Finished, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith('rsync')
const testMounted = testWith('rsync', 'fuse')
let source = ''
let series = ''
let env: Readonly<Record<string, string>>

/** What changed later than this before a scan is not believed by the next one. */
const SETTLED_MS = 3100

function run(...words: readonly string[]): Promise<Finished> {
  return snapfs(words, { env })
}

async function answerOf<Answer>(...words: readonly string[]): Promise<Answer> {
  const { stdout, stderr, exitCode } = await run(...words)
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  return JSON.parse(stdout) as Answer
}

interface Answer {
  readonly snapshots: readonly { readonly id: string }[]
  readonly unchanged: readonly { readonly id: string; readonly snapshot: string }[]
}

beforeEach(async () => {
  source = join(directory(), 'source')
  series = join(directory(), 'repository/home')
  const config = join(directory(), 'config.toml')
  env = { HOME: directory(), SNAPFS_CONFIG: config, TZ: 'UTC' }
  await mkdir(join(source, 'empty'), { recursive: true })
  await writeFile(join(source, 'notes'), 'some')
  await repositoryAt(join(directory(), 'repository'))
  const place = `[profile.home]\nsource = "${source}"\nrepository = "${directory()}/repository"\n`
  await writeFile(config, `${place}on_unchanged = "skip"\n`)
  await setTimeout(SETTLED_MS)
})

async function snapshotIds(): Promise<readonly string[]> {
  return (await readdir(series)).filter((name) => name.endsWith('Z'))
}

describe('with on_unchanged = "skip"', () => {
  test('nothing is made, and nothing said, and both can be seen', async () => {
    const { snapshots } = await answerOf<Answer>('backup', '--json')
    const id = snapshots[0]!.id
    expect(await run('backup')).toEqual(SILENCE)
    expect(await answerOf<Answer>('backup', '--json')).toMatchObject({
      ...{ snapshots: [], unchanged: [{ profile: 'home', snapshot: id }], errors: [] },
    })
    const dry = await run('backup', '--dry-run')
    expect(dry.stdout).toContain('nothing has changed: no snapshot would be made')
    expect(await snapshotIds()).toEqual([id])
    const { stdout } = await run('list')
    expect(stdout).toMatch(/ unchanged +since .*, found so 2 times\n {2}1 snapshot$/u)
    const listed = await answerOf<{ series: readonly { snapshots: readonly object[] }[] }>(
      ...['list', '--json'],
    )
    const time = expect.stringMatching(/^\d{4}-.*Z$/u) as string
    expect(listed.series[0]!.snapshots).toMatchObject([{ verified: [time, time] }])
  })

  test('a change of a directory alone makes a snapshot, and so does the option', async () => {
    expect(await run('backup')).toEqual(SILENCE)
    await chmod(join(source, 'empty'), 0o700)
    expect(await run('backup')).toEqual(SILENCE)
    expect(await snapshotIds()).toHaveLength(2)
    await setTimeout(SETTLED_MS)
    expect(await run('backup')).toEqual(SILENCE)
    expect(await snapshotIds()).toHaveLength(3)
    expect(await run('backup')).toEqual(SILENCE)
    expect(await snapshotIds()).toHaveLength(3)
    expect(await run('backup', '--on-unchanged=snapshot')).toEqual(SILENCE)
    expect(await snapshotIds()).toHaveLength(4)
  })

  testMounted('a mount shows the time as a link as soon as it is there', async () => {
    const history = join(directory(), 'history')
    await mkdir(history)
    const { snapshots } = await answerOf<Answer>('backup', '--json')
    const date = (id: string): string => id.replace('T', '_').replace('Z', '')
    const first = date(snapshots[0]!.id)
    expect((await run('mount', history)).exitCode).toBe(0)
    try {
      expect(await readdir(join(history, 'by-date'))).toEqual([first, 'latest'])
      const { unchanged } = await answerOf<Answer>('backup', '--json')
      const time = date(unchanged[0]!.id)
      await eventually(async () => {
        expect(await readdir(join(history, 'by-date'))).toEqual([first, time, 'latest'])
      })
      expect(await readlink(join(history, 'by-date', time))).toBe(first)
      expect(await readdir(join(history, 'by-date', time))).toEqual(['empty', 'notes'])
      expect(await readdir(join(history, 'by-file/notes'))).toEqual([`notes@${first}`])
    } finally {
      await run('unmount', history)
    }
  })
})
