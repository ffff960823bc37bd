import { execa } from 'execa'
import {
  chmod,
  cp,
  link,
  lstat,
  mkdir,
  readFile,
  rename,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import type { SnapshotReport } from '../../src/actions/back-up.ts'
import { backUpOnce, settledWorld, treeOf } from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { differences, fingerprint } from '../support/compare-trees.ts'
import { interruptBackUp } from '../support/interrupt-backup.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
let source = ''
let repository = ''

beforeEach(() => {
  ;({ source, repository } = place())
})

const backUpSettled = (options: Parameters<typeof backUpOnce>[2] = {}): Promise<SnapshotReport> =>
  backUpOnce(repository, source, options, settledWorld())

async function inode(path: string): Promise<bigint> {
  return (await lstat(path, { bigint: true })).ino
}

/** Whether a path of one snapshot and another of the next are one stored file. */
async function isOne(
  [first, from]: readonly [SnapshotReport, string],
  [second, to]: readonly [SnapshotReport, string],
): Promise<boolean> {
  return (await inode(`${treeOf(first)}/${from}`)) === (await inode(`${treeOf(second)}/${to}`))
}

describe('what has another name than before is linked, with nothing copied', () => {
  test('in a directory that was renamed, whatever the kind', async () => {
    for (let n = 0; n < 9; n += 1) await writeInto(source, `old/d${n % 3}/f${n}`, `content ${n}`)
    await execa('ln', ['-s', 'nowhere', `${source}/old/link`])
    await execa('mkfifo', [`${source}/old/pipe`])
    await link(`${source}/old/d0/f0`, `${source}/old/d1/twin`)
    await writeInto(source, 'stays', 'x')
    const first = await backUpSettled()
    const before = await fingerprint(treeOf(first))
    await mkdir(`${source}/below`)
    await rename(`${source}/old`, `${source}/below/new`)
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(second.counts).toMatchObject({
      ...{ changedFiles: 0, attributeOnlyFiles: 0, linkedEntries: 13, movedEntries: 12 },
    })
    expect(await isOne([first, 'old/d0/f3'], [second, 'below/new/d0/f3'])).toBe(true)
    expect(await isOne([first, 'old/link'], [second, 'below/new/link'])).toBe(true)
    expect(await isOne([second, 'below/new/d0/f0'], [second, 'below/new/d1/twin'])).toBe(true)
    expect(await fingerprint(treeOf(first))).toBe(before)
    const third = await backUpSettled()
    expect(third.counts.movedEntries).toBeUndefined()
    expect(third.counts.linkedEntries).toBe(13)
  })

  test('when the file itself was renamed, into another directory and with odd names', async () => {
    const odd = 'b/new\nline \\#001 ;#\u00e9'
    await writeInto(source, 'a/f', 'content')
    await writeInto(source, 'b/other', 'x')
    const first = await backUpSettled()
    await rename(`${source}/a/f`, `${source}/${odd}`)
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(second.counts).toMatchObject({ changedFiles: 0, changedBytes: 0, movedEntries: 1 })
    expect(await isOne([first, 'a/f'], [second, odd])).toBe(true)
  })

  test('into a directory whose name is no text', async () => {
    await writeInto(source, 'f', 'content')
    await backUpSettled()
    const directory = Buffer.concat([Buffer.from(`${source}/d`), Buffer.from([0xff, 0x0a])])
    await mkdir(directory)
    await mkdir(Buffer.concat([directory, Buffer.from('/e')]))
    await rename(`${source}/f`, Buffer.concat([directory, Buffer.from('/e/f')]))
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(second.counts).toMatchObject({ changedFiles: 0, movedEntries: 1 })
  })

  test('when all logs were rotated, and the newest is new', async () => {
    for (const [name, content] of [
      ['log.1', 'one, of some length'],
      ['log.2', 'two'],
      ['log', 'zero, yet longer than the others'],
    ] as const) {
      await writeInto(source, name, content)
    }
    const first = await backUpSettled()
    await rename(`${source}/log.2`, `${source}/log.3`)
    await rename(`${source}/log.1`, `${source}/log.2`)
    await rename(`${source}/log`, `${source}/log.1`)
    await writeInto(source, 'log', 'fresh')
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(second.counts).toMatchObject({ changedFiles: 1, movedEntries: 3 })
    expect(await isOne([first, 'log'], [second, 'log.1'])).toBe(true)
    expect(await isOne([first, 'log.2'], [second, 'log.3'])).toBe(true)
  })

  test('when it is a copy that kept its time, and the first one is gone', async () => {
    await writeInto(source, 'release-1/lib/index.js', 'content')
    await writeInto(source, 'release-1/other/index.js', 'CONTENT')
    await execa('find', [source, '-exec', 'touch', '-d', '1985-10-26', '{}', '+'])
    const first = await backUpSettled()
    await cp(`${source}/release-1`, `${source}/release-2`, {
      ...{ recursive: true, preserveTimestamps: true },
    })
    await rm(`${source}/release-1`, { recursive: true })
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(second.counts).toMatchObject({ changedFiles: 0, movedEntries: 2 })
    expect(await isOne([first, 'release-1/lib/index.js'], [second, 'release-2/lib/index.js'])).toBe(
      true,
    )
  })

  test('and a change of its mode makes a copy of its own', async () => {
    await writeInto(source, 'f', 'content')
    const first = await backUpSettled()
    await rename(`${source}/f`, `${source}/g`)
    await chmod(`${source}/g`, 0o600)
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(second.counts).toMatchObject({ changedFiles: 0, attributeOnlyFiles: 1 })
    expect(await isOne([first, 'f'], [second, 'g'])).toBe(false)
    expect((await lstat(`${treeOf(first)}/f`)).mode & 0o777).toBe(0o644)
  })
})

describe('what only looks as if it had been moved is copied', () => {
  test('renamed, and given other content with the size and time it had', async () => {
    await writeInto(source, 'f', 'one')
    const time = (await lstat(`${source}/f`)).mtime
    const first = await backUpSettled()
    await rename(`${source}/f`, `${source}/g`)
    await writeFile(`${source}/g`, 'two')
    await utimes(`${source}/g`, time, time)
    await execa('touch', ['-r', `${treeOf(first)}/f`, `${source}/g`])
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(second.counts).toMatchObject({ changedFiles: 1, movedEntries: 0 })
    expect(await readFile(`${treeOf(first)}/f`, 'utf8')).toBe('one')
  })

  test('of equal name, size and time, and other content', async () => {
    await writeInto(source, 'a/f', 'one')
    await execa('touch', ['-d', '1985-10-26', `${source}/a/f`])
    await backUpSettled()
    await writeInto(source, 'b/f', 'two')
    await execa('touch', ['-d', '1985-10-26', `${source}/b/f`])
    await rm(`${source}/a`, { recursive: true })
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await readFile(`${treeOf(second)}/b/f`, 'utf8')).toBe('two')
  })

  test('what was stored was altered in the snapshot by hand', async () => {
    await writeInto(source, 'old/f', 'content')
    const first = await backUpSettled()
    await writeFile(`${treeOf(first)}/old/f`, 'ruined!')
    await rename(`${source}/old`, `${source}/new`)
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
  })
})

