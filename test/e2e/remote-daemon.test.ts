/** Sources of an rsync daemon: the same snapshots as of local ones, and a sentence for each refusal. */
import { execa } from 'execa'
import { statSync } from 'node:fs'
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest'
import { repositoryAt } from '../support/back-up-once.ts'
import { differences, fingerprint, sharedFiles } from '../support/compare-trees.ts'
import { crowd, EXT4_LINKS } from '../support/crowd.ts'
import { processesOf } from '../support/processes.ts'
import { freePort, type RsyncHost, startRelay, startRsyncd } from '../support/remote-hosts.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences, SILENCE } from '../support/sentences.ts'
import { type Finished, snapfs } from '../support/snapfs.ts'
import { removeAll, useTemporaryDirectory } from '../support/temporary-directory.ts'

const test = testWith('rsync')
const directory = useTemporaryDirectory()
let hosts = ''
let source = ''
let daemon: RsyncHost
let env: Record<string, string> = {}
let repository = ''

beforeAll(async () => {
  hosts = await mkdtemp(join(await realpath(tmpdir()), 'snapfs-rsyncd-'))
  source = join(hosts, 'source')
  await writeFile(join(hosts, 'secrets'), 'anna:open sesame\n', { mode: 0o600 })
  const path = `path = ${source}`
  daemon = await startRsyncd(join(hosts, 'daemon'), {
    data: [path],
    secret: [path, 'auth users = anna', `secrets file = ${join(hosts, 'secrets')}`],
    crowded: [path, 'max connections = -1'],
    forbidden: [path, 'hosts allow = 192.0.2.1'],
    'drop-box': [path, 'read only = no', 'write only = yes'],
    unmounted: [`path = ${join(hosts, 'nowhere')}`],
  })
})

afterAll(async () => {
  await daemon.stop()
  await removeAll(hosts)
})

beforeEach(async () => {
  await rm(source, { recursive: true, force: true })
  await mkdir(join(source, 'deep/-x [y]'), { recursive: true })
  for (let n = 0; n < 12; n += 1) await writeFile(join(source, `file${n}`), `content ${n}\n`)
  await writeFile(join(source, 'deep/-x [y]/inside'), 'inside\n')
  repository = join(directory(), 'repository')
  env = { HOME: directory(), SNAPFS_CONFIG: join(directory(), 'config.toml') }
  await repositoryAt(repository)
  await configure('data')
})

async function configure(module: string, more = '', port = daemon.port, user = ''): Promise<void> {
  await writeFile(
    env['SNAPFS_CONFIG']!,
    `repository = '${repository}'\n[profile.data]\nsource = 'rsync://${user}127.0.0.1:${port}/${module}'\n${more}`,
  )
}

async function backUp(): Promise<Finished> {
  return snapfs(['backup'], { env })
}

async function snapshots(): Promise<readonly string[]> {
  const names = await readdir(join(repository, 'data')).catch(() => [])
  return names.filter((name) => /^\d{4}-.*Z$/u.test(name)).sort()
}

async function treeOf(index: number): Promise<string> {
  return join(repository, 'data', (await snapshots()).at(index)!, 'tree')
}

async function expectRefused(exitCode: number, ...says: readonly RegExp[]): Promise<void> {
  expectSentences(await backUp(), exitCode, says)
  expect(await snapshots()).toEqual([])
}

