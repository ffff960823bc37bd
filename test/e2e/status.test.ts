/** `snapfs status`, as somebody asks it who wants to know whether all is well. */
import { execa } from 'execa'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { beforeEach, describe, expect } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { initialize } from '../support/initialize.ts'
import { processesOf, sendSignal } from '../support/processes.ts'
import { testWith } from '../support/requirements.ts'
import { SILENCE } from '../support/sentences.ts'
import { type Finished, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const NAMESPACES_MS = 60_000

const directory = useTemporaryDirectory()
const test = testWith('rsync')
const testMounted = testWith('rsync', 'fuse')
/** What changed later than this before a scan is not believed by the next one. */
const SETTLED_MS = 3100
let repository = ''
let history = ''
let env: Readonly<Record<string, string>>

beforeEach(async () => {
  repository = join(directory(), 'repository')
  history = join(directory(), 'history')
  env = {
    HOME: directory(),
    SNAPFS_CONFIG: join(directory(), 'config.toml'),
    XDG_STATE_HOME: join(directory(), 'state'),
    TZ: 'UTC',
  }
  await mkdir(join(directory(), 'source'))
  await mkdir(history)
  await writeFile(join(directory(), 'source/notes'), 'some')
  const source = join(directory(), 'source')
  await initialize(join(directory(), 'config.toml'), { name: 'home', source, repository })
})

function run(...words: readonly string[]): Promise<Finished> {
  return snapfs(words, { env })
}

interface Mount {
  readonly mountpoint: string
  readonly state: string
  readonly pid?: number
  readonly log?: string
}

interface Answer {
  readonly profiles: readonly Record<string, unknown>[]
  readonly mounts: readonly Mount[]
  readonly errors: readonly Record<string, unknown>[]
}

/** Other tests mount, too, at the same time. */
async function answer(...words: readonly string[]): Promise<Answer> {
  const { stdout } = await run('status', '--json', ...words)
  const { mounts, ...rest } = JSON.parse(stdout) as Answer
  return { ...rest, mounts: mounts.filter(({ mountpoint }) => mountpoint === history) }
}

describe('of a profile', () => {
  test('without snapshots it says so', async () => {
    const { exitCode, stdout, stderr } = await run('status')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain(
      `home  ${directory()}/source in ${repository}/home\n  no snapshots yet`,
    )
  })

  test('it tells the newest snapshot, and when nothing had changed since', async () => {
    await setTimeout(SETTLED_MS)
    await run('backup')
    await run('backup', '--on-unchanged', 'skip')
    const { profiles } = await answer()
    const verified = expect.stringMatching(/Z$/u) as string
    expect(profiles).toMatchObject([{ newest: { outcome: 'complete', verified } }])
    const { exitCode, stdout, stderr } = await run('status', 'home')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/^ {2}newest {5}\d{4}-\S+ \S+ \+00:00 \(.* ago\), complete$/mu)
    expect(stdout).toMatch(/^ {2}unchanged {2}\d{4}-\S+ \S+ \+00:00 \(.* ago\)/mu)
    expect(stdout).toMatch(/^ {2}in all {5}\d snapshots? since/mu)
  })

  test('whose repository is gone it says that, and of the others how they are', async () => {
    await run('backup')
    const other = `[profile.other]\nsource = "/etc"\nrepository = "${directory()}/gone"\n`
    const config = await readFile(env['SNAPFS_CONFIG']!, 'utf8')
    await writeFile(env['SNAPFS_CONFIG']!, config + other)
    const { exitCode, stdout, stderr } = await run('status')
    expect(exitCode).toBe(10)
    expect(stdout).toMatch(/newest .*, complete/u)
    expect(stderr).toContain(`snapfs: other: There is no repository at ${directory()}/gone.`)
    expect((await answer()).errors).toMatchObject([{ profile: 'other', exitCode: 10 }])
    expect((await run('status', 'home')).exitCode).toBe(0)
  })

  test('that nobody configured is wrong, and without any it shows the mounts', async () => {
    expect(await run('status', 'nobody')).toMatchObject({ exitCode: 2 })
    await rm(env['SNAPFS_CONFIG']!)
    const elsewhere = { env: { ...env, SNAPFS_CONFIG: '' } }
    const { exitCode, stderr } = await snapfs(['status'], elsewhere)
    if (process.getuid?.() !== 0) expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^(?:snapfs: There is no configuration at|$)/u)
  })
})

