/**
 * What `snapfs mount` and `snapfs unmount` do when something is wrong, and how a mount ends: never with
 * a dead mountpoint, and never with a process that serves nobody.
 */
import { execa } from 'execa'
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  statfs,
} from 'node:fs/promises'
import { rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { untilYes } from '../support/eventually.ts'
import { processesOf, sendSignal } from '../support/processes.ts'
import { binWith } from '../support/programs.ts'
import { expectSentences, type Refusal, SILENCE } from '../support/sentences.ts'
import { testWith } from '../support/requirements.ts'
import { PROGRAM, type Finished, snapfs } from '../support/snapfs.ts'
import { removeAll, unmountBelow, useTemporaryDirectory } from '../support/temporary-directory.ts'

/** A user without rights of his own. */
const NOBODY = 65_534
/** More than the kernel reads ahead, so that reading on means asking the serving process. */
const LARGE_FILE_BYTES = 12 * 1024 * 1024
/** How long the end of a mount may take to be noticed. */
const NOTICED_MS = 10_000

interface Place {
  readonly root: string
  readonly source: string
  readonly repository: string
  readonly mountpoint: string
  readonly config: string
  readonly env: Readonly<Record<string, string>>
}

const directory = useTemporaryDirectory()
let template = ''

beforeAll(async () => {
  template = await mkdtemp(join(await realpath(tmpdir()), 'snapfs-template-'))
  const place = placeAt(template)
  for (const path of [place.source, place.env['HOME']!, place.mountpoint]) await mkdir(path)
  await writeFile(join(place.source, 'letter'), 'Dear reader\n')
  await writeFile(join(place.source, 'large'), largeContent())
  const words = ['init', place.repository, '--source', place.source, '--profile', 'data']
  expect(await snapfs(words, { env: place.env })).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
})

afterAll(() => removeAll(template))

// Registered after useTemporaryDirectory, so it runs before that removes the directory.
afterEach(async () => {
  await unmountBelow(directory())
  for (const { pid } of await processesOf(directory())) sendSignal(pid, 'SIGKILL')
})

function placeAt(root: string): Place {
  const config = join(root, 'config.toml')
  return {
    root,
    source: join(root, 'source'),
    repository: join(root, 'repository'),
    mountpoint: join(root, 'history'),
    config,
    env: { HOME: join(root, 'home'), SNAPFS_CONFIG: config },
  }
}

/** A repository with one snapshot, its configuration, and an empty directory to mount on. */
async function prepare(): Promise<Place> {
  const place = placeAt(directory())
  await execa('cp', ['-a', '--', `${template}/.`, place.root])
  await configure(place)
  return place
}

async function configure(place: Pick<Place, 'config' | 'repository' | 'source'>): Promise<void> {
  await writeFile(
    place.config,
    `repository = "${place.repository}"\n\n[profile.data]\nsource = "${place.source}"\n`,
  )
}

/** Every kilobyte begins with its number, so that no part passes for another. */
function largeContent(): Buffer {
  const content = Buffer.alloc(LARGE_FILE_BYTES)
  for (let at = 0; at < content.length; at += 1024) content.writeUInt32BE(at, at)
  return content
}

async function prepareMounted(): Promise<Place> {
  const place = await prepare()
  await mount(place)
  return place
}

async function mount(place: Place): Promise<void> {
  expect(await snapfs(['mount', place.mountpoint], { env: place.env })).toEqual(SILENCE)
  expect(await typesMounted(place.mountpoint)).toEqual(['fuse.snapfs'])
  await expectAnswers(place)
}

async function expectAnswers(place: Place): Promise<void> {
  const letter = join(place.mountpoint, 'by-date/latest/letter')
  expect(await readFile(letter, 'utf8')).toBe('Dear reader\n')
}

/** Runs a mount that must fail, and makes sure that nothing came of it. */
async function expectRefused(place: Place, refusal: Refusal): Promise<void> {
  const before = await mountsBelow(place.root)
  const processes = await processesOf(place.root)
  const options = { ...refusal.options, env: { ...place.env, ...refusal.options?.env } }
  const result = await snapfs(refusal.words ?? ['mount', place.mountpoint], options)
  expectSentences(result, refusal.exitCode, refusal.says)
  expect(await mountsBelow(place.root)).toEqual(before)
  await untilYes('nobody serves what was not mounted', NOTICED_MS, async () => {
    return (await processesOf(place.root)).length === processes.length
  })
}

/** The same through a shell in a mount namespace of its own, where the machine may be changed. */
async function inOwnNamespace(
  place: Place,
  changes: string,
  words: readonly string[],
  user = '',
): Promise<Finished> {
  const { exitCode, stdout, stderr } = await execa(
    'unshare',
    [
      ...['--mount', '--propagation', 'private', 'sh', '-ec'],
      `${changes}\nexec ${user} "$@"`,
      'sh',
      PROGRAM,
      ...words,
    ],
    { env: place.env, stdin: 'ignore', reject: false },
  )
  return { exitCode, stdout, stderr }
}

/** All of /dev that a program needs, but the device of FUSE. */
const DEV_WITHOUT_FUSE = `
mount -t tmpfs tmpfs /dev
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/urandom c 1 9`

/** What ended mounts leave behind: nothing. */
async function expectGone(place: Place): Promise<void> {
  expect(await typesMounted(place.mountpoint)).toEqual([])
  expect(await readdir(place.mountpoint)).toEqual([])
  await untilYes('the serving process ends', NOTICED_MS, async () => {
    return (await processesOf(place.root)).length === 0
  })
}

async function mountsBelow(root: string): Promise<readonly string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return table.split('\n').filter((line) => line.includes(root))
}

