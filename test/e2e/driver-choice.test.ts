import { execa } from 'execa'
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { processesOf, sendSignal } from '../support/processes.ts'
import { binWith } from '../support/programs.ts'
import { testWith } from '../support/requirements.ts'
import { type Finished, PROGRAM, snapfs } from '../support/snapfs.ts'
import { removeAll, unmountBelow } from '../support/temporary-directory.ts'

const test = testWith('rsync', 'fuse')
const testAsRoot = testWith('rsync', 'fuse', 'root')
const NOBODY = 65_534
const IS_ROOT = process.getuid?.() === 0

let root = ''
let mountpoint = ''
let env: Readonly<Record<string, string>>
/** The program without any optional package. */
let bare = ''

beforeAll(async () => {
  root = await mkdtemp(`${await realpath(tmpdir())}/snapfs-test-`)
  mountpoint = `${root}/history`
  env = { HOME: root, SNAPFS_CONFIG: `${root}/config.toml`, TZ: 'UTC', XDG_STATE_HOME: '' }
  await mkdir(`${root}/source`)
  await mkdir(mountpoint)
  await writeFile(`${root}/source/file`, 'content')
  await execa('setfattr', ['-n', 'user.color', '-v', 'blue', `${root}/source/file`])
  for (const words of [
    ['init', `${root}/repository`, '--source', `${root}/source`, '--profile', 'home'],
    ['backup'],
  ]) {
    expect(await snapfs(words, { env })).toMatchObject({ exitCode: 0, stderr: '' })
  }
  const installed = dirname(dirname(PROGRAM))
  bare = `${root}/bare/dist/snapfs`
  await cp(join(installed, 'dist'), `${root}/bare/dist`, { recursive: true })
  await cp(join(installed, 'package.json'), `${root}/bare/package.json`)
  if (IS_ROOT) await execa('chown', ['-R', `${NOBODY}:${NOBODY}`, '--', root])
})

afterEach(async () => {
  await unmountBelow(root)
})

afterAll(async () => {
  await removeAll(root)
})

interface Status {
  readonly mounts: readonly { readonly mountpoint: string; readonly driver: string }[]
}

interface How {
  readonly program?: string
  readonly asNobody?: boolean
  readonly path?: string
}

async function run(words: readonly string[], how: How = {}): Promise<Finished> {
  const state = `${root}/${how.asNobody === true ? 'nobody' : 'root'}`
  const { exitCode, stdout, stderr } = await execa(how.program ?? PROGRAM, words, {
    env: { ...env, XDG_STATE_HOME: state, ...(how.path === undefined ? {} : { PATH: how.path }) },
    ...(how.asNobody === true ? { uid: NOBODY, gid: NOBODY } : {}),
    stdin: 'ignore',
    reject: false,
  })
  return { exitCode, stdout, stderr }
}

/** Mounts, which must succeed in silence; by which driver, and what the file at the end says. */
async function mountAndRead(words: readonly string[], how: How): Promise<string> {
  expect(await run(['mount', ...words, mountpoint], how)).toEqual({
    ...{ exitCode: 0, stdout: '', stderr: '' },
  })
  const { stdout } = await run(['status', '--json'], how)
  const { mounts } = JSON.parse(stdout) as Status
  const who = how.asNobody === true ? { uid: NOBODY, gid: NOBODY } : {}
  const { stdout: content } = await execa('cat', [`${mountpoint}/by-date/latest/file`], who)
  expect(content).toBe('content')
  return mounts.find((one) => one.mountpoint === mountpoint)!.driver
}