describe('files that are no names of one file do not become it', () => {
  test('a file and the copy that took its name', async () => {
    await writeInto(source, 'f', 'content')
    await backUpSettled()
    // As an editor saves that keeps a copy: the old file has another name, and the new one looks like it.
    await rename(`${source}/f`, `${source}/f.bak`)
    await cp(`${source}/f.bak`, `${source}/f`, { preserveTimestamps: true })
    await execa('touch', ['-r', `${source}/f.bak`, `${source}/f`])
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await isOne([second, 'f'], [second, 'f.bak'])).toBe(false)
  })

  test('a copy of a file that stayed', async () => {
    await writeInto(source, 'a/f', 'content')
    const first = await backUpSettled()
    await mkdir(`${source}/b`)
    await cp(`${source}/a/f`, `${source}/b/f`, { preserveTimestamps: true })
    await execa('touch', ['-r', `${source}/a/f`, `${source}/b/f`])
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await isOne([first, 'a/f'], [second, 'a/f'])).toBe(true)
    expect(await isOne([second, 'a/f'], [second, 'b/f'])).toBe(false)
  })

  test('two names of one file that are two files now', async () => {
    await writeInto(source, 'a', 'content')
    await link(`${source}/a`, `${source}/b`)
    await backUpSettled()
    await cp(`${source}/b`, `${source}/c`, { preserveTimestamps: true })
    await execa('touch', ['-r', `${source}/b`, `${source}/c`])
    await rename(`${source}/c`, `${source}/b`)
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await isOne([second, 'a'], [second, 'b'])).toBe(false)
  })

  test('two names of one file that are two files now, when all is compared by content', async () => {
    await writeInto(source, 'a', 'content')
    await writeInto(source, 'most of it', 'x'.repeat(1000))
    await link(`${source}/a`, `${source}/b`)
    await backUpSettled()
    await cp(`${source}/b`, `${source}/c`, { preserveTimestamps: true })
    await execa('touch', ['-r', `${source}/b`, `${source}/c`])
    await rename(`${source}/c`, `${source}/b`)
    const second = await backUpSettled({ checksum: true })
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await isOne([second, 'a'], [second, 'b'])).toBe(false)
  })

  test('a file that was moved with its directory and a copy of it', async () => {
    await writeInto(source, 'a/f', 'content')
    const first = await backUpSettled()
    await rename(`${source}/a`, `${source}/b`)
    await mkdir(`${source}/c`)
    await cp(`${source}/b/f`, `${source}/c/f`, { preserveTimestamps: true })
    await execa('touch', ['-r', `${source}/b/f`, `${source}/c/f`])
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await isOne([first, 'a/f'], [second, 'b/f'])).toBe(true)
    expect(await isOne([second, 'b/f'], [second, 'c/f'])).toBe(false)
  })

  test.for([
    ['one name', []],
    ['two names', ['g']],
  ] as const)(
    'a file of %s that was moved a backup ago, and a copy under its old name',
    async ([, others]) => {
      await writeInto(source, 'a/f', 'content')
      for (const name of others) await link(`${source}/a/f`, `${source}/a/${name}`)
      const first = await backUpSettled()
      await rename(`${source}/a`, `${source}/b`)
      await backUpSettled()
      await execa('cp', ['-a', `${source}/b`, `${source}/a`])
      const third = await backUpSettled()
      expect(await differences(source, treeOf(third))).toBe('')
      expect(await isOne([first, 'a/f'], [third, 'b/f'])).toBe(true)
      expect(await isOne([third, 'a/f'], [third, 'b/f'])).toBe(false)
      for (const name of others) {
        expect(await isOne([third, 'a/f'], [third, `a/${name}`])).toBe(true)
      }
      expect(third.counts).toMatchObject({ changedFiles: 1 })
    },
  )

  test('a file, and what an interrupted run has linked to it', async () => {
    await writeInto(source, 'a/f', 'content')
    await writeInto(source, 'x', 'x')
    const first = await backUpSettled()
    await rename(`${source}/a`, `${source}/b`)
    await writeInto(source, 'y', 'y')
    // What is unchanged, and what was moved.
    expect(await interruptBackUp(repository, source, 2, settledWorld())).toBeUndefined()
    await rename(`${source}/b`, `${source}/a`)
    await execa('cp', ['-a', `${source}/a`, `${source}/b`])
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await isOne([first, 'a/f'], [second, 'a/f'])).toBe(true)
    expect(await isOne([second, 'a/f'], [second, 'b/f'])).toBe(false)
  })

  test('what an older snapshot has, and nobody else, is linked', async () => {
    await writeInto(source, 'a/f', 'content')
    await writeInto(source, 'b/f', 'content of another')
    await execa('cp', ['-a', source, `${source}.before`])
    const first = await backUpSettled()
    await rm(`${source}/a`, { recursive: true })
    await backUpSettled()
    await execa('cp', ['-a', `${source}.before/a`, `${source}/a`])
    const third = await backUpSettled()
    expect(await differences(source, treeOf(third))).toBe('')
    expect(await isOne([first, 'a/f'], [third, 'a/f'])).toBe(true)
  })

  test('two copies of one that is gone', async () => {
    await writeInto(source, 'a/f', 'content')
    await backUpSettled()
    for (const name of ['b', 'c']) {
      await mkdir(`${source}/${name}`)
      await cp(`${source}/a/f`, `${source}/${name}/f`, { preserveTimestamps: true })
      await execa('touch', ['-r', `${source}/a/f`, `${source}/${name}/f`])
    }
    await rm(`${source}/a`, { recursive: true })
    const second = await backUpSettled()
    expect(await differences(source, treeOf(second))).toBe('')
    expect(await isOne([second, 'b/f'], [second, 'c/f'])).toBe(false)
    expect(second.counts.movedEntries).toBe(1)
  })
})