async function typesMounted(mountpoint: string): Promise<readonly string[]> {
  return (await mountsBelow(mountpoint))
    .map((line) => line.split(' '))
    .filter((fields) => fields[4] === mountpoint)
    .map((fields) => fields[fields.indexOf('-') + 1] ?? '')
}

/** The process that serves a mount, and the one of libfuse that would clear up after it. */
async function servingProcess(place: Place): Promise<{ pid: number; watcher: number | undefined }> {
  const processes = await processesOf(place.root)
  const serving = processes.filter(({ commandLine }) => commandLine.includes('--foreground'))
  expect(serving).toHaveLength(1)
  const watcher = processes.find(({ commandLine }) => commandLine.includes('fusermount'))
  return { pid: serving[0]!.pid, watcher: watcher?.pid }
}

/** Waits until a serving process has looked twice whether it is still mounted: that is all it reads. */
async function looksTwice(pid: number): Promise<void> {
  const bytesRead = async (): Promise<string> =>
    /^rchar: (\d+)$/mu.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1] ?? ''
  for (const which of ['once', 'twice']) {
    const before = await bytesRead()
    const looked = async (): Promise<boolean> => (await bytesRead()) !== before
    await untilYes(`the serving process looks ${which}`, NOTICED_MS, looked)
  }
}

/** Kills the serving process, and before it the one that would clear up: the mount stays, dead. */
async function leaveDeadMount(place: Place): Promise<void> {
  const { pid, watcher } = await servingProcess(place)
  if (watcher !== undefined) sendSignal(watcher, 'SIGKILL')
  sendSignal(pid, 'SIGKILL')
  await untilYes('the mount is dead', NOTICED_MS, () =>
    // Not readdir: what the kernel remembers it tells without asking.
    statfs(place.mountpoint).then(
      () => false,
      (error: unknown) => String(error).includes('ENOTCONN'),
    ),
  )
  expect(await typesMounted(place.mountpoint)).toEqual(['fuse.snapfs'])
}

