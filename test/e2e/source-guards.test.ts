/** What `snapfs backup` does when a source is not what it was at its last snapshot. */
import { execa } from 'execa'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect } from 'vitest'
import { testWith } from '../support/requirements.ts'
import { expectSentences, SILENCE } from '../support/sentences.ts'
import { snapfs, type Finished } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
let source = ''
let repository = ''

beforeEach(async () => {
  source = join(directory(), 'source')
  repository = join(directory(), 'repository')
  await mkdir(source)
  await configure()
  const init = ['init', repository, '--source', source, '--profile', 'data']
  expect(await snapfs(init, { env: env() })).toMatchObject({ exitCode: 0 })
})

function env(): Readonly<Record<string, string>> {
  return { HOME: directory(), SNAPFS_CONFIG: join(directory(), 'config.toml') }
}

async function configure(...lines: readonly string[]): Promise<void> {
  const text = [`repository = "${repository}"`, '[profile.data]', `source = "${source}"`, ...lines]
  await writeFile(join(directory(), 'config.toml'), `${text.join('\n')}\n`)
}

async function fill(place: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await writeFile(join(place, `file-${n}`), `content ${n}`)
}

function backUp(...words: readonly string[]): Promise<Finished> {
  return snapfs(['backup', ...words], { env: env() })
}

async function snapshots(): Promise<readonly string[]> {
  const names = await readdir(join(repository, 'data'))
  return names.filter((name) => /^\d{4}-.*Z$/u.test(name)).sort()
}

async function newestManifest(): Promise<unknown> {
  const [newest] = (await snapshots()).slice(-1)
  return JSON.parse(await readFile(join(repository, 'data', newest!, 'manifest.json'), 'utf8'))
}

/** Runs a backup that must be refused, and makes sure that nothing came of it. */
async function expectRefused(...says: readonly (string | RegExp)[]): Promise<void> {
  const before = await snapshots()
  expectSentences(await backUp(), 14, [source, /--accept-shrink/u, ...says])
  expect(await snapshots()).toEqual(before)
  expect(await readdir(join(repository, 'data/.incoming'))).toEqual([])
  expect(await readdir(join(repository, 'data'))).not.toContain('.lock')
}

const test = testWith('rsync')

describe('a source that shrank', () => {
  beforeEach(async () => {
    await fill(source, 120)
    expect(await backUp()).toEqual(SILENCE)
  })

  async function removeFiles(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) await rm(join(source, `file-${n}`))
  }

  test('is refused with its figures, and again, until it is accepted once', async () => {
    await removeFiles(110)
    await expectRefused(/has 11 of the 121 files and directories of its last snapshot 20/u)
    await expectRefused(/11 of the 121/u)
    expect(await backUp('--accept-shrink')).toEqual(SILENCE)
    expect(await newestManifest()).toMatchObject({
      accepted: ['shrink'],
      remarks: [expect.stringMatching(/^Accepted: The source .* has 11 of the 121/u)],
    })
    expect(await backUp()).toEqual(SILENCE)
    expect(await newestManifest()).not.toHaveProperty('accepted')
    expect(await snapshots()).toHaveLength(3)
  })

  test('says so in JSON', async () => {
    await removeFiles(110)
    const { exitCode, stdout } = await backUp('--json')
    expect(exitCode).toBe(14)
    expect(JSON.parse(stdout)).toMatchObject({
      snapshots: [],
      errors: [
        {
          code: 'SOURCE_REFUSED',
          exitCode: 14,
          message: expect.stringMatching(/11 of/u) as string,
        },
      ],
    })
  })

  test('may lose half of its files', async () => {
    await removeFiles(60)
    expect(await backUp()).toEqual(SILENCE)
  })

  test('is held to what the configuration says', async () => {
    await removeFiles(60)
    await configure('max_shrink = "10 %"')
    await expectRefused(/61 of the 121/u)
    await configure('max_shrink = "off"')
    expect(await backUp()).toEqual(SILENCE)
  })

  test('is accepted when a new pattern leaves the files out', async () => {
    expect(await backUp('--exclude', 'file-1*')).toEqual(SILENCE)
    await configure('exclude = ["file-*"]')
    expect(await backUp()).toEqual(SILENCE)
    // From now on the pattern is an old one.
    await configure('exclude = ["file-*"]', 'max_shrink = "10 %"')
    expect(await backUp()).toEqual(SILENCE)
  })

  test('is refused when all its files are cut to nothing', async () => {
    await writeFile(join(source, 'film'), Buffer.alloc(2 * 1024 * 1024, 1))
    expect(await backUp()).toEqual(SILENCE)
    for (const name of await readdir(source)) await writeFile(join(source, name), '')
    await expectRefused(/has 0 B of the 2\.1 MB of its last snapshot/u)
  })

  test('to nothing at all is refused, and accepted by either option', async () => {
    await execa('find', [source, '-mindepth', '1', '-delete'])
    await expectRefused(/is empty, but its last snapshot was not/u)
    expect(await backUp('--allow-empty')).toEqual(SILENCE)
    expect(await newestManifest()).toMatchObject({ accepted: ['shrink'] })
    await fill(source, 120)
    expect(await backUp()).toEqual(SILENCE)
    await removeFiles(119)
    expectSentences(await backUp('--allow-empty'), 14, [/2 of the 121/u])
    await rm(join(source, 'file-119'))
    expect(await backUp('--accept-shrink')).toEqual(SILENCE)
  })

  test.each([
    ['max_shrink = "half"', /:4:1: profile\.data\.max_shrink: a share .* "50 %" or "off"/u],
    ['max_shrink = 50', /:4:1: profile\.data\.max_shrink: expected string/u],
  ])('is not judged by %j', async (line, says) => {
    await configure(line)
    expectSentences(await backUp(), 2, [says])
  })
})