describe('of a mount', () => {
  testMounted('it tells what it shows, who serves it, and where its log is', async () => {
    await run('backup')
    expect(await run('mount', history)).toEqual(SILENCE)
    const { mounts } = await answer()
    const serving = (await processesOf(directory())).filter(({ commandLine }) =>
      commandLine.includes('--foreground'),
    )
    expect(mounts).toMatchObject([
      { state: 'serving', repository, profiles: ['home'], pid: serving[0]!.pid },
    ])
    const { stdout } = await run('status')
    expect(stdout).toContain(`${history}\n  shows      home in ${repository}\n`)
    const log = await readFile(mounts[0]!.log!, 'utf8')
    expect(log).toMatch(/^\S+Z snapfs: Serving home of .* on .*\.\n$/u)
    expect(await run('unmount', history)).toEqual(SILENCE)
    // Tests beside this one have mount namespaces of their own, and in each the mount lives on for as long.
    await eventually(
      async () =>
        expect(await readFile(mounts[0]!.log!, 'utf8')).toMatch(/ snapfs: Unmounted\.\n$/u),
      NAMESPACES_MS,
    )
    expect((await answer()).mounts).toEqual([])
    const left = await readdir(join(directory(), 'state/snapfs/mounts'))
    expect(left).toEqual([expect.stringMatching(/\.log$/u)])
  })

  testMounted('it puts a log aside that has grown large', async () => {
    await run('backup')
    await run('mount', history)
    const log = (await answer()).mounts[0]!.log!
    await run('unmount', history)
    await writeFile(log, 'x'.repeat(1024 * 1024 + 1))
    expect(await run('mount', history)).toEqual(SILENCE)
    expect((await readFile(`${log}.old`, 'utf8')).startsWith('xxx')).toBe(true)
    expect(await readFile(log, 'utf8')).toMatch(/^\S+Z snapfs: Serving/u)
  })

  testMounted('whose process was stopped it says so, and does not hang', async () => {
    await run('backup')
    await run('mount', history)
    const pid = (await answer()).mounts[0]!.pid!
    sendSignal(pid, 'SIGSTOP')
    try {
      expect((await answer()).mounts).toMatchObject([{ state: 'stopped' }])
      expect((await run('status')).stdout).toContain(`kill -CONT ${pid}`)
    } finally {
      sendSignal(pid, 'SIGCONT')
    }
    expect((await answer()).mounts).toMatchObject([{ state: 'serving' }])
  })

  testMounted('whose process was stopped it is not mounted over, nor waited for', async () => {
    await run('backup')
    await run('mount', history)
    const pid = (await answer()).mounts[0]!.pid!
    sendSignal(pid, 'SIGSTOP')
    try {
      const again = await run('mount', history)
      expect(again.exitCode).toBe(31)
      expect(again.stderr).toContain(`snapfs is mounted on ${history} and does not answer.`)
      expect(await run('unmount', '--lazy', history)).toEqual(SILENCE)
      expect(await readdir(history)).toEqual([])
      expect(await run('mount', history)).toEqual(SILENCE)
      expect(await readdir(history)).toContain('by-date')
    } finally {
      sendSignal(pid, 'SIGCONT')
    }
  })

  testMounted('without a place for its record it works all the same, and says why', async () => {
    await run('backup')
    await writeFile(join(directory(), 'state'), 'no directory')
    const { exitCode, stdout, stderr } = await run('mount', history)
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    expect(stderr).toMatch(/^snapfs: The mount has no log: /u)
    expect(await readdir(history)).toContain('by-date')
    expect((await answer()).mounts).toMatchObject([{ state: 'unknown' }])
    expect((await run('status')).stdout).toContain('no more is known')
  })

  testMounted('that is in use, unmount names who uses it', async () => {
    await run('backup')
    await run('mount', history)
    const user = execa('sleep', ['60'], { cwd: join(history, 'by-date'), reject: false })
    const busy = await run('unmount', history)
    expect(busy.exitCode).toBe(31)
    expect(busy.stderr).toContain(`| sleep (process ${user.pid!}): its working directory`)
    user.kill()
    await user
    expect(await run('unmount', history)).toEqual(SILENCE)
  })
})
