/** A backup that gives way: to the time, to the network, to other programs. */
import { execa } from 'execa'
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect } from 'vitest'
import { repositoryAt } from '../support/back-up-once.ts'
import { binWith, whereIs } from '../support/programs.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences, SILENCE } from '../support/sentences.ts'
import { type Finished, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith('rsync')
let source = ''
let series = ''
let path = ''

beforeEach(async () => {
  source = join(directory(), 'source')
  series = join(directory(), 'repository/data')
  path = process.env['PATH'] ?? ''
  await mkdir(source)
  await writeFile(join(source, 'letter'), 'Dear reader\n')
  await configure()
  await repositoryAt(join(directory(), 'repository'))
})

async function configure(...lines: readonly string[]): Promise<void> {
  const head = [`repository = "${directory()}/repository"`, '[profile.data]']
  const text = [...head, `source = "${source}"`, ...lines].join('\n')
  await writeFile(join(directory(), 'config.toml'), `${text}\n`)
}

function run(...words: readonly string[]): Promise<Finished> {
  const env = { HOME: directory(), SNAPFS_CONFIG: join(directory(), 'config.toml'), PATH: path }
  return snapfs(words, { env })
}

describe('a backup for which there is only so much time', () => {
  test('stops, and the next one goes on from there', async () => {
    await truncate(await fileOf('zz-endless'), 200 * 1024 ** 3)
    const began = performance.now()
    expectSentences(await run('backup', '--stop-after', '2 s'), 23, [
      /Stopped after 2 seconds, as asked; nothing was published/u,
      /goes on from there/u,
    ])
    expect(performance.now() - began).toBeGreaterThan(2000)
    expect(await readdir(join(series, '.incoming'))).toHaveLength(1)
    await rm(join(source, 'zz-endless'))
    expect(await run('backup', '--stop-after', '10 minutes')).toEqual(SILENCE)
    const { stdout } = await run('list', '--json')
    expect(stdout).toContain('"outcome":"complete"')
    expect(await readdir(join(series, '.incoming'))).toEqual([])
  })

  test('has it from the configuration', async () => {
    await truncate(await fileOf('zz-endless'), 200 * 1024 ** 3)
    await configure('stop_after = "1 s"')
    expectSentences(await run('backup'), 23, [/Stopped after 1 second,/u])
  })

  test('is told what is no time', async () => {
    expectSentences(await run('backup', '--stop-after', 'noon'), 2, [/--stop-after noon: a dur/u])
    await configure('stop_after = "noon"')
    expectSentences(await run('backup'), 2, [/:4:1: profile\.data\.stop_after: a duration/u])
  })
})

describe('a backup with a limit of bytes a second', () => {
  for (const [where, words, lines] of [
    ['on the command line', ['--bwlimit', '1 MB'], []],
    ['in the configuration', [], ['bandwidth_limit = "1 MB"']],
  ] as const) {
    test(`${where} takes its time`, async () => {
      await execa('sh', ['-c', `head -c 3000000 /dev/urandom > '${await fileOf('large')}'`])
      await configure(...lines)
      const began = performance.now()
      expect(await run('backup', ...words)).toEqual(SILENCE)
      expect(performance.now() - began).toBeGreaterThan(2000)
    })
  }

  test('is told what is no rate', async () => {
    expectSentences(await run('backup', '--bwlimit', 'slow'), 2, [/--bwlimit slow: an amount/u])
  })
})

describe('a backup that is nice', () => {
  test('lets others come first, with all that it starts', async () => {
    const bin = await binWith(directory(), [])
    const said = join(directory(), 'said')
    const rsync = `#!/bin/sh\n{ ps -o ni= -p $$; ionice -p $$; } >>'${said}'\nexec ${await whereIs('rsync')} "$@"\n`
    await writeFile(join(bin, 'rsync'), rsync, { mode: 0o755 })
    path = `${bin}:${path}`
    await configure('nice = 7', 'ionice = "idle"')
    expect(await run('backup')).toEqual(SILENCE)
    expect(await readFile(said, 'utf8')).toMatch(/^ *7\nidle\b/mu)
  })

  test('is told what is not', async () => {
    await configure('nice = 20')
    expectSentences(await run('backup'), 2, [/:4:1: profile\.data\.nice: /u])
    await configure('ionice = "realtime"')
    expectSentences(await run('backup'), 2, [/:4:1: profile\.data\.ionice: /u])
  })
})

async function fileOf(name: string): Promise<string> {
  const file = join(source, name)
  await writeFile(file, '')
  return file
}