describe('the mountpoint', () => {
  testWith('rsync', 'fuse')('a mountpoint that is missing is not made', async () => {
    const place = await prepare()
    await rm(place.mountpoint, { recursive: true })
    const says = [place.mountpoint, /does not exist/u, /mkdir/u]
    await expectRefused(place, { exitCode: 31, says })
    const words = ['mount', join(place.mountpoint, 'below')]
    await expectRefused(place, { exitCode: 31, says, words })
  })

  testWith('rsync', 'fuse')('a file is no mountpoint', async () => {
    const place = await prepare()
    const file = join(place.source, 'letter')
    const says = [file, /not a directory/iu]
    await expectRefused(place, { exitCode: 31, says, words: ['mount', file] })
    const below = join(file, 'below')
    await expectRefused(place, { exitCode: 31, says, words: ['mount', below] })
  })

  testWith('rsync', 'fuse')('a directory that is not empty is no mountpoint', async () => {
    const place = await prepare()
    await writeFile(join(place.mountpoint, '.hidden'), '')
    await expectRefused(place, { exitCode: 31, says: [place.mountpoint, /not empty/u] })
  })

  testWith('rsync', 'fuse')('where snapfs is mounted it does not mount again', async () => {
    const place = await prepareMounted()
    const says = [place.mountpoint, /already mounted/u, /snapfs unmount/u]
    await expectRefused(place, { exitCode: 31, says })
    const link = join(place.root, 'link')
    await symlink(place.mountpoint, link)
    await expectRefused(place, { exitCode: 31, says: [/already/u], words: ['mount', link] })
    await expectAnswers(place)
    expect(await snapfs(['unmount', place.mountpoint], { env: place.env })).toEqual(SILENCE)
    await expectGone(place)
  })

  testWith(
    'rsync',
    'fuse',
    'root',
  )('another file system is not hidden by a mount', async () => {
    const place = await prepare()
    await execa('mount', ['-t', 'tmpfs', 'tmpfs', place.mountpoint])
    await expectRefused(place, { exitCode: 31, says: [place.mountpoint, /tmpfs/u] })
    const unmount = ['unmount', place.mountpoint]
    await expectRefused(place, { exitCode: 31, says: [/not snapfs/u, /tmpfs/u], words: unmount })
  })

  testWith('rsync', 'fuse')('the mount and its repository lie outside each other', async () => {
    const place = await prepare()
    const inside = join(place.repository, 'inside')
    await mkdir(inside)
    const link = join(place.root, 'link')
    await symlink(inside, link)
    for (const mountpoint of [inside, link, place.repository, place.root]) {
      await expectRefused(place, {
        exitCode: 31,
        says: [mountpoint, place.repository, /inside one another/u],
        words: ['mount', mountpoint],
      })
    }
  })
})

describe('what to mount', () => {
  testWith('rsync', 'fuse')('a repository without snapshots is not mounted', async () => {
    const place = await prepare()
    const repository = join(place.root, 'fresh')
    const init = ['init', repository, '--source', place.source]
    expect(await snapfs(init, { env: place.env })).toMatchObject({ exitCode: 0 })
    await configure({ ...place, repository })
    await expectRefused(place, { exitCode: 2, says: [repository, /no snapshots/u, /backup/u] })
  })

  testWith('rsync', 'fuse')('a repository that is not there is not mounted', async () => {
    const place = await prepare()
    await rm(place.repository, { recursive: true })
    await expectRefused(place, { exitCode: 10, says: [place.repository, /no repository/u] })
  })

  testWith('rsync', 'fuse')('a profile nobody knows is not mounted', async () => {
    const place = await prepare()
    const words = ['mount', place.mountpoint, '--profile', 'photos']
    await expectRefused(place, { exitCode: 2, says: [/"photos"/u, place.config, /data/u], words })
    await expectRefused(place, {
      exitCode: 2,
      says: [/"photos"/u, place.repository, /data/u],
      words: [...words, '--repository', place.repository],
    })
  })

  const formats = [
    ['%Y-%m-%d', /hour, minute and second/u],
    ['%Y-%m-%d_%H-%M-%Q', /"%Q"/u],
    ['../%F_%H-%M-%S', /slashes/u],
  ] as const
  for (const [format, says] of formats) {
    testWith('rsync', 'fuse')(`the date format "${format}" will not do`, async () => {
      const place = await prepare()
      const words = ['mount', place.mountpoint, `--date-format=${format}`]
      await expectRefused(place, { exitCode: 2, says: [`"${format}"`, says], words })
    })
  }

  testWith('rsync', 'fuse')('a driver nobody knows is a mistake of the command line', async () => {
    const place = await prepare()
    const words = ['mount', place.mountpoint, '--driver', 'steam']
    await expectRefused(place, { exitCode: 2, says: [/steam/u, /fuse-native/u], words })
  })

  testWith('rsync', 'fuse')('a mount without a mountpoint is a mistake', async () => {
    const place = await prepare()
    await expectRefused(place, { exitCode: 2, says: [/MOUNTPOINT/iu], words: ['mount'] })
  })
})