describe('a source of an rsync daemon', () => {
  test('is stored as it is, and linked when unchanged', async () => {
    const other = join(directory(), 'other.toml')
    const words = ['init', repository, '--source', `rsync://127.0.0.1:${daemon.port}/data/`]
    expect(await snapfs([...words, '--config', other], { env })).toMatchObject({ exitCode: 0 })
    expect(await readFile(other, 'utf8')).toContain(
      `source = "rsync://127.0.0.1:${daemon.port}/data"`,
    )
    expect(await backUp()).toEqual(SILENCE)
    expect(await differences(source, await treeOf(0))).toBe('')
    const before = await fingerprint(await treeOf(0))
    await writeFile(join(source, 'file6'), 'changed\n')
    await rm(join(source, 'file5'))
    expect(await backUp()).toEqual(SILENCE)
    expect(await differences(source, await treeOf(1))).toBe('')
    expect(await fingerprint(await treeOf(0))).toBe(before)
    expect(await sharedFiles(await treeOf(1), await treeOf(0))).toBe(11)
    const manifest: unknown = JSON.parse(
      await readFile(join(await treeOf(1), '../manifest.json'), 'utf8'),
    )
    expect(manifest).toMatchObject({
      outcome: 'complete',
      source: { realPath: 'data', host: '127.0.0.1', transport: 'daemon' },
      counts: { files: 12, linkedEntries: 11 },
    })
  })

  test('of which everything was touched is stored anew, and the reason is told', async () => {
    for (let n = 0; n < 110; n += 1) await writeFile(join(source, `touched${n}`), 'same')
    expect(await backUp()).toEqual(SILENCE)
    await execa('find', [source, '-type', 'f', '-exec', 'touch', '-d', '2001-01-01', '{}', '+'])
    const { exitCode, stderr } = await backUp()
    expect(stderr).toMatch(/123 of 123 files were copied and not linked: .* another time/u)
    expect(exitCode).toBe(0)
  })

  test('is whole where a stored inode can have no more links', async () => {
    await link(join(source, 'file1'), join(source, 'twin1'))
    expect(await backUp()).toEqual(SILENCE)
    for (const name of ['file0', 'twin1']) {
      crowd(join(await treeOf(0), name), join(directory(), 'links'), EXT4_LINKS)
    }
    const { exitCode, stderr } = await backUp()
    expect(stderr).toMatch(/data: 3 unchanged files had to be stored anew: hard links reached/u)
    expect(exitCode).toBe(0)
    expect(await differences(source, await treeOf(1))).toBe('')
    expect(statSync(join(await treeOf(1), 'twin1')).nlink).toBe(2)
    expect(await backUp()).toEqual(SILENCE)
    expect(await sharedFiles(await treeOf(2), await treeOf(1))).toBe(14)
  })

  test('may be a directory below a module', async () => {
    await configure('data/deep/-x [y]')
    expect(await backUp()).toEqual(SILENCE)
    expect(await readdir(await treeOf(0))).toEqual(['inside'])
  })

  test('is read with a password from a file, which is nobody else to read', async () => {
    const file = join(directory(), 'pass word')
    await writeFile(file, 'open sesame\n', { mode: 0o600 })
    await configure('secret', `password_file = '${file}'\n`, daemon.port, 'anna@')
    expect(await backUp()).toEqual(SILENCE)
    const manifest = await readFile(join(await treeOf(0), '../manifest.json'), 'utf8')
    expect(manifest).not.toContain('sesame')
    await chmod(file, 0o644)
    expectSentences(await backUp(), 14, [/"password_file", can be read by others/u, /chmod 600/u])
    await writeFile(file, 'wrong\n')
    await chmod(file, 0o600)
    expectSentences(await backUp(), 14, [
      /refused user or password for "secret"/u,
      /password_file/u,
    ])
    expect(await snapshots()).toHaveLength(1)
  })

  test('that wants a password and gets none is refused without a question', async () => {
    await configure('secret', '', daemon.port, 'anna@')
    await expectRefused(14, /refused user or password for "secret"/u)
  })

  const refusals = [
    ['nothing-here', [/has no module "nothing-here"/u]],
    ['crowded', [/serves as many as it may/u, /max connections/u]],
    ['forbidden', [/does not let this machine read "forbidden"/u, /hosts allow/u]],
    ['drop-box', [/may only be written to/u]],
    ['unmounted', [/"unmounted" is missing/u, /mounted there/u]],
    ['data/nothing', [/does not exist/u]],
    ['data/file1', [/is not a directory/u]],
  ] as const
  for (const [module, says] of refusals) {
    test(`${module} is refused with a sentence of its own`, async () => {
      await configure(module)
      await expectRefused(14, ...says)
    })
  }

  test('that does not listen is told', async () => {
    await configure('data', '', await freePort())
    await expectRefused(14, /refused the connection/u, /rsync daemon running/u)
  })

  test('that takes the connection and stays silent is not waited for', async () => {
    const relay = await startRelay(undefined)
    await configure('data', 'stall_timeout = "3 s"\n', relay.port)
    await expectRefused(14, /took the connection and then said nothing/u)
    expect(await processesOf(directory())).toEqual([])
    await relay.stop()
  })

  for (const bytes of [20, 100_000]) {
    test(`that is cut off after ${bytes} bytes publishes nothing`, async () => {
      await writeFile(join(source, 'large'), Buffer.alloc(1_000_000, 'incompressible?'))
      const relay = await startRelay(daemon.port, bytes)
      await configure('data', '', relay.port)
      await expectRefused(21, /broke off/u, /Nothing was published/u)
      await relay.stop()
      await configure('data')
      expect(await backUp()).toEqual(SILENCE)
      expect(await differences(source, await treeOf(0))).toBe('')
    })
  }
})
