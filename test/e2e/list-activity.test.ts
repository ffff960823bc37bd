/** What `snapfs list` says beside the snapshots: of a run that works now, and of what a killed one left. */
import { execa } from 'execa'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import {
  type GatedPlace,
  leaveUnfinished,
  openGate,
  stagedIn,
  startGated,
  useGatedPlace,
} from '../support/gated-backup.ts'
import { testWith } from '../support/requirements.ts'
import { SILENCE } from '../support/sentences.ts'
import { snapfs } from '../support/snapfs.ts'

/** A user without rights of his own. */
const NOBODY = 65_534

const place = useGatedPlace()
const test = testWith('rsync')
const testAsRoot = testWith('rsync', 'root')

async function listed(here: GatedPlace): Promise<{ series: readonly Record<string, unknown>[] }> {
  const { exitCode, stdout, stderr } = await snapfs(['list', '--json'], { env: here.env })
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return JSON.parse(stdout) as { series: readonly Record<string, unknown>[] }
}

/** What is said on standard error, with what must be so in any case. */
async function remarksOf(here: GatedPlace): Promise<string> {
  const { exitCode, stdout, stderr } = await snapfs(['list'], { env: here.env })
  expect(exitCode).toBe(0)
  expect(stdout).toContain(`data  ${here.repository}/data`)
  return stderr
}

/** The time an id names, as JSON tells it. */
function timeOf(staged: string): string {
  return `${staged.slice(0, 10)}T${staged.slice(11, 19).replaceAll('-', ':')}.000Z`
}

describe('a run that was killed', () => {
  test('is reported with its time and path until the next backup', async () => {
    expect(await remarksOf(place())).toBe('')
    await leaveUnfinished(place())
    const [staged] = await stagedIn(place())
    const path = join(place().series, '.incoming', staged!)
    const stderr = await remarksOf(place())
    expect(stderr).toMatch(
      /^snapfs: data: An unfinished run of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+05:45 left \S+; the next backup goes on from there\.$/u,
    )
    expect(stderr).toContain(`left ${path};`)
    const { series } = await listed(place())
    expect(series).toHaveLength(1)
    expect(series[0]!['unfinished']).toEqual([
      { profile: 'data', path, startedAt: timeOf(staged!) },
    ])
    expect(series[0]).not.toHaveProperty('running')
    // Looking changed nothing, and the next run clears it.
    expect(await stagedIn(place())).toEqual([staged])
    await openGate(place())
    expect(await snapfs(['backup'], { env: place().env })).toEqual(SILENCE)
    expect(await remarksOf(place())).toBe('')
    expect((await listed(place())).series[0]!['unfinished']).toEqual([])
  })

  test('is reported also when its lock is gone', async () => {
    await leaveUnfinished(place())
    await rm(join(place().series, '.lock'))
    expect(await remarksOf(place())).toMatch(/An unfinished run of /u)
  })

  testAsRoot('is reported in a repository that is read-only', async () => {
    await leaveUnfinished(place())
    const { repository } = place()
    await execa('mount', ['--bind', repository, repository])
    await execa('mount', ['-o', 'remount,ro,bind', repository])
    expect(await remarksOf(place())).toMatch(/An unfinished run of /u)
  })

  testAsRoot('is not spoken of to who may not look', async () => {
    await leaveUnfinished(place())
    // Another user, to whom the repository was opened, but neither the lock nor what is staged.
    const { root, repository, series, env } = place()
    await execa('chmod', ['755', root, repository, series])
    await execa('chmod', ['644', join(root, 'config.toml'), join(repository, 'snapfs.json')])
    for (const lock of ['a lock that may not be read', 'no lock']) {
      if (lock === 'no lock') await rm(join(series, '.lock'))
      const result = await snapfs(['list'], { env, uid: NOBODY, gid: NOBODY })
      expect(result, lock).toMatchObject({ exitCode: 0, stderr: '' })
      expect(result.stdout).toContain('no snapshots yet')
      const json = await snapfs(['list', '--json'], { env, uid: NOBODY, gid: NOBODY })
      expect(JSON.parse(json.stdout)).toMatchObject({ series: [{ unfinished: [] }] })
    }
  })
})

describe('a run that works', () => {
  test('is reported, also when it was stopped, and takes nothing for a leftover', async () => {
    await leaveUnfinished(place())
    const running = await startGated(place())
    process.kill(running.engine, 'SIGSTOP')
    const stderr = await remarksOf(place())
    expect(stderr).toMatch(
      /^snapfs: data: A backup is running: process \d+ on \S+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+05:45( \(.+ ago\))?\.$/u,
    )
    expect(stderr).toContain(`process ${running.engine} on ${hostname()},`)
    const { series } = await listed(place())
    expect(series[0]).toMatchObject({
      unfinished: [],
      running: {
        profile: 'data',
        command: 'snapfs backup',
        pid: running.engine,
        host: hostname(),
        since: expect.stringMatching(/^\d{4}-.*Z$/u) as string,
        proven: true,
      },
    })
    process.kill(running.engine, 'SIGCONT')
    await openGate(place())
    expect(await running.ended).toEqual(SILENCE)
    expect(await remarksOf(place())).toBe('')
    expect((await listed(place())).series[0]).not.toHaveProperty('running')
  })
})

describe('a lock that does not say whose it is', () => {
  test('is told, with what to do, as no backup is made while it is there', async () => {
    await mkdir(join(place().series, '.incoming'), { recursive: true })
    await writeFile(join(place().series, '.lock'), '')
    expect(await remarksOf(place())).toMatch(
      /^snapfs: data: The lock \S+\/\.lock is empty, .* No backup is made while it is there\. .*remove the file\.$/u,
    )
  })
})
