import { execa } from 'execa'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import {
  appendFile,
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import type { SnapshotReport } from '../../src/actions/back-up.ts'
import { backUpOnce, settledWorld, treeOf } from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { differences, fingerprint, sharedFiles } from '../support/compare-trees.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
const testAsRoot = testWith('rsync', 'root')
let source = ''
let repository = ''

beforeEach(() => {
  ;({ source, repository } = place())
})

const backUpSettled = (options: Parameters<typeof backUpOnce>[2] = {}): Promise<SnapshotReport> =>
  backUpOnce(repository, source, options, settledWorld())

async function write(path: string, content: string): Promise<void> {
  await writeInto(source, path, content)
}

async function stateFile(): Promise<string> {
  const names = (await readdir(`${repository}/home/.state`)).sort()
  return `${repository}/home/.state/${names.at(-1)!}`
}

describe('what is certainly unchanged', () => {
  test('is linked without being given to rsync, whatever its kind', async () => {
    for (let n = 0; n < 20; n += 1) await write(`d${n % 3}/f${n}`, `content ${n}`)
    await symlink('nowhere', `${source}/d0/link`)
    await execa('mkfifo', [`${source}/pipe`])
    const first = await backUpSettled()
    await write('d0/f0', 'changed')
    const second = await backUpSettled()
    expect(second.counts).toMatchObject({ files: 20, changedFiles: 1, linkedEntries: 21 })
    expect(await sharedFiles(treeOf(second), treeOf(first))).toBe(19)
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await readFile(`${treeOf(first)}/d0/f0`, 'utf8')).toBe('content 0')
  })

  test('is all there is, also in a source without a directory', async () => {
    await write('f', 'x')
    await backUpSettled()
    await chmod(source, 0o751)
    await utimes(source, 1, 1)
    const second = await backUpSettled()
    expect(second.counts.linkedEntries).toBe(1)
    expect(await differences(source, treeOf(second))).toBe('')
  })

  test('is not found where a file has new content of the same size under the same time', async () => {
    for (const name of ['same', 'f']) {
      await write(name, 'one')
      await utimes(`${source}/${name}`, 1000, 1000)
    }
    const first = await backUpSettled()
    await write('f', 'two')
    await utimes(`${source}/f`, 1000, 1000)
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(second.counts).toMatchObject({ changedFiles: 1, linkedEntries: 1 })
    expect(await readFile(`${treeOf(first)}/f`, 'utf8')).toBe('one')
  })

  test('is not found where two directories with equal-looking files changed places', async () => {
    for (const [path, content] of [
      ['a/f', 'one'],
      ['b/f', 'two'],
    ] as const) {
      await write(path, content)
      await utimes(`${source}/${path}`, 1000, 1000)
    }
    await backUpSettled()
    await rename(`${source}/a`, `${source}/c`)
    await rename(`${source}/b`, `${source}/a`)
    await rename(`${source}/c`, `${source}/b`)
    const second = await backUpSettled()
    expect(await readFile(`${treeOf(second)}/a/f`, 'utf8')).toBe('two')
    expect(await differences(source, treeOf(second))).toBe('')
  })

  testAsRoot(
    'keeps its attributes, and what changed only in them is a copy of its own',
    async () => {
      for (const name of ['mode', 'owner', 'acl', 'xattr', 'kept']) await write(name, name)
      const first = await backUpSettled()
      const before = await fingerprint(treeOf(first))
      await chmod(`${source}/mode`, 0o600)
      await chown(`${source}/owner`, 1001, 1002)
      await execa('setfacl', ['-m', 'u:1234:rw', `${source}/acl`])
      await execa('setfattr', ['-n', 'user.colour', '-v', 'red', `${source}/xattr`])
      const second = await backUpSettled()
      expect(await differences(source, treeOf(second))).toBe('')
      expect(await fingerprint(treeOf(first))).toBe(before)
      expect(second.counts).toMatchObject({ attributeOnlyFiles: 4, linkedEntries: 1 })
    },
  )

  test('keeps together the names of a symbolic link and of a pipe, when one of them is new', async () => {
    for (let n = 0; n < 4; n += 1) await write(`f${n}`, 'content')
    await symlink('f1', `${source}/link`)
    await execa('mkfifo', [`${source}/pipe`])
    await backUpSettled()
    await execa('ln', ['-P', `${source}/link`, `${source}/another link`])
    await link(`${source}/pipe`, `${source}/another pipe`)
    const second = await backUpSettled()
    expect(second.counts.linkedEntries).toBe(4)
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await inodes(second, ['link', 'another link'])).toBe(1)
    expect(await inodes(second, ['pipe', 'another pipe'])).toBe(1)
  })

  test('keeps together the names of one file when nothing is remembered, and one of them is new', async () => {
    await write('g', 'content')
    await link(`${source}/g`, `${source}/h`)
    await backUpSettled()
    await mkdir(`${source}/d`)
    await link(`${source}/g`, `${source}/d/i`)
    // With it rsync gets lists, one of what is compared and one of what is copied.
    await write('.snapfsignore', '*.o')
    await write('x.o', 'left out')
    await rm(`${repository}/home/.state`, { recursive: true })
    const second = await backUpSettled()
    expect(await inodes(second, ['g', 'h', 'd/i'])).toBe(1)
  })

  test('keeps together the names of one file, whichever of them are new, gone or replaced', async () => {
    for (const group of ['g', 'h', 'i']) {
      await write(`${group}/1`, group)
      await link(`${source}/${group}/1`, `${source}/${group}/2`)
      await link(`${source}/${group}/1`, `${source}/${group}/3`)
    }
    const first = await backUpSettled()
    await link(`${source}/g/1`, `${source}/new-name`)
    await rm(`${source}/h/3`)
    await rm(`${source}/i/2`)
    await write('i/2', 'i')
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await inodes(second, ['g/1', 'g/2', 'g/3', 'new-name'])).toBe(1)
    expect(await inodes(second, ['i/1', 'i/3'])).toBe(1)
    expect(await inodes(second, ['i/1', 'i/2'])).toBe(2)
    expect((await lstat(`${treeOf(second)}/g/1`)).ino).toBe(
      (await lstat(`${treeOf(first)}/g/1`)).ino,
    )
  })

  test('is one file when a name of it was not known', async () => {
    await write('1', 'group')
    await link(`${source}/1`, `${source}/2`)
    await backUpSettled({ exclude: ['2'] })
    const second = await backUpSettled()
    expect(await inodes(second, ['1', '2'])).toBe(1)
    expect(await differences(source, treeOf(second))).toBe('')
  })

  test('is compared by content when the snapshot has lost a name of it', async () => {
    await write('1', 'group')
    await link(`${source}/1`, `${source}/2`)
    const first = await backUpSettled()
    await rm(`${treeOf(first)}/2`)
    const second = await backUpSettled()
    expect(await inodes(second, ['1', '2'])).toBe(1)
    expect(await differences(source, treeOf(second))).toBe('')
  })
})

