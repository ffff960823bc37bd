/** What `npm install -g` gives a user: the packed program, installed, with hardly any environment. */
import { execa } from 'execa'
import { mkdir, mkdtemp, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testWith } from '../support/requirements.ts'
import { snapfs } from '../support/snapfs.ts'
import { removeAll, useTemporaryDirectory } from '../support/temporary-directory.ts'

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url))

const temporaryDirectory = useTemporaryDirectory()
let place = ''
let tarball = ''
let program = ''

beforeAll(async () => {
  place = await mkdtemp(join(await realpath(tmpdir()), 'snapfs-test-package-'))
  // The global setup has built what is packed; building again would take it from under other tests.
  await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', place], { cwd: CHECKOUT })
  const packed = (await readdir(place)).filter((name) => name.endsWith('.tgz'))
  expect(packed).toHaveLength(1)
  tarball = join(place, packed[0]!)

  const prefix = join(place, 'prefix')
  await execa('npm', ['install', '-g', '--prefer-offline', '--prefix', prefix, tarball], {
    cwd: place,
  })
  // A real prefix holds node itself.
  await symlink(process.execPath, join(prefix, 'bin', 'node'))
  program = join(prefix, 'bin', 'snapfs')
})

afterAll(async () => {
  await removeAll(place)
})

/** Runs the installed program as cron would, or with even less. */
async function installed(...words: readonly string[]): Promise<string> {
  return installedWithPath('/usr/bin:/bin', words)
}

async function installedWithPath(path: string, words: readonly string[]): Promise<string> {
  const result = await execa(program, words, {
    env: { PATH: path, HOME: temporaryDirectory() },
    extendEnv: false,
    cwd: '/',
    stdin: 'ignore',
  })
  expect(result.stderr).toBe('')
  return result.stdout
}

async function versionOfPackage(): Promise<string> {
  const text = await readFile(join(CHECKOUT, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** A source of one file in two versions, each in a snapshot. */
async function backUpTwice(): Promise<{ readonly repository: string; readonly source: string }> {
  const directory = temporaryDirectory()
  const repository = join(directory, 'repository')
  const source = join(directory, 'papers')
  await mkdir(source)
  const config = join(directory, 'config.toml')
  await installed('init', repository, '--source', source, '--config', config)
  for (const text of ['first\n', 'second\n']) {
    await writeFile(join(source, 'note.txt'), text)
    await installed('backup', '--repository', repository, '--source', source)
  }
  return { repository, source }
}

test('the package holds the built program and what describes it, no source and no test', async () => {
  const { stdout } = await execa('tar', ['-tzf', tarball])
  const files = stdout.split('\n').map((path) => path.replace(/^package\//, ''))
  expect(files).toContain('dist/snapfs')
  expect(files).toContain('dist/main.js')
  expect(files).toContain('dist/index.d.ts')

  const described = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']
  const others = files.filter((path) => !described.includes(path))
  const built = /^dist\/(snapfs|[A-Za-z0-9_/-]+\.(js|d\.ts))$/
  expect(others.filter((path) => !built.test(path))).toEqual([])
})

test('the installed program says the version of the package', async () => {
  expect(await installed('--version')).toBe(await versionOfPackage())
})

test('the installed program finds the node beside it when PATH holds none', async () => {
  const programs = temporaryDirectory()
  for (const name of ['dirname', 'readlink']) {
    const { stdout } = await execa('sh', ['-c', 'command -v "$1"', 'sh', name])
    await symlink(stdout, join(programs, name))
  }
  expect(await installedWithPath(programs, ['--version'])).toBe(await versionOfPackage())
})

test('does not wait for node to read certificates that nothing here asks for', async () => {
  // node says so where it cannot read them.
  const env = { NODE_EXTRA_CA_CERTS: '/nowhere' }
  expect(await snapfs(['--version'], { env })).toMatchObject({ exitCode: 0, stderr: '' })
})

testWith('rsync')('the installed program backs up and lists what it made', async () => {
  const { repository } = await backUpTwice()

  const { series } = JSON.parse(await installed('list', '--json', '--repository', repository)) as {
    series: { profile: string; snapshots: { path: string; outcome: string }[] }[]
  }
  expect(series.map(({ profile }) => profile)).toEqual(['papers'])
  const snapshots = series[0]!.snapshots
  expect(snapshots.map(({ outcome }) => outcome)).toEqual(['complete', 'complete'])
  const texts = snapshots.map(({ path }) => readFile(join(path, 'tree', 'note.txt'), 'utf8'))
  expect(await Promise.all(texts)).toEqual(['first\n', 'second\n'])
})

testWith('rsync', 'fuse')('the installed program mounts, serves and unmounts', async () => {
  const { repository } = await backUpTwice()
  const mountpoint = join(temporaryDirectory(), 'history')
  await mkdir(mountpoint)

  await installed('mount', '--repository', repository, mountpoint)
  const file = join(mountpoint, 'by-file', 'note.txt')
  // Named by the time they were first seen, so sorted by age.
  const versions = (await readdir(file)).sort()
  const texts = versions.map((version) => readFile(join(file, version), 'utf8'))
  expect(await Promise.all(texts)).toEqual(['first\n', 'second\n'])

  await installed('unmount', mountpoint)
  expect(await readdir(mountpoint)).toEqual([])
})