describe('a machine without FUSE', () => {
  testWith(
    'rsync',
    'fuse',
    'root',
  )('a missing /dev/fuse is named', async () => {
    const place = await prepare()
    const result = await inOwnNamespace(place, DEV_WITHOUT_FUSE, ['mount', place.mountpoint])
    expectSentences(result, 30, [/\/dev\/fuse/u, /modprobe fuse/u, /container/u])
    await expectGone(place)
  })

  testWith(
    'rsync',
    'fuse',
    'root',
  )('something else at /dev/fuse is not FUSE', async () => {
    const place = await prepare()
    const changes = 'mount --bind /dev/null /dev/fuse'
    const result = await inOwnNamespace(place, changes, ['mount', place.mountpoint])
    expectSentences(result, 30, [/\/dev\/fuse/u])
    await expectGone(place)
  })

  testWith(
    'rsync',
    'fuse',
    'root',
  )('a /dev/fuse the user may not open is named', async () => {
    const place = await prepare()
    await execa('chown', ['-R', `${NOBODY}:${NOBODY}`, '--', place.root])
    const changes = `${DEV_WITHOUT_FUSE}\nmknod -m 600 /dev/fuse c 10 229`
    const user = `setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups`
    const result = await inOwnNamespace(place, changes, ['mount', place.mountpoint], user)
    expectSentences(result, 30, [/\/dev\/fuse/u])
    await expectGone(place)
  })

  testWith('rsync', 'fuse')('without the package fuse-native all but mount works', async () => {
    const place = await prepare()
    const installed = dirname(dirname(PROGRAM))
    const copy = join(place.root, 'copy')
    await cp(join(installed, 'dist'), join(copy, 'dist'), { recursive: true })
    await cp(join(installed, 'package.json'), join(copy, 'package.json'))
    await mkdir(join(copy, 'node_modules'))
    const modules = await realpath(join(installed, 'node_modules'))
    for (const name of await readdir(modules)) {
      if (name.startsWith('fuse-') || name.startsWith('.')) continue
      await symlink(join(modules, name), join(copy, 'node_modules', name))
    }
    const run = async (...words: string[]): Promise<Finished> => {
      const { exitCode, stdout, stderr } = await execa(join(copy, 'dist/snapfs'), words, {
        env: place.env,
        stdin: 'ignore',
        reject: false,
      })
      return { exitCode, stdout, stderr }
    }
    const mount = ['mount', '--driver=fuse-native', place.mountpoint]
    expectSentences(await run(...mount), 30, [/fuse-native/u, /npm install/u])
    await expectGone(place)
    expect(await run('backup')).toEqual(SILENCE)
    expect((await run('list')).stdout).toMatch(/2 snapshots$/u)
  })

  testWith('rsync', 'fuse')('without fusermount unmount says what is missing', async () => {
    const place = await prepareMounted()
    const PATH = await binWith(place.root, ['node', 'readlink', 'dirname'])
    const words = ['unmount', place.mountpoint]
    const says = [/fusermount is not installed/u, /fuse3/u]
    await expectRefused(place, { exitCode: 30, says, words, options: { env: { PATH } } })
    await expectAnswers(place)
    expect(await snapfs(words, { env: place.env })).toEqual(SILENCE)
    await expectGone(place)
  })
})