async function inodes(report: SnapshotReport, paths: readonly string[]): Promise<number> {
  const found = await Promise.all(paths.map((path) => lstat(`${treeOf(report)}/${path}`)))
  return new Set(found.map(({ ino }) => ino)).size
}

describe('what is not certain', () => {
  test('is compared by content: a file that was changed as it was scanned', async () => {
    await write('f', 'one')
    await utimes(`${source}/f`, 1, 1)
    const first = await backUpOnce(repository, source)
    const second = await backUpSettled()
    expect(second.counts.linkedEntries ?? 0).toBe(0)
    expect(await sharedFiles(treeOf(second), treeOf(first))).toBe(1)
    expect((await backUpSettled()).counts.linkedEntries).toBe(1)
  })

  test.each<readonly [string, (file: string) => Promise<void>]>([
    ['is lost', (file: string) => rm(file)],
    ['is cut off', async (file: string) => truncate(file, 100)],
    ['is empty', async (file: string) => truncate(file, 0)],
    ['has one byte more', async (file: string) => appendFile(file, 'x')],
    [
      'has one byte changed',
      async (file: string) => {
        const bytes = await readFile(file)
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 50) ^ 1, bytes.length - 50)
        await writeFile(file, bytes)
      },
    ],
    [
      'belongs to another snapshot',
      async (file: string) => {
        const [older] = (await readdir(`${repository}/home/.state`)).sort()
        await writeFile(file, await readFile(`${repository}/home/.state/${older!}`))
      },
    ],
  ])('is compared by content when the state %s', async (_words, damage) => {
    await write('same', 'one')
    await write('f', 'one')
    await utimes(`${source}/f`, 1, 1)
    await backUpSettled()
    const first = await backUpSettled()
    await damage(await stateFile())
    // Only the damaged one could tell.
    for (const name of (await readdir(`${repository}/home/.state`)).sort().slice(0, -1)) {
      await rm(`${repository}/home/.state/${name}`)
    }
    await write('f', 'two')
    await utimes(`${source}/f`, 1, 1)
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await sharedFiles(treeOf(second), treeOf(first))).toBe(1)
    expect((await backUpSettled()).counts.linkedEntries).toBe(2)
  })

  test('is not linked: a file of several names that was altered in the snapshot by hand', async () => {
    for (const name of ['one', 'kept']) await write(name, 'content')
    await link(`${source}/one`, `${source}/two`)
    const first = await backUpSettled()
    await writeFile(`${treeOf(first)}/one`, 'ruined')
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await inodes(second, ['one', 'two'])).toBe(1)
    expect(second.counts.linkedEntries).toBe(1)
  })

  test('is not linked: what was altered or removed in the snapshot by hand', async () => {
    for (const name of ['altered', 'removed', 'kept']) await write(name, 'content')
    const first = await backUpSettled()
    await writeFile(`${treeOf(first)}/altered`, 'ruined')
    await rm(`${treeOf(first)}/removed`)
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(second.counts.linkedEntries).toBe(1)
  })

  testWith(
    'rsync',
    'fuse',
    'root',
  )(
    'is left to rsync where inode numbers and ctimes prove nothing, but for recent changes',
    async () => {
      const behind = `${place().directory}/behind`
      await mkdir(behind)
      await execa('bindfs', [behind, source])
      try {
        for (const name of ['same', 'f']) {
          await write(name, 'one')
          await utimes(`${source}/${name}`, 1000, 1000)
        }
        const first = await backUpOnce(repository, source)
        await write('f', 'two')
        await utimes(`${source}/f`, 1000, 1000)
        const second = await backUpOnce(repository, source)
        expect(await differences(source, treeOf(second))).toBe('')
        expect(await sharedFiles(treeOf(second), treeOf(first))).toBe(1)
        // By a clock that runs ahead the bases are older than every ctime.
        await backUpSettled()
        const last = await backUpSettled()
        expect(last.counts).toMatchObject({ changedFiles: 0, files: 2 })
        expect(last.counts.linkedEntries ?? 0).toBe(0)
        expect(await sharedFiles(treeOf(last), treeOf(second))).toBe(2)
      } finally {
        await execa('fusermount3', ['-u', source])
      }
    },
  )

  test('is listed: what changed after it was scanned', async () => {
    // Progress is reported after two thousand entries; by then the first ones have been looked at.
    await mkdir(`${source}/d`)
    for (let n = 0; n < 2100; n += 1) writeFileSync(`${source}/d/${n}`, '')
    await write('0-changes', 'one')
    await write('0-goes', 'one')
    let done = false
    const report = await backUpSettled({
      onProgress: () => {
        if (done) return
        done = true
        void writeFile(`${source}/0-changes`, 'two!')
        void rm(`${source}/0-goes`)
      },
    })
    expect(report.outcome).toBe('complete')
    const kinds = report.problems.map(
      ({ kind, message }) => `${kind} ${message.split('"').at(-2) ?? ''}`,
    )
    expect(kinds.map((line) => line.replace(/ .*\//u, ' ')).sort()).toEqual([
      'changed 0-changes',
      'vanished 0-goes',
    ])
    expect(await readFile(`${treeOf(report)}/0-changes`, 'utf8')).toBe('two!')
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
  })
})

