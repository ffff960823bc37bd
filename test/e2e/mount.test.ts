import { execa } from 'execa'
import {
  chmod,
  chown,
  lchown,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import { DRIVER_NAMES } from '../../src/fuse/driver.ts'
import { mountedAt, parseMountTable } from '../../src/fuse/mount-table.ts'
import { backUpOnce } from '../support/back-up-once.ts'
import { eventually } from '../support/eventually.ts'
import { initialize } from '../support/initialize.ts'
import { testWith } from '../support/requirements.ts'
import { PROGRAM, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith('rsync', 'fuse')
const testAsRoot = testWith('rsync', 'fuse', 'root')
let source = ''
let repository = ''
let history = ''
let env: Readonly<Record<string, string>>

beforeEach(async () => {
  source = `${directory()}/source`
  repository = `${directory()}/repository`
  history = `${directory()}/history`
  env = { HOME: directory(), SNAPFS_CONFIG: `${directory()}/config.toml`, TZ: 'UTC' }
  await mkdir(`${source}/Documents`, { recursive: true })
  await mkdir(history)
  await writeFile(`${source}/Documents/report.txt`, 'first')
  await writeFile(`${source}/twin`, 'twin')
  await link(`${source}/twin`, `${source}/Documents/twin`)
  await symlink('Documents/report.txt', `${source}/link`)
  await initialize(`${directory()}/config.toml`, { name: 'home', source, repository })
})

/** Runs snapfs, which must succeed in silence on standard error. */
async function succeed(...words: string[]): Promise<string> {
  const result = await snapfs(words, { env })
  expect(result.stderr).toBe('')
  expect(result.exitCode).toBe(0)
  return result.stdout
}

async function backUp(): Promise<{
  readonly id: string
  readonly path: string
  readonly date: string
}> {
  const { id, path } = await backUpOnce(repository, source)
  return { id, path, date: id.replace('T', '_').replace('Z', '') }
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'no code'
  }
  return 'done'
}

describe.each(DRIVER_NAMES)('a mount by %s', (driver) => {
  const mount = (...words: string[]): Promise<string> =>
    succeed('mount', `--driver=${driver}`, ...words)

  test('is read-only, without setuid and devices, of a type of its own', async () => {
    await backUp()
    await mount(history)
    const table = parseMountTable(await readFile('/proc/self/mountinfo', 'latin1'))
    const mounted = mountedAt(table, history)
    expect(mounted).toMatchObject({ type: 'fuse.snapfs', source: 'snapfs' })
    expect([...mounted!.options]).toEqual(
      expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noatime', 'default_permissions']),
    )
    expect(mounted!.options.has('allow_other')).toBe(false)
  })

  test('answers every write with EROFS, in every view', async () => {
    await writeFile(`${source}/Documents/gone.txt`, 'gone')
    const { date, id } = await backUp()
    await rm(`${source}/Documents/gone.txt`)
    const second = await backUp()
    await mount(history)
    const token = `@GMT-${id.replaceAll('-', '.').replace('T', '-').replace('Z', '')}`
    const files = [
      'README.txt',
      `by-date/${date}/Documents/report.txt`,
      'by-date/latest/Documents/report.txt',
      `by-file/Documents/report.txt/report@${date}.txt`,
      'deleted/Documents/gone.txt',
      `changes/${date}/added/Documents/report.txt`,
      `changes/${second.date}/deleted/Documents/gone.txt`,
      `@gmt/${token}/Documents/report.txt`,
    ].map((path) => `${history}/${path}`)
    const folders = new Set(files.map((path) => path.slice(0, path.lastIndexOf('/'))))
    for (const view of ['by-date', 'by-file', 'by-file/Documents', 'deleted', 'changes', '@gmt']) {
      folders.add(`${history}/${view}`)
    }
    const attempts: readonly (readonly [string, () => Promise<unknown>])[] = [
      ...files.flatMap((place): (readonly [string, () => Promise<unknown>])[] => [
        [`open ${place}`, () => open(place, 'r+')],
        [`append to ${place}`, () => open(place, 'a')],
        [`truncate ${place}`, () => truncate(place, 0)],
        [`chmod ${place}`, () => chmod(place, 0o600)],
        [`chown ${place}`, () => chown(place, 1, 1)],
        [`lchown ${place}`, () => lchown(place, 1, 1)],
        [`utimes ${place}`, () => utimes(place, 1, 1)],
        [`unlink ${place}`, () => unlink(place)],
        [`rename ${place}`, () => rename(place, `${place}.bak`)],
        [`link ${place}`, () => link(place, `${place}.link`)],
      ]),
      ...[...folders].flatMap((place): (readonly [string, () => Promise<unknown>])[] => [
        [`write in ${place}`, () => writeFile(`${place}/new`, 'x')],
        [`mkdir in ${place}`, () => mkdir(`${place}/new`)],
        [`symlink in ${place}`, () => symlink('x', `${place}/new`)],
        [`chmod ${place}`, () => chmod(place, 0o700)],
      ]),
      ['rmdir', () => rmdir(`${history}/by-date/${date}/Documents`)],
    ]
    for (const [what, attempt] of attempts) {
      expect([what, await codeOf(attempt())]).toEqual([what, 'EROFS'])
    }
    for (const place of files) {
      const folder = place.slice(0, place.lastIndexOf('/'))
      for (const words of [
        ['mkfifo', `${folder}/pipe`],
        ['mknod', `${folder}/device`, 'c', '1', '3'],
        ['setfattr', '-n', 'user.x', '-v', 'y', place],
        ['setfattr', '-x', 'user.snapfs.path', place],
        ['setfacl', '-m', 'u:1:r', place],
        ['fallocate', '-l', '100', place],
        ['touch', '-h', place],
      ]) {
        const options = { reject: false, env: { LC_ALL: 'C' } }
        const { stderr } = await execa(words[0]!, words.slice(1), options)
        expect([...words, stderr].join(' ')).toMatch(/Read-only file system|not supported/u)
      }
    }
    expect(await readFile(files[1]!, 'utf8')).toBe('first')
    expect(await readFile(files[4]!, 'utf8')).toBe('gone')
  })

  test('can be walked, copied, packed and searched by ordinary programs', async () => {
    const { date, path } = await backUp()
    await mount(history)
    const shown = `${history}/by-date/${date}`
    const run = async (program: string, ...words: string[]) =>
      (await execa(program, words, { env: { LC_ALL: 'C' } })).stdout
    expect(await run('diff', '-r', '--no-dereference', `${path}/tree`, shown)).toBe('')
    expect(
      await run('rsync', '-naHic', '--delete', '--modify-window=1', `${path}/tree/`, `${shown}/`),
    ).toBe('')
    expect(await run('ls', '-lR', history)).toContain(`report@${date}.txt`)
    expect(await run('grep', '-rl', 'first', history)).toContain(`report@${date}.txt`)
    await run('cp', '-a', shown, `${directory()}/copy`)
    expect((await lstat(`${directory()}/copy/twin`)).nlink).toBe(2)
    await run('tar', '-cf', `${directory()}/packed.tar`, '-C', shown, '.')
    expect(await run('tar', '-tvf', `${directory()}/packed.tar`)).toMatch(
      /twin link to|link to .*twin/u,
    )
    expect(Number((await run('du', '-s', '--block-size=1', history)).split('\t')[0])).toBeLessThan(
      100_000,
    )
    expect((await statfs(history)).blocks).toBeGreaterThan(0)
  })

  test('shows a new snapshot by itself, and a removed one no more', async () => {
    const first = await backUp()
    await mount(history)
    expect(await readdir(`${history}/by-file/Documents/report.txt`)).toHaveLength(1)
    await writeFile(`${source}/Documents/report.txt`, 'second')
    const second = await backUp()
    const container = `${history}/by-file/Documents/report.txt`
    await eventually(async () =>
      expect((await readdir(`${history}/by-date`)).sort()).toEqual([
        first.date,
        second.date,
        'latest',
      ]),
    )
    await eventually(async () => expect(await readdir(container)).toHaveLength(2))
    expect(await readFile(`${container}/report@${second.date}.txt`, 'utf8')).toBe('second')
    await using reader = await open(`${container}/report@${first.date}.txt`, 'r')
    await rm(first.path, { recursive: true })
    await eventually(async () =>
      expect((await readdir(`${history}/by-date`)).sort()).toEqual([second.date, 'latest']),
    )
    await eventually(async () =>
      expect(await readdir(container)).toEqual([`report@${second.date}.txt`]),
    )
    expect(await reader.readFile('utf8')).toBe('first')
    expect(await codeOf(readFile(`${history}/by-date/${first.date}/Documents/report.txt`))).toBe(
      'ENOENT',
    )
  })

  test('shows in deleted what was deleted last, also where it was looked at before', async () => {
    await backUp()
    await mount(history)
    const deleted = `${history}/deleted/Documents/draft`
    // The second is as long as the first and of the same time; the third is longer.
    for (const content of ['one', 'two', 'the third']) {
      await writeFile(`${source}/Documents/draft`, content)
      await utimes(`${source}/Documents/draft`, 1000, 1000)
      await backUp()
      await rm(`${source}/Documents/draft`)
      await backUp()
      expect(await readFile(deleted, 'utf8')).toBe(content)
      expect((await stat(deleted)).size).toBe(content.length)
      await execa('cmp', [deleted, '-'], { input: content })
    }
  })

  test('reads a large file at any place, and holes as holes', async () => {
    const block = Buffer.from(Array.from({ length: 1 << 16 }, (_, n) => (n * 31) % 251))
    await writeFile(`${source}/large`, Buffer.concat(Array.from({ length: 64 }, () => block)))
    await execa('truncate', ['-s', '200M', `${source}/sparse`])
    const { date } = await backUp()
    await mount(history)
    await using large = await open(`${history}/by-date/${date}/large`, 'r')
    for (const offset of [0, 1, 4095, 65_537, 1_000_003, 64 * 65_536 - 3, 64 * 65_536 + 10]) {
      const buffer = Buffer.alloc(5000)
      const { bytesRead } = await large.read(buffer, 0, 5000, offset)
      const expected = Math.max(0, Math.min(5000, 64 * 65_536 - offset))
      expect(bytesRead).toBe(expected)
      for (let n = 0; n < bytesRead; n += 997) expect(buffer[n]).toBe(block[(offset + n) % 65_536])
    }
    const sparse = await lstat(`${history}/by-date/${date}/sparse`)
    expect({ size: sparse.size, blocks: sparse.blocks }).toEqual({ size: 200 * 2 ** 20, blocks: 0 })
  })

  test('shows several profiles, each in a directory of its own, or the one that is asked for', async () => {
    await backUp()
    await succeed('backup', '--repository', repository, '--source', source, '--profile', 'work')
    await mount('--repository', repository, history)
    expect((await readdir(history)).sort()).toEqual(['README.txt', 'home', 'work'])
    const views = ['by-date', 'by-file', 'changes', 'deleted']
    expect((await readdir(`${history}/work`)).sort()).toEqual(views)
    await succeed('unmount', history)
    await mount('--repository', repository, '--profile', 'work', history)
    expect((await readdir(history)).sort()).toEqual(['README.txt', ...views])
  })

  test('says so when there is no room for an extended attribute, and serves on', async () => {
    const { date } = await backUp()
    await mount(history)
    const file = `${history}/by-date/${date}/Documents/report.txt`
    // getxattr(2) on x86_64, the one machine fuse-native has a build for; no program asks with too little room.
    const script = `
      my ($value, $name, $file) = ("\\0" x 64, "user.snapfs.path", $ARGV[0]);
      for my $room (0, 4, 64) {
        my $length = syscall(191, $file, $name, $value, $room);
        print $length >= 0 ? "$length\\n" : "$!\\n";
      }`
    const { stdout } = await execa('perl', ['-e', script, file], { env: { LC_ALL: 'C' } })
    const length = 'Documents/report.txt'.length
    expect(stdout.split('\n')).toEqual([`${length}`, 'Numerical result out of range', `${length}`])
    expect(await readFile(file, 'utf8')).toBe('first')
    // What a copy would take with it.
    const { stdout: listed } = await execa('getfattr', ['-d', '-m', '-', file], { reject: false })
    expect(listed).toBe('')
  })

  testAsRoot('is made by mount(8), as from a line of fstab', async () => {
    const { date } = await backUp()
    // With the type fuse.snapfs the program would have to lie in /usr/local/bin or the like.
    const mountBy8 = async (options: string) => {
      const words = ['-t', 'fuse', `${PROGRAM}#${repository}`, history, '-o', options]
      // mount(8) sets HOME to that of the user.
      const state = { XDG_STATE_HOME: `${directory()}/state` }
      return execa('mount', words, { env: { ...env, ...state }, reject: false })
    }
    const mounted = await mountBy8(
      `driver=${driver},profile=home,date_format=%Y/%m/%d_%H-%M-%S,nofail,x-gvfs-show`,
    )
    expect({ exitCode: mounted.exitCode, stderr: mounted.stderr }).toEqual({
      ...{ exitCode: 0, stderr: '' },
    })
    const [day, time] = date.split('_')
    const nested = `${day!.replaceAll('-', '/')}_${time!}`
    expect(await readFile(`${history}/by-date/${nested}/twin`, 'utf8')).toBe('twin')
    await execa('umount', [history])
    expect(await readdir(history)).toEqual([])
    const refused = await mountBy8('nonsense')
    expect(refused.exitCode).toBe(2)
    expect(refused.stderr).toContain('nonsense: the mount option is not known.')
    expect(await readdir(history)).toEqual([])
  })

  test('names snapshots as it is told to', async () => {
    const { id } = await backUp()
    await mount('--date-format', '%Y/%m/%d_%H-%M-%S', history)
    const [year, month, rest] = [id.slice(0, 4), id.slice(5, 7), id.slice(8, 19).replace('T', '_')]
    expect(await readdir(`${history}/by-date/${year}/${month}`)).toEqual([rest])
    expect(await readFile(`${history}/by-date/latest/Documents/report.txt`, 'utf8')).toBe('first')
  })

  testAsRoot(
    'lets others in only when told to, and then only where the modes allow it',
    async () => {
      await chmod(directory(), 0o755)
      await mkdir(`${source}/private`, { mode: 0o700 })
      await writeFile(`${source}/private/open to all`, 'x', { mode: 0o644 })
      await writeFile(`${source}/secret`, 'x', { mode: 0o600 })
      await writeFile(`${source}/private/gone`, 'x', { mode: 0o644 })
      await writeFile(`${source}/secret and gone`, 'x', { mode: 0o600 })
      await writeFile(`${source}/Documents/gone`, 'x', { mode: 0o644 })
      const { date, id } = await backUp()
      for (const name of ['private/gone', 'secret and gone', 'Documents/gone']) {
        await rm(`${source}/${name}`)
      }
      const second = await backUp()
      const token = `@GMT-${id.replaceAll('-', '.').replace('T', '-').replace('Z', '')}`
      const asNobody = async (path: string) =>
        (await execa('cat', [path], { uid: 65_534, gid: 65_534, reject: false })).exitCode
      const open_ = `${history}/by-date/${date}/Documents/report.txt`
      await mount(history)
      expect(await asNobody(open_)).not.toBe(0)
      await succeed('unmount', history)
      await mount('--allow-other', history)
      expect(await asNobody(open_)).toBe(0)
      expect(await asNobody(`${history}/by-file/Documents/report.txt/report@${date}.txt`)).toBe(0)
      for (const way of ['deleted', `changes/${second.date}/deleted`]) {
        expect(await asNobody(`${history}/${way}/Documents/gone`), way).toBe(0)
      }
      for (const closed of [
        `${history}/by-date/${date}/secret`,
        `${history}/by-date/${date}/private/open to all`,
        `${history}/by-file/secret/secret@${date}`,
        `${history}/by-file/private/open to all/open to all@${date}`,
        `${history}/deleted/private/gone`,
        `${history}/deleted/secret and gone`,
        `${history}/changes/${date}/added/private/open to all`,
        `${history}/changes/${second.date}/deleted/private/gone`,
        `${history}/changes/${second.date}/deleted/secret and gone`,
        `${history}/@gmt/${token}/private/open to all`,
        `${history}/by-date/${second.date}/private/open to all@yesterday`,
      ]) {
        expect(await asNobody(closed), closed).not.toBe(0)
      }
    },
  )

  test('is left out of a backup of what it lies in', async () => {
    await mkdir(`${source}/history`)
    await backUp()
    await mount(`${source}/history`)
    const { path } = await backUp()
    expect((await readdir(`${path}/tree`)).sort()).toEqual(['Documents', 'link', 'twin'])
    await succeed('unmount', `${source}/history`)
  })

  test('survives questions by many at once', async () => {
    for (let n = 0; n < 50; n += 1) await writeFile(`${source}/f${n}`, `content ${n}`.repeat(1000))
    const { date } = await backUp()
    await mount(history)
    const read = async (n: number): Promise<void> => {
      const text = await readFile(`${history}/by-date/${date}/f${n}`, 'utf8')
      expect(text).toBe(`content ${n}`.repeat(1000))
    }
    await Promise.all(Array.from({ length: 400 }, (_, n) => read(n % 50)))
  })
})

describe('a mountpoint inside the source', () => {
  test('is told to a person, and to nobody else, and is left out', async () => {
    const inside = `${source}/history`
    await mkdir(inside)
    await succeed('backup')
    const log = `${directory()}/typescript`
    await execa('script', ['-qefc', `"$SNAPFS" mount ${inside}`, log], {
      env: { ...env, TERM: 'xterm', SNAPFS: PROGRAM },
    })
    expect(await readFile(log, 'utf8')).toMatch(
      /history lies inside \S+source, the source of "home"; its backups leave it out/u,
    )
    await succeed('backup')
    await succeed('unmount', inside)
    await succeed('mount', inside)
    const latest = await readdir(`${inside}/by-date/latest`)
    expect(latest).not.toContain('history')
    expect(latest).toContain('twin')
    await succeed('unmount', inside)
  })
})
