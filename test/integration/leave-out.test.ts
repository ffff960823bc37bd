/** What is left out beside what rules name, in whole backups; where rsync cannot know it, it must get lists. */
import { execa } from 'execa'
import { statSync } from 'node:fs'
import { link, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import type { SnapshotReport } from '../../src/actions/back-up.ts'
import { LINKS_LIMIT } from '../../src/model/link-block.ts'
import { DEFAULT_LEAVE_OUT, type LeaveOut } from '../../src/model/leave-out.ts'
import { type Manifest, decodeManifest } from '../../src/model/manifest.ts'
import {
  backUpOnce,
  backUpOrSkip,
  ordinaryRequest,
  settledWorld,
  testWorld,
  treeOf,
} from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { sharedFiles } from '../support/compare-trees.ts'
import { crowd, EXT4_LINKS } from '../support/crowd.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
const testAsRoot = testWith('rsync', 'root')
const TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# by a test\n'
let source = ''
let repository = ''

beforeEach(() => {
  ;({ source, repository } = place())
})

async function backUp(
  leaveOut: Partial<LeaveOut> = {},
  options: Parameters<typeof backUpOnce>[2] = {},
): Promise<SnapshotReport> {
  const { profile } = ordinaryRequest(repository, source)
  const wanted = { ...profile, leaveOut: { ...DEFAULT_LEAVE_OUT, ...leaveOut } }
  return backUpOnce(repository, source, { profile: wanted, ...options }, settledWorld())
}

async function write(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await writeInto(source, path, path)
}

/** All that is in a tree. */
async function pathsIn(report: SnapshotReport): Promise<readonly string[]> {
  const { stdout } = await execa('find', [treeOf(report), '-mindepth', '1', '-printf', '%P\n'])
  return stdout.split('\n').sort()
}

async function manifestOf(report: SnapshotReport): Promise<Manifest> {
  const manifest = decodeManifest(await readFile(`${report.path}/manifest.json`, 'utf8'))
  if ('damage' in manifest) throw new Error(manifest.damage)
  return manifest
}

describe('a .snapfsignore', () => {
  test('leaves out what it names in its directory and below, from the first snapshot on', async () => {
    await write('a.o', 'src/a.o', 'src/a.c', 'src/deep/b.o', 'src/out/x', 'src/deep/out/y', 'out/z')
    await writeInto(source, 'src/.snapfsignore', '# made\n*.o\n/out/\n')
    const kept = [
      ...['a.o', 'out', 'out/z', 'src', 'src/.snapfsignore', 'src/a.c', 'src/deep'],
      ...['src/deep/out', 'src/deep/out/y'],
    ].sort()
    const first = await backUp()
    expect(await pathsIn(first)).toEqual(kept)
    expect(first).toMatchObject({ outcome: 'complete', counts: { files: 5 } })
    await write('src/new.o', 'src/new.c')
    const second = await backUp()
    expect(await pathsIn(second)).toEqual([...kept, 'src/new.c'].sort())
    expect(second.counts).toMatchObject({ files: 6, changedFiles: 1 })
    expect(await sharedFiles(treeOf(second), treeOf(first))).toBe(5)
    expect((await manifestOf(second)).filters).toEqual([':- .snapfsignore'])
  })

  test('does not leave out what a rule of the user keeps, nor anything when it is not to be obeyed', async () => {
    await write('a.o', 'b.o', 'c')
    await writeInto(source, '.snapfsignore', '*.o\n')
    expect(await pathsIn(await backUp({}, { exclude: ['+ a.o', '- c'] }))).toEqual([
      '.snapfsignore',
      'a.o',
    ])
    const all = await backUp({ ignoreFiles: false })
    expect(await pathsIn(all)).toEqual(['.snapfsignore', 'a.o', 'b.o', 'c'])
    expect((await manifestOf(all)).filters).toEqual([])
  })

  test('that is a FIFO keeps nobody waiting', async () => {
    await write('a')
    await execa('mkfifo', [`${source}/.snapfsignore`])
    expect(await pathsIn(await backUp())).toEqual(['.snapfsignore', 'a'])
  })

  test('may be a link to one, and is none when it is something else', async () => {
    await write('a.o', 'd/b.o', 'e/c.o', 'f/d.o', 'g/e.o')
    await writeFile(`${place().directory}/patterns`, '*.o\n')
    await symlink(`${place().directory}/patterns`, `${source}/d/.snapfsignore`)
    await symlink('nowhere', `${source}/e/.snapfsignore`)
    await execa('mkfifo', [`${source}/f/.snapfsignore`])
    await mkdir(`${source}/g/.snapfsignore`)
    const paths = await pathsIn(await backUp())
    expect(paths).not.toContain('d/b.o')
    for (const kept of ['a.o', 'e/c.o', 'f/d.o', 'g/e.o']) expect(paths).toContain(kept)
  })

  test('that is too long to be meant is told, and everything kept', async () => {
    await write('a.o')
    await writeInto(source, '.snapfsignore', '*.o\n'.repeat(300_000))
    const report = await backUp()
    expect(report).toMatchObject({ outcome: 'partial', counts: { files: 2 } })
    expect(await pathsIn(report)).toEqual(['.snapfsignore', 'a.o'])
    expect(report.problems).toMatchObject([{ message: 'cannot be read (EFBIG): ".snapfsignore"' }])
  })
})

describe('a directory with a mark', () => {
  test('is stored with the mark and nothing else', async () => {
    await write('a/x', 'a/.nobackup', 'a/b/y', 'c/d/e', 'c/d/no thanks', 'f')
    const paths = await pathsIn(await backUp({ ifPresent: ['.nobackup', 'no thanks'] }))
    expect(paths).toEqual(['a', 'a/.nobackup', 'c', 'c/d', 'c/d/no thanks', 'f'])
    expect(await pathsIn(await backUp())).toContain('a/b/y')
  })

  test('is a cache when the tag begins as it must', async () => {
    await write('cache/a/b', 'false/x', 'other/y')
    await writeInto(source, 'cache/CACHEDIR.TAG', TAG)
    await writeInto(source, 'false/CACHEDIR.TAG', TAG.slice(1))
    await symlink('../cache/CACHEDIR.TAG', `${source}/other/CACHEDIR.TAG`)
    const paths = await pathsIn(await backUp({ caches: true }))
    expect(paths.filter((path) => path.startsWith('cache'))).toEqual([
      'cache',
      'cache/CACHEDIR.TAG',
    ])
    expect(paths).toContain('false/x')
    expect(paths).toContain('other/y')
    expect((await manifestOf(await backUp({ caches: true }))).leaveOut).toMatchObject({
      caches: true,
    })
  })
})

describe('a file that is too large', () => {
  test('is left out, and so it is once it has grown', async () => {
    await writeInto(source, 'small', 'x'.repeat(1000))
    await writeInto(source, 'large', 'x'.repeat(1001))
    await mkdir(`${source}/directory`)
    await symlink('large', `${source}/link`)
    const first = await backUp({ largerThan: 1000 })
    expect(await pathsIn(first)).toEqual(['directory', 'link', 'small'])
    await writeInto(source, 'small', 'x'.repeat(2000))
    expect(await pathsIn(await backUp({ largerThan: 1000 }))).toEqual(['directory', 'link'])
  })
})

describe('what has the attribute of chattr', () => {
  testAsRoot('is left out, whatever its name', async () => {
    const names = ['a', 'b\nc', '-d', ' ', 'kept', 'dir/x']
    await write(...names)
    await writeFile(Buffer.from(`${source}/\xff`, 'latin1'), 'x')
    const flagged = ['a', 'b\nc', '-d', 'dir'].map((name) => `${source}/${name}`)
    await execa('chattr', ['+d', ...flagged])
    await execa('sh', ['-c', 'chattr +d "$1"/$(printf \'\\377\')', 'sh', source])
    expect(await pathsIn(await backUp({ nodump: true }))).toEqual([' ', 'kept'])
    expect((await backUp()).counts.files).toBe(7)
  })
})

describe('where links have reached their limit', () => {
  test('everything is copied anew, and what is left out stays out', async () => {
    await write('kept', 'd/kept', 'd/out')
    await link(`${source}/kept`, `${source}/twin`)
    await writeInto(source, 'd/.snapfsignore', 'out\n')
    // Of so many entries the scan says that it is at work, when it has seen what comes first.
    for (let n = 0; n < 2001; n += 1) await write(`e/${n}`)
    const full = `${treeOf(await backUp())}/kept`
    const room = `${place().directory}/links`
    // ext4 has room for more than a scan relies on: here rsync links the first name, and not the second.
    crowd(full, room, LINKS_LIMIT - 10)
    const again = await backUp(
      {},
      {
        checksum: true,
        onProgress: ({ step }) => (step === 'scan' ? crowd(full, room, EXT4_LINKS - 1) : undefined),
      },
    )
    const paths = (await pathsIn(again)).filter((path) => !path.startsWith('e'))
    expect(paths).toEqual(['d', 'd/.snapfsignore', 'd/kept', 'kept', 'twin'])
    expect(again).toMatchObject({ outcome: 'complete', counts: { files: 2005 } })
    expect(again.warnings).toEqual([expect.stringMatching(/so everything was copied anew/u)])
    expect(statSync(`${treeOf(again)}/kept`).nlink).toBe(2)
  })
})

describe('with nothing changed', () => {
  test('no snapshot is made, unless a file of patterns says otherwise', async () => {
    await write('a.o', 'b')
    await writeInto(source, '.snapfsignore', '*.o\n')
    const { profile } = ordinaryRequest(repository, source)
    const options = { profile: { ...profile, onUnchanged: 'skip' as const } }
    const once = () => backUpOrSkip(repository, source, options, settledWorld())
    expect(await once()).toMatchObject({ kind: 'snapshot' })
    await write('c.o')
    // The directory of it is another than before.
    expect(await once()).toMatchObject({ kind: 'snapshot' })
    await write('a.o')
    expect(await once()).toMatchObject({ kind: 'unchanged' })
    await writeInto(source, '.snapfsignore', '*.x\n')
    const last = await once()
    expect(last).toMatchObject({ kind: 'snapshot' })
    expect((await readdir(`${last.path}/tree`)).sort()).toEqual([
      '.snapfsignore',
      'a.o',
      'b',
      'c.o',
    ])
  })
})

describe('what is left out from now on', () => {
  test('is no shrinking, but what is gone is', async () => {
    for (let n = 0; n < 120; n += 1) await write(`many/${n}`)
    await write('few')
    const world = () => testWorld(() => Date.now() + 60_000)
    await backUpOnce(repository, source, {}, world())
    await write('many/.nobackup')
    const marked = await backUp({ ifPresent: ['.nobackup'] })
    expect(await pathsIn(marked)).toEqual(['few', 'many', 'many/.nobackup'])
    await backUp()
    await rm(`${source}/many`, { recursive: true })
    await expect(backUp({ ifPresent: ['.nobackup'] })).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
    })
    await expect(backUp({}, { exclude: ['/other'] })).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
    })
  })
})