describe('what was replaced while the backup ran', () => {
  /** Runs `edit` when the scan has seen `a`, and not yet all. */
  async function backUpDuring(edit: () => void): Promise<SnapshotReport> {
    let done = false
    return backUpSettled({
      onProgress: () => {
        if (!done) edit()
        done = true
      },
    })
  }

  beforeEach(async () => {
    await mkdir(`${source}/d`)
    for (let n = 0; n < 2100; n += 1) writeFileSync(`${source}/d/${n}`, '')
    await write('a/old', 'old')
    await backUpSettled()
    await write('a/new', 'new')
  })

  test('is not taken for whole: a directory that is a link to another place now', async () => {
    const elsewhere = `${place().directory}/elsewhere`
    await mkdir(elsewhere)
    await writeFile(`${elsewhere}/new`, 'foreign')
    const report = await backUpDuring(() => {
      renameSync(`${source}/a`, `${place().directory}/away`)
      symlinkSync(elsewhere, `${source}/a`)
    })
    expect(report.outcome).toBe('partial')
    expect(report.problems.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/replaced .*"a"$/u),
    )
    expect(await differences(source, treeOf(await backUpSettled()))).toBe('')
  })

  test('is not taken for whole: a file that is a directory now', async () => {
    const report = await backUpDuring(() => {
      rmSync(`${source}/a/new`)
      mkdirSync(`${source}/a/new`)
      writeFileSync(`${source}/a/new/inside`, 'x')
    })
    expect(report.outcome).toBe('partial')
    expect(await differences(source, treeOf(await backUpSettled()))).toBe('')
  })

  test('is whole without it: a directory that is gone', async () => {
    const report = await backUpDuring(() => rmSync(`${source}/a`, { recursive: true }))
    expect(report.outcome).toBe('complete')
    expect(report.problems.map(({ kind }) => kind)).toContain('vanished')
    expect(await differences(source, treeOf(await backUpSettled()))).toBe('')
  })
})
