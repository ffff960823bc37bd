import { execa } from 'execa'
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
} from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import { decodeManifest } from '../../src/model/manifest.ts'
import { backUpOnce, repositoryAt, testWorld, treeOf } from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { differences, fingerprint, sharedFiles } from '../support/compare-trees.ts'
import { crowd, EXT4_LINKS } from '../support/crowd.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
const testAsRoot = testWith('rsync', 'root')
let source = ''
let repository = ''

beforeEach(() => {
  ;({ source, repository } = place())
})

async function write(path: string, content: string): Promise<void> {
  await writeInto(source, path, content)
}

describe('a snapshot', () => {
  testAsRoot('equals its source in everything rsync can tell', async () => {
    await write('a/file', 'content')
    await write('a/private', 'secret')
    await chmod(`${source}/a/private`, 0o4711)
    await link(`${source}/a/file`, `${source}/twin`)
    await symlink('../nowhere', `${source}/a/link`)
    await mkdir(`${source}/read-only`)
    await write('read-only/inside', 'x')
    await execa('mkfifo', [`${source}/pipe`])
    await execa('mknod', [`${source}/null`, 'c', '1', '3'])
    await execa('truncate', ['-s', '8M', `${source}/sparse`])
    await execa('setfacl', ['-m', 'u:1234:rw', `${source}/a/file`])
    await execa('setfacl', ['-d', '-m', 'g:99:rx', `${source}/a`])
    await execa('setfattr', ['-n', 'user.colour', '-v', 'red', `${source}/a/private`])
    await execa('chown', ['-h', '1001:1002', `${source}/a/link`, `${source}/a/private`])
    await utimes(`${source}/a/file`, 1, 1.123456)
    await chmod(`${source}/read-only`, 0o555)
    await utimes(source, 1000, 2000)
    const report = await backUpOnce(repository, source)
    expect(report).toMatchObject({ outcome: 'complete', problemCount: 0, warnings: [], notes: [] })
    expect(await differences(source, treeOf(report))).toBe('')
    expect((await lstat(`${treeOf(report)}/sparse`)).blocks).toBe(0)
    expect(report.counts).toMatchObject({ files: 5, symlinks: 1, specials: 2, directories: 3 })
  })

  test('shares the inode of everything that did not change', async () => {
    for (let n = 0; n < 20; n += 1) await write(`d${n % 3}/f${n}`, `content ${n}`)
    const first = await backUpOnce(repository, source)
    await write('d0/f0', 'changed')
    await write('new', 'new')
    const second = await backUpOnce(repository, source)
    expect(await sharedFiles(treeOf(second), treeOf(first))).toBe(19)
    expect(second.counts).toMatchObject({ files: 21, changedFiles: 2, changedBytes: 10 })
    expect(await readFile(`${treeOf(first)}/d0/f0`, 'utf8')).toBe('content 0')
  })

  test('does not change any earlier one, whatever happens to the source', async () => {
    await write('kept', 'kept')
    await write('chmodded', 'x')
    await write('touched', 'x')
    await write('rewritten', 'x')
    await write('renamed', 'x')
    const first = await backUpOnce(repository, source)
    const before = await fingerprint(treeOf(first))
    await chmod(`${source}/chmodded`, 0o600)
    await utimes(`${source}/touched`, 5, 5)
    await write('rewritten', 'y')
    await rename(`${source}/renamed`, `${source}/elsewhere`)
    await rm(`${source}/kept`)
    await backUpOnce(repository, source)
    await chmod(`${source}/chmodded`, 0o755)
    const third = await backUpOnce(repository, source)
    expect(await fingerprint(treeOf(first))).toBe(before)
    expect(await differences(source, treeOf(third))).toBe('')
  })

  test('sees an edit within the second of the backup before it', async () => {
    await write('f', 'one')
    await backUpOnce(repository, source)
    await write('f', 'two')
    const { mtimeMs } = await lstat(`${source}/f`)
    const second = await backUpOnce(repository, source)
    expect(await readFile(`${treeOf(second)}/f`, 'utf8')).toBe('two')
    expect(mtimeMs).toBeGreaterThan(0)
  })

  test('sees new content of the same size under the same time', async () => {
    const time = Date.parse('1985-10-26T08:15:00Z') / 1000
    for (const name of ['same', 'changed', 'deep/changed']) {
      await write(name, 'one')
      await utimes(`${source}/${name}`, time, time)
    }
    const first = await backUpOnce(repository, source)
    for (const name of ['changed', 'deep/changed']) {
      await write(name, 'two')
      await utimes(`${source}/${name}`, time, time)
    }
    const second = await backUpOnce(repository, source)
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await sharedFiles(treeOf(second), treeOf(first))).toBe(1)
    expect(await readFile(`${treeOf(first)}/changed`, 'utf8')).toBe('one')
    expect(second.counts.changedFiles).toBe(2)
    const third = await backUpOnce(repository, source)
    expect(await sharedFiles(treeOf(third), treeOf(second))).toBe(3)
  })

  test('sees it also when the clock was set back since', async () => {
    await write('f', 'one')
    await utimes(`${source}/f`, 1, 1)
    const future = Date.now() + 3600_000
    await backUpOnce(
      repository,
      source,
      {},
      testWorld(() => future),
    )
    await write('f', 'two')
    await utimes(`${source}/f`, 1, 1)
    const second = await backUpOnce(repository, source)
    expect(await readFile(`${treeOf(second)}/f`, 'utf8')).toBe('two')
  })

  test('keeps hard links among files, also when one is added', async () => {
    await write('a', 'group')
    await link(`${source}/a`, `${source}/b`)
    const first = await backUpOnce(repository, source)
    await link(`${source}/a`, `${source}/c`)
    const second = await backUpOnce(repository, source)
    expect(await differences(source, treeOf(second))).toBe('')
    const inodes = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => (await lstat(`${treeOf(second)}/${name}`)).ino),
    )
    expect(new Set(inodes).size).toBe(1)
    expect((await lstat(`${treeOf(first)}/a`)).ino).toBe(inodes[0])
  })

  test('gets an id of its own however quickly they follow, and its sequence, not the clock, orders it', async () => {
    await write('f', 'x')
    const now = Date.parse('2026-11-22T14:30:00Z')
    const ids: string[] = []
    const warnings: string[] = []
    for (const offset of [0, 0, -3600_000, 0]) {
      const report = await backUpOnce(
        repository,
        source,
        {},
        testWorld(() => now + offset),
      )
      ids.push(report.id)
      warnings.push(...report.warnings)
    }
    expect(ids).toEqual([
      '2026-11-22T14-30-00Z',
      '2026-11-22T14-30-01Z',
      '2026-11-22T13-30-00Z',
      '2026-11-22T14-30-02Z',
    ])
    expect(warnings).toEqual([
      expect.stringMatching(/^The clock is 1 hour behind the snapshot 2026-11-22T14-30-0\dZ/u),
    ])
    const sequences = await Promise.all(
      ids.map(async (id) => {
        const text = await readFile(`${repository}/home/${id}/manifest.json`, 'utf8')
        const manifest = decodeManifest(text)
        return 'sequence' in manifest ? manifest.sequence : undefined
      }),
    )
    expect(sequences).toEqual([1, 2, 3, 4])
  })

  test('leaves out what is excluded, whatever the pattern begins with', async () => {
    for (const name of ['keep', 'x.tmp', 'y.tmp', '- minus', 'cache/x', 'deep/cache/y']) {
      await write(name, name)
    }
    const report = await backUpOnce(repository, source, {
      exclude: ['+ /x.tmp', '*.tmp', '- [-] minus', '/cache/'],
    })
    expect((await readdir(treeOf(report))).sort()).toEqual(['deep', 'keep', 'x.tmp'])
    expect(await readdir(`${treeOf(report)}/deep`)).toEqual(['cache'])
  })

  test('leaves out its own repository, whatever it is called', async () => {
    for (const name of ['plain', 'a*b', 'back\\slash', '[x]\\?']) {
      const inside = `${source}/${name}`
      await repositoryAt(inside)
      await write('f', 'x')
      const report = await backUpOnce(inside, source)
      expect(await readdir(treeOf(report))).not.toContain(name)
      expect(await readdir(treeOf(report))).toContain('f')
    }
  })

  test('leaves out the repositories of others, which would grow with every snapshot', async () => {
    await write('f', 'x')
    await repositoryAt(`${source}/other [1]`)
    await write('not-one/snapfs.json', 'a file that happens to be called so')
    await mkdir(`${source}/link`)
    await symlink('../other [1]/snapfs.json', `${source}/link/snapfs.json`)
    // Whoever opens it to read waits for somebody to write.
    await mkdir(`${source}/pipe`)
    await execa('mkfifo', [`${source}/pipe/snapfs.json`])
    const first = await backUpOnce(repository, source)
    expect((await readdir(treeOf(first))).sort()).toEqual(['f', 'link', 'not-one', 'pipe'])
  })

  test('is complete, with a warning, when the links of a group no longer fit on one inode', async () => {
    await write('group/0', 'x')
    for (let n = 1; n < 200; n += 1) await link(`${source}/group/0`, `${source}/group/${n}`)
    const first = await backUpOnce(repository, source)
    // There is room for some more names of the group, and not for all.
    crowd(`${treeOf(first)}/group/0`, `${place().directory}/links`, EXT4_LINKS - 100)
    const second = await backUpOnce(repository, source)
    expect(second.warnings).toEqual([expect.stringMatching(/limit of the file system/u)])
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await readdir(`${treeOf(first)}/group`)).toHaveLength(200)
    const third = await backUpOnce(repository, source)
    expect(third.outcome).toBe('complete')
  })

  test('is private, and published whole', async () => {
    await write('f', 'x')
    await chmod(source, 0o755)
    const report = await backUpOnce(repository, source)
    expect((await lstat(report.path)).mode & 0o777).toBe(0o700)
    expect((await readdir(report.path)).sort()).toEqual(['manifest.json', 'rsync.log', 'tree'])
    expect((await lstat(treeOf(report))).mode & 0o777).toBe(0o755)
    expect(await readdir(`${repository}/home/.incoming`)).toEqual([])
    expect(await readlink(`${repository}/home/latest`)).toBe(report.id)
    expect((await readdir(`${repository}/home`)).sort()).toEqual([
      '.incoming',
      '.state',
      report.id,
      'latest',
    ])
  })

  test('is made although a foreign directory, a damaged snapshot and leftovers are about', async () => {
    await write('f', 'x')
    const first = await backUpOnce(repository, source)
    const series = `${repository}/home`
    await mkdir(`${series}/notes of mine`)
    await mkdir(`${series}/2020-01-01T00-00-00Z`)
    await mkdir(`${series}/.incoming/2026-01-01T00-00-00Z-abcdef/tree/closed`, { recursive: true })
    await link(
      `${treeOf(first)}/f`,
      `${series}/.incoming/2026-01-01T00-00-00Z-abcdef/tree/closed/f`,
    )
    await chmod(`${series}/.incoming/2026-01-01T00-00-00Z-abcdef/tree/closed`, 0o500)
    const before = await fingerprint(treeOf(first))
    const second = await backUpOnce(repository, source)
    expect(second.warnings).toEqual([expect.stringMatching(/2020-01-01T00-00-00Z is damaged/u)])
    expect(await readdir(`${series}/.incoming`)).toEqual([])
    expect(await readdir(series)).toContain('notes of mine')
    expect(await fingerprint(treeOf(first))).toBe(before)
  })

  test('links against nothing that is reached through a link', async () => {
    await write('f', 'x')
    const first = await backUpOnce(repository, source)
    await rm(`${repository}/home/latest`)
    await symlink('/etc', `${repository}/home/latest`)
    const second = await backUpOnce(repository, source)
    expect(await sharedFiles(treeOf(second), treeOf(first))).toBe(1)
    expect(await readlink(`${repository}/home/latest`)).toBe(second.id)
  })
})
