import { execa } from 'execa'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import { initialize } from '../support/initialize.ts'
import { testWith } from '../support/requirements.ts'
import { PROGRAM, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith('rsync')
const testAsRoot = testWith('rsync', 'root')
let env: Readonly<Record<string, string>>
let repository = ''

beforeEach(async () => {
  repository = `${directory()}/repository`
  env = { HOME: directory(), SNAPFS_CONFIG: `${directory()}/config.toml`, TZ: 'Europe/Berlin' }
  await mkdir(`${directory()}/source`)
  await writeFile(`${directory()}/source/file`, 'x'.repeat(1500))
  const source = `${directory()}/source`
  await initialize(`${directory()}/config.toml`, { name: 'home', source, repository })
})

describe('list', () => {
  test('says that there is nothing yet', async () => {
    const { exitCode, stdout } = await snapfs(['list'], { env })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('no snapshots yet')
  })

  test('shows time with its offset, outcome, what there is, what changed, and labels', async () => {
    await snapfs(['backup'], { env })
    await snapfs(['backup'], { env })
    const [id] = (await readdir(`${repository}/home`))
      .filter((name) => name.startsWith('20'))
      .sort()
    const labels = { [id!]: { pinned: true, tags: ['before upgrade'], comment: 'a\nb' } }
    await writeFile(`${repository}/home/labels.json`, JSON.stringify({ format: 1, labels }))
    const { exitCode, stdout, stderr } = await snapfs(['list', 'home'], { env })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const lines = stdout.split('\n')
    expect(lines[0]).toBe(`home  ${repository}/home`)
    expect(lines[2]).toMatch(
      /^ {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0[12]:00 {2}complete +1 +1\.5 kB +1 +1\.5 kB {2}pinned #before upgrade a\\x0ab$/u,
    )
    expect(lines[3]).toMatch(/complete +1 +1\.5 kB +0 +0 B$/u)
    expect(lines[4]).toBe('  2 snapshots')
  })

  test('answers programs in JSON, with times in UTC', async () => {
    await snapfs(['backup'], { env })
    const { stdout } = await snapfs(['list', '--json'], { env })
    expect(JSON.parse(stdout)).toMatchObject({
      series: [
        {
          profile: 'home',
          repository,
          snapshots: [
            {
              time: expect.stringMatching(/Z$/u) as string,
              outcome: 'complete',
              files: 1,
              pinned: false,
            },
          ],
          damaged: [],
        },
      ],
    })
  })

  test('needs no configuration when the repository is named', async () => {
    await snapfs(['backup'], { env })
    const elsewhere = { ...env, SNAPFS_CONFIG: undefined, XDG_CONFIG_HOME: directory() }
    const { exitCode, stdout } = await snapfs(['list', '--repository', repository], {
      env: elsewhere,
    })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('1 snapshot')
  })

  test('reports what is damaged, and shows the rest', async () => {
    await snapfs(['backup'], { env })
    await mkdir(`${repository}/home/2020-01-01T00-00-00Z/tree`, { recursive: true })
    await writeFile(`${repository}/home/2020-01-01T00-00-00Z/manifest.json`, '{')
    const { exitCode, stdout } = await snapfs(['list'], { env })
    expect(exitCode).toBe(0)
    expect(stdout).toContain(
      '1 snapshot\n2020-01-01T00-00-00Z is damaged: its manifest is damaged: it is not JSON',
    )
  })

  test('is done when its reader has enough', async () => {
    await snapfs(['backup'], { env })
    const { stderr, stdout } = await execa(
      'bash',
      ['-c', 'set -o pipefail; "$0" list | head -1', PROGRAM],
      { env },
    )
    expect(stderr).toBe('')
    expect(stdout).toContain('home')
  })

  testAsRoot('works on a repository that is read-only', async () => {
    await snapfs(['backup'], { env })
    await execa('mount', ['--bind', repository, repository])
    await execa('mount', ['-o', 'remount,ro,bind', repository])
    const { exitCode, stdout } = await snapfs(['list'], { env })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('1 snapshot')
  })
})

describe('a backup', () => {
  test('shows a bar and a summary on a terminal, and is silent in a pipe', async () => {
    for (let n = 0; n < 200; n += 1)
      await writeFile(`${directory()}/source/${n}`, `${n}`.repeat(5000))
    const log = `${directory()}/typescript`
    await execa('script', ['-qefc', `${PROGRAM} backup`, log], { env: { ...env, TERM: 'xterm' } })
    const shown = await readFile(log, 'utf8')
    expect(shown).toMatch(/home .*\d+ %/u)
    expect(shown).toMatch(/home: snapshot \S+, complete, in \d+\.\d s/u)
    expect(shown).toMatch(/201 files, .*new or changed: 201/u)
    const piped = await snapfs(['backup'], { env })
    expect(piped).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })
})