describe('the end of a mount', () => {
  testWith('rsync', 'fuse')('unmounting what is not mounted fails', async () => {
    const place = await prepare()
    const words = ['unmount', place.mountpoint]
    await expectRefused(place, { exitCode: 31, says: [place.mountpoint, /nothing/iu], words })
    const missing = ['unmount', join(place.root, 'missing')]
    await expectRefused(place, { exitCode: 31, says: [/missing/u], words: missing })
  })

  testWith('rsync', 'fuse')('while a file is open unmount fails, and says what to do', async () => {
    const place = await prepareMounted()
    const words = ['unmount', place.mountpoint]
    {
      await using file = await open(join(place.mountpoint, 'by-date/latest/large'), 'r')
      const says = [place.mountpoint, /in use/u, /--lazy/u]
      await expectRefused(place, { exitCode: 31, says, words })
      await expectAnswers(place)
      expect((await file.readFile()).equals(largeContent())).toBe(true)
    }
    expect(await snapfs(words, { env: place.env })).toEqual(SILENCE)
    await expectGone(place)
  })

  testWith('rsync', 'fuse')(
    'after unmount --lazy an open file is readable to its end',
    async () => {
      const place = await prepareMounted()
      const { pid } = await servingProcess(place)
      {
        await using file = await open(join(place.mountpoint, 'by-date/latest/large'), 'r')
        const content = Buffer.alloc(LARGE_FILE_BYTES)
        await file.read(content, 0, 4096, 0)
        const words = ['unmount', '--lazy', place.mountpoint]
        expect(await snapfs(words, { env: place.env })).toEqual(SILENCE)
        expect(await typesMounted(place.mountpoint)).toEqual([])
        expect(await readdir(place.mountpoint)).toEqual([])
        await looksTwice(pid)
        for (let at = 4096; at < content.length;) {
          const { bytesRead } = await file.read(
            content,
            at,
            Math.min(65_536, content.length - at),
            at,
          )
          expect(bytesRead).toBeGreaterThan(0)
          at += bytesRead
        }
        expect(content.equals(largeContent())).toBe(true)
        expect((await servingProcess(place)).pid).toBe(pid)
      }
      await expectGone(place)
    },
  )

  testWith('rsync', 'fuse')('fusermount ends the serving process, too', async () => {
    const place = await prepareMounted()
    await execa('fusermount', ['-u', place.mountpoint])
    await expectGone(place)
  })

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    testWith('rsync', 'fuse')(`${signal} to the serving process unmounts`, async () => {
      const place = await prepareMounted()
      sendSignal((await servingProcess(place)).pid, signal)
      await untilYes('it is unmounted', NOTICED_MS, async () => {
        return (await typesMounted(place.mountpoint)).length === 0
      })
      await expectGone(place)
    })
  }

  testWith('rsync', 'fuse')('SIGTERM unmounts also what somebody is reading', async () => {
    const place = await prepareMounted()
    await using file = await open(join(place.mountpoint, 'by-date/latest/large'), 'r')
    sendSignal((await servingProcess(place)).pid, 'SIGTERM')
    await untilYes('it is unmounted', NOTICED_MS, async () => {
      return (await typesMounted(place.mountpoint)).length === 0
    })
    await expectGone(place)
    // The reader gets an error, and does not hang.
    const content = Buffer.alloc(1024)
    await expect(file.read(content, 0, 1024, LARGE_FILE_BYTES - 1024)).rejects.toThrow(/ENOTCONN/u)
  })

  testWith('rsync', 'fuse')('after kill -9 of the serving process mount works again', async () => {
    const place = await prepareMounted()
    sendSignal((await servingProcess(place)).pid, 'SIGKILL')
    await mount(place)
    expect(await snapfs(['unmount', place.mountpoint], { env: place.env })).toEqual(SILENCE)
    await expectGone(place)
  })

  testWith('rsync', 'fuse')('a dead mount is cleared by the next mount', async () => {
    const place = await prepareMounted()
    await leaveDeadMount(place)
    await mount(place)
    expect(await snapfs(['unmount', place.mountpoint], { env: place.env })).toEqual(SILENCE)
    await expectGone(place)
  })

  testWith('rsync', 'fuse')('a dead mount is cleared by unmount', async () => {
    const place = await prepareMounted()
    await leaveDeadMount(place)
    expect(await snapfs(['unmount', place.mountpoint], { env: place.env })).toEqual(SILENCE)
    await expectGone(place)
  })

  testWith('rsync', 'fuse')('a dead mount inside the source does not stop a backup', async () => {
    const place = await prepare()
    const inside = { ...place, mountpoint: join(place.source, 'history') }
    await mkdir(inside.mountpoint)
    await mount(inside)
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
    await leaveDeadMount(inside)
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
    const tree = join(place.repository, 'data/latest/tree')
    expect((await readdir(tree)).sort()).toEqual(['large', 'letter'])
    expect((await snapfs(['list'], { env: place.env })).stdout).toMatch(/3 snapshots$/u)
  })

  testWith(
    'rsync',
    'fuse',
    'root',
  )('what root mounted is closed to other users', async () => {
    const place = await prepareMounted()
    await chmod(place.root, 0o755)
    const list = await execa('ls', [place.mountpoint], { uid: NOBODY, gid: NOBODY, reject: false })
    expect(list).toMatchObject({ exitCode: 2, stdout: '' })
    expect(list.stderr).toMatch(/Permission denied/u)
    expect(await snapfs(['unmount', place.mountpoint], { env: place.env })).toEqual(SILENCE)
    await expectGone(place)
  })
})
