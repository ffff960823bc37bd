/** What `snapfs backup` does when little is free where the repository lies. */
import { execa } from 'execa'
import { mkdir, readdir, rm, statfs, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { backUpOnce, repositoryAt } from '../support/back-up-once.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences, SILENCE } from '../support/sentences.ts'
import { snapfs, type Finished } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const MIB = 1024 * 1024

/** A repository with one snapshot, on a file system in memory or on a loop device. */
async function prepare(kind: 'tmpfs' | 'ext4', sizeMiB: number, inodes: number): Promise<void> {
  const disk = join(directory(), 'disk')
  await mkdir(disk)
  if (kind === 'tmpfs') {
    const options = `mode=755,size=${sizeMiB}m,nr_inodes=${inodes}`
    await execa('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk])
  } else {
    const image = join(directory(), 'image')
    await writeFile(image, '')
    await truncate(image, sizeMiB * MIB)
    await execa('mkfs.ext4', ['-q', '-m', '0', '-N', String(inodes), image])
    await execa('mount', ['-o', 'loop', image, disk])
  }
  const source = join(directory(), 'source')
  await mkdir(source)
  await writeFile(join(source, 'letter'), 'Dear reader\n')
  await configure()
  const repository = join(disk, 'repository')
  await repositoryAt(repository)
  const profile = { name: 'data', source, repository, exclude: [] }
  await backUpOnce(repository, source, { profile })
}

async function configure(...lines: readonly string[]): Promise<void> {
  const text = [
    `repository = "${directory()}/disk/repository"`,
    '[profile.data]',
    `source = "${directory()}/source"`,
    ...lines,
  ]
  await writeFile(join(directory(), 'config.toml'), `${text.join('\n')}\n`)
}

function run(...words: readonly string[]): Promise<Finished> {
  const env = { HOME: directory(), SNAPFS_CONFIG: join(directory(), 'config.toml') }
  return snapfs(words, { env })
}

async function fillSpace(leaveBytes: number): Promise<void> {
  const ballast = join(directory(), 'disk/ballast')
  const { bavail, bsize } = await statfs(join(directory(), 'disk'))
  await execa('fallocate', ['-l', String(bavail * bsize - leaveBytes), ballast])
}

async function fillInodes(leave: number): Promise<void> {
  const place = join(directory(), 'disk/ballast')
  await mkdir(place)
  const { ffree } = await statfs(place)
  for (let n = leave; n < ffree; n += 1) await writeFile(join(place, `${n}`), '')
}

/** All there is in the repository, with times, since a refused run must not have been there at all. */
async function content(): Promise<string> {
  const { stdout } = await execa('find', [
    join(directory(), 'disk/repository'),
    ...['-printf', '%P %i %m %s %T@ %C@\\n'],
  ])
  return stdout.split('\n').sort().join('\n')
}

async function expectRefused(...says: readonly RegExp[]): Promise<void> {
  const before = await content()
  expectSentences(await run('backup'), 22, [
    /The file system of the repository .*\/disk\/repository \(.* on .*\/disk\)/u,
    /Nothing was written\. Make room/u,
    ...says,
  ])
  expect(await content()).toBe(before)
}

for (const kind of ['tmpfs', 'ext4'] as const) {
  const test = testWith('rsync', 'root', 'loop')

  describe(`a repository on ${kind}`, () => {
    test('whose space is all but used up is not written to, and can be looked at', async () => {
      await prepare(kind, 64, 1200)
      await fillSpace(300 * 1024)
      await expectRefused(
        /too little space: [\d.]+ kB of [\d.]+ MB are free, and a backup begins with [\d.]+ kB/u,
        /min_free in the configuration, --min-free/u,
      )
      const list = await run('list')
      expect(list).toMatchObject({ exitCode: 0, stderr: '' })
      expect(list.stdout).toMatch(/1 snapshot$/u)
      expect(await run('backup', '--min-free', '100 KiB')).toEqual(SILENCE)
      await configure('min_free = "off"')
      expect(await run('backup')).toEqual(SILENCE)
    })

    test('whose inodes are all but used up is not written to', async () => {
      await prepare(kind, 64, 1200)
      await fillInodes(8)
      await expectRefused(
        /too few inodes: 8 of 1,\d{3} are free, and a backup begins with 1\d at least/u,
        /min_free_inodes in the configuration, --min-free-inodes/u,
      )
      await rm(join(directory(), 'disk/ballast'), { recursive: true })
      expect(await run('backup')).toEqual(SILENCE)
    })
  })
}

describe('a floor', () => {
  const test = testWith('rsync', 'root')

  test('is what the configuration says', async () => {
    await prepare('tmpfs', 16, 1200)
    await configure('min_free = "5 GiB"')
    await expectRefused(/and a backup begins with 5\.37 GB/u)
    await configure('min_free = "99.9 %"')
    await expectRefused(/too little space/u)
    await configure('min_free_inodes = "5000"')
    await expectRefused(/begins with 5,000/u)
    await configure('min_free_inodes = "2 %"', 'min_free = "2 %"')
    expect(await run('backup')).toEqual(SILENCE)
  })

  test('that nobody understands is pointed at', async () => {
    await prepare('tmpfs', 16, 1200)
    await configure('min_free = "5"')
    expectSentences(await run('backup'), 2, [/:4:1: profile\.data\.min_free: a floor .* "5 GiB"/u])
    await configure('min_free_inodes = "many"')
    expectSentences(await run('backup'), 2, [/:4:1: profile\.data\.min_free_inodes: a floor/u])
    await configure()
    expectSentences(await run('backup', '--min-free', 'x'), 2, [
      /--min-free x: a floor/u,
      /--help/u,
    ])
  })

  test('does not keep what a killed run left from being removed', async () => {
    await prepare('tmpfs', 64, 1200)
    const left = join(directory(), 'disk/repository/data/.incoming/2026-01-01T00-00-00Z-abcdef')
    await mkdir(left)
    const { bavail, bsize } = await statfs(left)
    await execa('fallocate', ['-l', String(bavail * bsize - 300 * 1024), join(left, 'half')])
    expect(await run('backup')).toEqual(SILENCE)
    expect(await readdir(join(left, '..'))).toEqual([])
  })
})
