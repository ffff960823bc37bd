import { execa } from 'execa'
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { release } from 'node:os'
import { beforeEach, describe, expect } from 'vitest'
import { backUpOnce } from '../support/back-up-once.ts'
import { eventually } from '../support/eventually.ts'
import { initialize } from '../support/initialize.ts'
import { processesOf } from '../support/processes.ts'
import { testWith } from '../support/requirements.ts'
import { snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith('rsync', 'fuse')
const testAsRoot = testWith('rsync', 'fuse', 'root')
const NOBODY = 65_534
let source = ''
let history = ''
let series = ''
let env: Readonly<Record<string, string>>

beforeEach(async () => {
  source = `${directory()}/source`
  history = `${directory()}/history`
  series = `${directory()}/repository/home`
  env = { HOME: directory(), SNAPFS_CONFIG: `${directory()}/config.toml`, TZ: 'UTC' }
  await mkdir(source)
  await mkdir(history)
  const repository = `${directory()}/repository`
  await initialize(`${directory()}/config.toml`, { name: 'home', source, repository })
})

async function succeed(...words: string[]): Promise<string> {
  const result = await snapfs(words, { env })
  expect(result).toMatchObject({ exitCode: 0, stderr: '' })
  return result.stdout
}

async function backUp(): Promise<{ readonly id: string; readonly date: string }> {
  const { id } = await backUpOnce(`${directory()}/repository`, source)
  return { id, date: id.replace('T', '_').replace('Z', '') }
}

/** Linux asks file systems of FUSE for it from 6.6 on. */
function asksForBirth(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return major > 6 || (major === 6 && minor >= 6)
}

async function touch(path: string): Promise<string> {
  await writeFile(path, '')
  return path
}

async function mount(...words: string[]): Promise<void> {
  await succeed('mount', '--driver=kernel', ...words, history)
}

describe('a mount of the kernel driver', () => {
  test('shows everything as it is stored: bytes, nanoseconds, sizes, holes, attributes, ACLs', async () => {
    const names = [
      Buffer.from('caf\u00e9', 'latin1'),
      Buffer.from('\u0001\u007f\n"\\', 'latin1'),
      Buffer.from('x'.repeat(255)),
      Buffer.from('\uf7e9'),
    ]
    for (const name of names) {
      await writeFile(Buffer.concat([Buffer.from(`${source}/`), name]), name)
    }
    await execa('touch', ['-d', '1950-01-01 00:00:00.123456789 UTC', `${source}/old`])
    await execa('touch', ['-d', '2150-01-01 00:00:00.987654321 UTC', `${source}/future`])
    await writeFile(`${source}/marked`, 'x')
    await execa('setfattr', ['-n', 'user.bytes', '-v', '0x00ff10', `${source}/marked`])
    await execa('setfacl', ['-m', 'u:7:rw,g:8:r', `${source}/marked`])
    await mkdir(`${source}/d`)
    await execa('setfacl', ['-d', '-m', 'u:7:rwx', `${source}/d`])
    const { id, date } = await backUp()
    // rsync would read all of its zeros.
    const stored = `${series}/${id}/tree/large`
    await truncate(await touch(stored), 5 * 2 ** 30)
    await writeFile(stored, 'end', { flag: 'a' })
    await mount()
    const shown = `${history}/by-date/${date}`
    // Names, kinds, modes, owners, times, links, ACLs and attributes, as rsync sees them.
    const { stdout } = await execa('rsync', [
      ...['-n', '-aHAX', '--modify-window=-1', '--itemize-changes', '--omit-dir-times'],
      ...[`${source}/`, `${shown}/`],
    ])
    expect(stdout).toBe('')
    for (const name of names) {
      const place = Buffer.concat([Buffer.from(`${shown}/`), name])
      expect((await readFile(place)).equals(name)).toBe(true)
    }
    const large = await lstat(`${shown}/large`)
    expect([large.size, large.blocks < 100]).toEqual([5 * 2 ** 30 + 3, true])
    await using file = await open(`${shown}/large`)
    const { buffer } = await file.read(Buffer.alloc(3), 0, 3, 5 * 2 ** 30)
    expect(buffer.toString()).toBe('end')
    // Copied by its holes, or this would take long.
    await execa('cp', ['--sparse=auto', `${shown}/large`, `${directory()}/copy`])
    expect((await lstat(`${directory()}/copy`)).blocks).toBeLessThan(100)
    for (const name of ['marked', 'd']) {
      const dump = async (base: string): Promise<string> =>
        (await execa('getfattr', ['-d', '-m', '-', '-e', 'hex', name], { cwd: base })).stdout
      expect(await dump(shown)).toBe(await dump(source))
    }
    const { stdout: birth } = await execa('stat', ['-c', '%W', `${shown}/marked`])
    expect(Number(birth) > 1_700_000_000).toBe(asksForBirth())
  })

  test('reads an unchanged file of a second snapshot without asking anybody', async () => {
    const content = Buffer.alloc(3 * 2 ** 20, 'snapfs')
    await writeFile(`${source}/same`, content)
    const first = await backUp()
    await writeFile(`${source}/other`, 'x')
    const second = await backUp()
    await mount()
    const bytesRead = async (): Promise<number> => {
      const processes = await processesOf(directory())
      const { pid } = processes.find(({ commandLine }) => commandLine.includes('--foreground'))!
      return Number(/^rchar: (\d+)$/mu.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1])
    }
    const before = await bytesRead()
    expect((await readFile(`${history}/by-date/${first.date}/same`)).equals(content)).toBe(true)
    const between = await bytesRead()
    expect(between - before).toBeGreaterThan(content.length)
    expect((await readFile(`${history}/by-date/${second.date}/same`)).equals(content)).toBe(true)
    expect((await bytesRead()) - between).toBeLessThan(100_000)
    const [one, other] = await Promise.all(
      [first, second].map(({ date }) => lstat(`${history}/by-date/${date}/same`)),
    )
    expect([one!.ino, one!.nlink]).toEqual([other!.ino, 2])
  })

  test('sends whoever reads directory after directory what he reads next, all of it right', async () => {
    for (let above = 0; above < 20; above += 1) {
      await mkdir(`${source}/${above}`)
      for (let n = 0; n < 30; n += 1) {
        await writeFile(`${source}/${above}/${n}`, `${above} ${n} `.repeat(1 + n * 40))
      }
    }
    const { date } = await backUp()
    await mount()
    for (const copy of ['first', 'second']) {
      await execa('cp', ['-r', `${history}/by-date/${date}/.`, `${directory()}/${copy}`])
      await execa('diff', ['-r', source, `${directory()}/${copy}`])
    }
  })

  test('shows what is new in two seconds in every view, also where it was listed before', async () => {
    await writeFile(`${source}/file`, 'first')
    await writeFile(`${source}/gone`, 'x')
    await backUp()
    await mount()
    const views = ['by-date', 'by-file', 'by-file/file', 'deleted', 'changes', '@gmt']
    const look = async (): Promise<readonly number[]> =>
      Promise.all(views.map(async (view) => (await readdir(`${history}/${view}`)).length))
    expect(await look()).toEqual([2, 2, 1, 0, 2, 1])
    await writeFile(`${source}/file`, 'second')
    await writeFile(`${source}/new`, 'x')
    await rm(`${source}/gone`)
    const { id, date } = await backUp()
    await eventually(async () => expect(await look()).toEqual([3, 3, 2, 1, 3, 2]), 2000)
    expect(await readFile(`${history}/by-date/latest/file`, 'utf8')).toBe('second')
    expect((await lstat(`${history}/by-date/${date}/new`)).nlink).toBe(1)
    await rm(`${series}/${id}`, { recursive: true })
    await eventually(async () => expect(await look()).toEqual([2, 2, 1, 0, 2, 1]), 2000)
    expect(await readFile(`${history}/by-date/latest/file`, 'utf8')).toBe('first')
  })

  test('lets whoever is in a snapshot go on when it is removed as a prune removes it', async () => {
    for (let n = 0; n < 20; n += 1) await writeFile(`${source}/f${n}`, `content ${n}`)
    await writeFile(`${source}/large`, Buffer.alloc(4 * 2 ** 20, 'x'))
    const first = await backUp()
    await rm(`${source}/large`)
    for (let n = 0; n < 20; n += 1) await writeFile(`${source}/f${n}`, `other ${n}`)
    await backUp()
    await mount()
    const old = `${history}/by-date/${first.date}`
    await readdir(old)
    // Open, and not read from.
    await using small = await open(`${old}/f7`)
    await using large = await open(`${old}/large`)
    await large.read(Buffer.alloc(10), 0, 10, 0)
    await mkdir(`${series}/.trash`)
    await rename(`${series}/${first.id}`, `${series}/.trash/${first.id}`)
    await eventually(async () => expect(await readdir(`${history}/by-date`)).toHaveLength(2), 2000)
    // What a prune does between moving and removing takes its time, too.
    await new Promise((resolve) => setTimeout(resolve, 200))
    await eventually(() => expect(lstat(old)).rejects.toMatchObject({ code: 'ENOENT' }), 2000)
    await rm(`${series}/.trash/${first.id}`, { recursive: true })
    expect(await small.readFile('utf8')).toBe('content 7')
    expect((await large.readFile()).equals(Buffer.alloc(4 * 2 ** 20, 'x'))).toBe(true)
    await expect(readFile(`${old}/f8`)).rejects.toMatchObject({ code: 'ENOENT' })
    // Nothing that is gone is kept on the disk once nobody reads it.
    await small.close()
    await large.close()
    await succeed('backup')
    const [serving] = (await processesOf(directory())).filter(({ commandLine }) =>
      commandLine.includes('--foreground'),
    )
    await eventually(async () => {
      const { stdout } = await execa('sh', ['-c', `ls -l /proc/${serving!.pid}/fd`])
      expect(stdout).not.toContain('(deleted)')
    })
  })

  test.for([
    { words: [], how: 'by names and numbers' },
    { words: ['--without=prune'], how: 'by names alone' },
  ])(
    'keeps nothing on the disk that a prune removed and nobody reads: forgotten $how',
    async ({ words }) => {
      const names = Array.from({ length: 12 }, (_, n) => `f${n}`)
      for (const name of names) await writeFile(`${source}/${name}`, `content of ${name}`)
      // A whole directory, which changes shows as it lies in the snapshot.
      await mkdir(`${source}/d`)
      for (const name of names) await writeFile(`${source}/d/${name}`, `below, of ${name}`)
      await mkdir(`${source}/g`)
      await writeFile(`${source}/g/only`, 'opened')
      const first = await backUp()
      await rm(`${source}/d`, { recursive: true })
      await rm(`${source}/g`, { recursive: true })
      for (const name of names) await writeFile(`${source}/${name}`, `other of ${name}`)
      const second = await backUp()
      for (const name of names.slice(0, 6)) await rm(`${source}/${name}`)
      const last = await backUp()
      await mount(...words)
      const ways = [
        (name: string) => `by-date/${first.date}/${name}`,
        (name: string) => `by-file/${name}/${name}@${first.date}`,
        (name: string) =>
          `by-date/${last.date}/${name}@${first.date.slice(0, 10)}T${first.date.slice(11, 16)}`,
        (name: string) => `by-date/${first.date}/.history/${name}/${name}@${first.date}`,
        (name: string) => `by-date/${last.date}/.history/${name}/${name}@${first.date}`,
        (name: string) => `by-file/${name}/${name}@~2`,
      ]
      await using reading = await open(`${history}/${ways[1]!('f0')}`)
      // Each file by all of them, and each in another order.
      for (const [index, name] of names.entries()) {
        for (let step = 0; step < ways.length; step += 1) {
          const way = ways[(index + step) % ways.length]!
          await lstat(`${history}/${way(name)}`).catch(() => undefined)
        }
        await readdir(`${history}/by-file/${name}`, { withFileTypes: true })
      }
      for (const name of names) await readFile(`${history}/deleted/d/${name}`)
      const allElse = ['(', '-name', 'g', '-prune', ')', '-o', '-printf', '%s']
      await execa('find', ['by-date', 'by-file', 'changes', 'deleted', ...allElse], {
        cwd: history,
      })
      await execa('find', ['by-date', '-name', 'g', '-prune', '-o', '-printf', '%s'], {
        cwd: history,
      })
      // Open, and not read from.
      await using below = await open(`${history}/changes/${second.date}/deleted/g/only`)
      await mkdir(`${series}/.trash`)
      await rename(`${series}/${first.id}`, `${series}/.trash/${first.id}`)
      await eventually(
        async () => expect(await readdir(`${history}/by-date`)).toHaveLength(3),
        2000,
      )
      await new Promise((resolve) => setTimeout(resolve, 500))
      await rm(`${series}/.trash/${first.id}`, { recursive: true })
      const [serving] = (await processesOf(directory())).filter(({ commandLine }) =>
        commandLine.includes('--foreground'),
      )
      const kept = async (): Promise<readonly string[]> => {
        const { stdout } = await execa('sh', ['-c', `ls -l /proc/${serving!.pid}/fd`])
        return [...stdout.matchAll(/\/([^/]+) \(deleted\)/gu)].map((match) => match[1]!)
      }
      await eventually(async () => expect((await kept()).toSorted()).toEqual(['f0', 'only']))
      expect(await reading.readFile('utf8')).toBe('content of f0')
      expect(await below.readFile('utf8')).toBe('opened')
      await reading.close()
      await below.close()
      await eventually(async () => expect(await kept()).toEqual([]))
    },
  )

  testAsRoot(
    'has the kernel look at stored access control lists where others may enter',
    async () => {
      for (const name of ['granted', 'denied', 'plain']) await writeFile(`${source}/${name}`, name)
      await chmod(`${source}/granted`, 0o640)
      await execa('setfacl', ['-m', `u:${NOBODY}:r`, `${source}/granted`])
      await execa('setfacl', ['-m', `u:${NOBODY}:-`, `${source}/denied`])
      const { date } = await backUp()
      await chmod(directory(), 0o755)
      await mount('--allow-other')
      const asNobody = async (path: string) =>
        (await execa('cat', [path], { uid: NOBODY, gid: NOBODY, reject: false })).exitCode
      for (const base of [`by-date/${date}`, 'by-date/latest']) {
        expect(await asNobody(`${history}/${base}/granted`)).toBe(0)
        expect(await asNobody(`${history}/${base}/plain`)).toBe(0)
        expect(await asNobody(`${history}/${base}/denied`)).toBe(1)
      }
      expect(await asNobody(`${history}/by-file/granted/granted@${date}`)).toBe(0)
      expect(await asNobody(`${history}/by-file/denied/denied@${date}`)).toBe(1)
    },
  )

  testAsRoot('ends in peace when it is cut off, or taken away', async () => {
    await writeFile(`${source}/file`, 'x')
    await backUp()
    for (const [program, ...words] of [['umount', '-f'], ['umount', '-l'], ['umount']] as const) {
      const serving = ['mount', '--driver=kernel', '--foreground', history]
      const child = snapfs(serving, { env })
      await eventually(async () => expect(await readdir(history)).toContain('by-date'))
      await execa(program, [...words, history], { reject: false })
      const { exitCode, stderr } = await child
      expect([program, ...words, exitCode, stderr]).toEqual([program, ...words, 0, ''])
      await execa('umount', ['-l', history], { reject: false })
    }
  })
})
