/** What `snapfs backup` does when a source is not what it was at its last snapshot. */
import { execa } from 'execa'
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect } from 'vitest'
import { repositoryAt } from '../support/back-up-once.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences, SILENCE } from '../support/sentences.ts'
import { type Finished, PROGRAM, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
let source = ''
let repository = ''

beforeEach(async () => {
  source = join(directory(), 'source')
  repository = join(directory(), 'repository')
  await mkdir(source)
  await configure()
  await repositoryAt(repository)
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

describe('the disk of a source', () => {
  const testOnDisk = testWith('rsync', 'root', 'loop')

  /** Each was made at a time of its own, as disks are. */
  async function makeImage(name: string): Promise<string> {
    const image = join(directory(), name)
    await writeFile(image, '')
    await truncate(image, 16 * 1024 * 1024)
    const E2FSPROGS_FAKE_TIME = name === 'first' ? '1700000000' : '1700000001'
    await execa('mkfs.ext4', ['-q', image], { env: { E2FSPROGS_FAKE_TIME } })
    return image
  }

  function mount(...words: readonly string[]): Promise<unknown> {
    return execa('mount', [...words, source])
  }

  testWith('rsync', 'root')('that is not mounted, with files below, is noticed', async () => {
    await fill(source, 3)
    await mount('-t', 'tmpfs', 'tmpfs')
    await fill(source, 4)
    expect(await backUp()).toEqual(SILENCE)
    expect(await newestManifest()).toMatchObject({
      source: { device: { mountpoint: source, type: 'tmpfs', mounted: 'tmpfs' } },
    })
    await execa('umount', [source])
    await expectRefused(`mounted on ${source} (tmpfs, tmpfs)`, /not mounted now/u, /Mount it/u)
    // Mounted again it is another one in memory, and that is no change.
    await mount('-t', 'tmpfs', 'tmpfs')
    await fill(source, 4)
    expect(await backUp()).toEqual(SILENCE)
    await execa('umount', [source])
    expect(await backUp('--accept-shrink')).toEqual(SILENCE)
    expect(await newestManifest()).toMatchObject({
      accepted: ['disk'],
      remarks: [expect.stringMatching(/^Accepted: The source .* is not mounted now\.$/u)],
    })
    expect(await backUp()).toEqual(SILENCE)
  })

  testOnDisk('may get another number, but not another content in its place', async () => {
    const [first, second] = [await makeImage('first'), await makeImage('second')]
    await mount('-o', 'loop', first)
    await fill(source, 3)
    expect(await backUp()).toEqual(SILENCE)
    await execa('umount', [source])

    // As after a boot: the first loop device has gone to another, unless a test beside this one gave one back.
    const elsewhere = join(directory(), 'elsewhere')
    await mkdir(elsewhere)
    await execa('mount', ['-o', 'loop', second, elsewhere])
    await mount('-o', 'loop', first)
    expect(await backUp()).toEqual(SILENCE)
    await execa('umount', [source])

    await execa('umount', [elsewhere])
    await mount('-o', 'loop', second)
    await fill(source, 3)
    await expectRefused(/on another file system than at its last snapshot/u, /right disk/u)
    expect(await backUp('--accept-shrink')).toEqual(SILENCE)
    expect(await backUp()).toEqual(SILENCE)
  })

  testOnDisk('may be a copy by blocks', async () => {
    const first = await makeImage('first')
    await mount('-o', 'loop', first)
    await fill(source, 3)
    expect(await backUp()).toEqual(SILENCE)
    await execa('umount', [source])
    await execa('cp', ['--', first, `${first}-copy`])
    await mount('-o', 'loop', `${first}-copy`)
    expect(await backUp()).toEqual(SILENCE)
  })

  testWith('rsync', 'root')('may be bound to itself, and no longer', async () => {
    await fill(source, 3)
    await mount('--bind', source)
    expect(await backUp()).toEqual(SILENCE)
    await execa('umount', [source])
    expect(await backUp()).toEqual(SILENCE)
  })

  testWith('rsync')('is not asked for when an older manifest does not name it', async () => {
    await fill(source, 3)
    expect(await backUp()).toEqual(SILENCE)
    const [id] = await snapshots()
    const file = join(repository, 'data', id!, 'manifest.json')
    const manifest = JSON.parse(await readFile(file, 'utf8')) as { source: { device?: unknown } }
    expect(manifest.source).toHaveProperty('device.mountpoint')
    delete manifest.source.device
    await writeFile(file, JSON.stringify(manifest))
    expect(await backUp()).toEqual(SILENCE)
    expect(await newestManifest()).toHaveProperty('source.device')
  })
})

describe('a clock', () => {
  testWith('rsync', 'cron')('that is behind is told of, and orders nothing', async () => {
    await fill(source, 3)
    expect(await backUp()).toEqual(SILENCE)
    // The times of files are to be true ones.
    const behind = async (offset: string, ...words: readonly string[]): Promise<Finished> => {
      const all = ['-f', offset, PROGRAM, 'backup', ...words]
      const { exitCode, stdout, stderr } = await execa('faketime', all, {
        env: { ...env(), NO_FAKE_STAT: '1' },
      })
      return { exitCode, stdout, stderr }
    }
    const first = await behind('-3h')
    expect(first).toMatchObject({ exitCode: 0, stdout: '' })
    expect(first.stderr).toMatch(
      /^snapfs: data: The clock is (?:3|2) hours behind the snapshot 20/u,
    )
    expect(first.stderr).not.toMatch(/wrong/u)
    const second = await behind('-400d', '--json')
    const sentence = /^The clock is 57 weeks behind .*: the clock is wrong now, or was wrong then/u
    expect(JSON.parse(second.stdout)).toMatchObject({
      snapshots: [{ outcome: 'complete', warnings: [expect.stringMatching(sentence)] }],
    })
    const names = await snapshots()
    expect(names).toHaveLength(3)
    const text = await readFile(join(repository, 'data', names[0]!, 'manifest.json'), 'utf8')
    expect(JSON.parse(text)).toMatchObject({
      sequence: 3,
      remarks: [expect.stringMatching(sentence)],
    })
    const list = await snapfs(['list', '--json'], { env: env() })
    const { series } = JSON.parse(list.stdout) as {
      readonly series: readonly { readonly snapshots: readonly { readonly id: string }[] }[]
    }
    expect(series[0]?.snapshots.map(({ id }) => id)).toEqual([names[2], names[1], names[0]])
  })
})

describe('what is mounted inside a source', () => {
  testWith('rsync', 'root')('is left out by an option or the configuration', async () => {
    await mkdir(join(source, 'mount'))
    await execa('mount', ['-t', 'tmpfs', 'tmpfs', join(source, 'mount')])
    await fill(join(source, 'mount'), 120)
    const stored = async (): Promise<number> => {
      const [newest] = (await snapshots()).slice(-1)
      return (await readdir(join(repository, 'data', newest!, 'tree/mount'))).length
    }
    expect(await backUp()).toEqual(SILENCE)
    expect(await stored()).toBe(120)
    // Somebody wanted it, so it is no shrinking.
    expect(await backUp('--one-file-system')).toEqual(SILENCE)
    expect(await stored()).toBe(0)
    await configure('one_file_system = true')
    expect(await backUp()).toEqual(SILENCE)
    expect(await stored()).toBe(0)
    expect(await newestManifest()).toMatchObject({ fileSystems: 'one' })
  })
})

describe('options of rsync', () => {
  test('are used when they are harmless, and refused by name when not', async () => {
    await fill(source, 3)
    await configure('rsync_options = ["--bwlimit=50m", "--no-whole-file"]')
    expect(await backUp()).toEqual(SILENCE)
    await configure('rsync_options = ["--fsync", "--inplace"]')
    expectSentences(await backUp(), 2, [
      /:4:29: profile\.data\.rsync_options\.1: "--inplace" is refused, since it writes into files/u,
    ])
    await configure('rsync_options = ["-x"]')
    expectSentences(await backUp(), 2, [/since -x is written one_file_system = true/u])
    expect(await snapshots()).toHaveLength(1)
  })
})