describe('the driver that is taken by itself', () => {
  test('is the kernel driver where all it needs is there', async () => {
    expect(await mountAndRead([], {})).toBe('kernel')
    const { stdout, exitCode } = await run(['mount', '--explain'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^The driver would be "kernel"\.\n/u)
    expect(stdout).toMatch(/koffi +can be loaded/u)
  })

  testAsRoot('is the same for everybody else, by fusermount3', async () => {
    expect(await mountAndRead([], { asNobody: true })).toBe('kernel')
    const file = `${mountpoint}/by-date/latest/file`
    const words = ['-n', 'user.color', '--only-values', '--absolute-names', file]
    expect((await execa('getfattr', words, { uid: NOBODY, gid: NOBODY })).stdout).toBe('blue')
    expect(await run(['unmount', mountpoint], { asNobody: true })).toMatchObject({ exitCode: 0 })
    await eventually(async () => expect(await processesOf(root)).toEqual([]))
  })

  testAsRoot('is the kernel driver for root, also without any optional package', async () => {
    expect(await mountAndRead([], { program: bare })).toBe('kernel')
    const file = `${mountpoint}/by-date/latest/file`
    const words = ['-n', 'user.color', file]
    expect((await execa('getfattr', words, { reject: false })).exitCode).toBe(1)
    const { stdout } = await run(['mount', '--explain'], { program: bare })
    expect(stdout).toMatch(/Stored extended attributes and ACLs are not shown: the package koffi/u)
    expect(stdout).toMatch(/fuse-native +The package fuse-native is not installed/u)
    // Nobody takes the mount away when its process is killed, and the next one does.
    const [serving] = (await processesOf(root)).filter(({ commandLine }) =>
      commandLine.includes('--foreground'),
    )
    sendSignal(serving!.pid, 'SIGKILL')
    await eventually(async () => expect(await processesOf(root)).toEqual([]))
    expect(await mountAndRead([], { program: bare })).toBe('kernel')
    expect(await run(['unmount', mountpoint], { program: bare })).toMatchObject({ exitCode: 0 })
    expect(await readdir(mountpoint)).toEqual([])
  })

  testAsRoot('is fuse-native for others without koffi, and the log says why', async () => {
    const modules = `${root}/bare/node_modules`
    const installed = await realpath(join(dirname(dirname(PROGRAM)), 'node_modules'))
    await mkdir(modules)
    for (const name of await readdir(installed)) {
      if (name !== 'koffi') await symlink(join(installed, name), join(modules, name))
    }
    const how = { program: bare, asNobody: true }
    expect(await mountAndRead([], how)).toBe('fuse-native')
    const logs = `${root}/nobody/snapfs/mounts`
    const log = (await readdir(logs)).find((name) => name.endsWith('.log'))
    const said = await readFile(`${logs}/${log!}`, 'utf8')
    expect(said).toMatch(/By fuse-native\. The driver "kernel" needs more: the package koffi/u)
    await run(['unmount', mountpoint], how)
    await removeAll(modules)
    // And without that, nothing; the sentence names both.
    const refused = await run(['mount', mountpoint], how)
    expect(refused.exitCode).toBe(30)
    expect(refused.stderr).toMatch(/koffi[^]*fuse-native/u)
    expect((await run(['mount', '--explain'], how)).stdout).toMatch(/^Nothing can be mounted here/u)
  })

  testAsRoot('needs fusermount3 for others', async () => {
    const path = await binWith(root, ['node', 'readlink', 'dirname', 'env'])
    const { stdout } = await run(['mount', '--explain', '--driver=kernel'], {
      ...{ path, asNobody: true },
    })
    expect(stdout).toMatch(/needs more: fusermount3 \(package fuse3\) is not installed/u)
    const refused = await run(['mount', '--driver=kernel', mountpoint], { path, asNobody: true })
    expect(refused.exitCode).toBe(30)
    expect(refused.stderr).toMatch(/fusermount3/u)
  })

  test('can be another one that is asked for', async () => {
    expect(await mountAndRead(['--driver=fuse-native'], {})).toBe('fuse-native')
  })
})

describe('the command line', () => {
  test('of mount needs a mountpoint, unless it only explains', async () => {
    const result = await run(['mount'])
    expect(result.exitCode).toBe(2)
    expect(result.stderr).toMatch(/No MOUNTPOINT was named/u)
    expect((await run(['mount', '--driver=nonsense', '--explain'])).exitCode).toBe(2)
  })
})
