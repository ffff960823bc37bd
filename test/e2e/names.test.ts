/**
 * Names are bytes, and some are chosen by enemies: every one is backed up, listed and readable, by date
 * and by file, and none of them reaches a terminal as it is.
 */
import { execa } from 'execa'
import { chmod, mkdir, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { DRIVER_NAMES } from '../../src/fuse/driver.ts'
import { initialize } from '../support/initialize.ts'
import { testWith } from '../support/requirements.ts'
import { type Finished, type RunOptions, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

/** A user without rights of his own. */
const NOBODY = 65_534
const NAME_LIMIT_BYTES = 255
/** A time without fractions, as archives unpack files with. */
const FIXED_SECONDS = 1_700_000_000

const directory = useTemporaryDirectory()

/** One character per byte, as Node's `latin1`. */
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

const NAMES: readonly string[] = [
  'plain',
  'two\nlines',
  'ends\n',
  '\r',
  '\x1b[2J\x1b]0;title\x07',
  '\x01\x7f',
  '\xff\xfe',
  'half \xc3',
  'caf\xe9.txt',
  '\xed\xa0\x80',
  'a'.repeat(NAME_LIMIT_BYTES),
  `${'b'.repeat(NAME_LIMIT_BYTES - 4)}.odt`,
  '\xff'.repeat(NAME_LIMIT_BYTES),
  `${'\xff'.repeat(NAME_LIMIT_BYTES - 1)}\xfe`,
  utf8('ß'.repeat(127)),
  '-rf',
  '--delete',
  '#comment',
  ';comment',
  ' leading',
  'trailing ',
  '*',
  '?[x]',
  '$(touch x)',
  '`touch x`',
  '"quoted" \'twice\'',
  'back\\slash',
  '\\#012',
  '\\n',
  '%d',
  '%Y%n%s',
  utf8('\u00e9'),
  utf8('e\u0301'),
  utf8('\uf7ff'),
  utf8('\uf7ff\uf7fe'),
  '\xff',
  utf8('\u202egpj.exe'),
  utf8('🙂'),
  'report.tar.gz',
  '.bashrc',
  '...',
  'latest',
  'by-date',
  'by-file',
  'README.txt',
  'snapfs.json',
  'manifest.json',
  '2026-11-22T14-30-00Z',
  'report@2026-11-22_14-30-00.odt',
  'x (was file)',
  'x~0123456789ab',
  'Case',
  'case',
  'CON',
  'a:b',
]

interface Place {
  readonly root: string
  readonly source: string
  readonly repository: string
  readonly mountpoint: string
  readonly env: Readonly<Record<string, string>>
}

const SILENCE: Finished = { exitCode: 0, stdout: '', stderr: '' }

/** An empty source, a repository, its configuration, and a place to mount on. */
async function prepare(): Promise<Place> {
  const root = directory()
  const place = {
    root,
    source: join(root, 'source'),
    repository: join(root, 'repository'),
    mountpoint: join(root, 'history'),
    env: { HOME: join(root, 'home'), SNAPFS_CONFIG: join(root, 'config.toml') },
  }
  for (const path of [place.source, place.mountpoint, place.env.HOME]) await mkdir(path)
  const { source, repository } = place
  await initialize(place.env.SNAPFS_CONFIG, { name: 'data', source, repository })
  return place
}

function pathOf(parent: Buffer | string, name: Buffer | string): Buffer {
  const bytes = (part: Buffer | string): Buffer =>
    typeof part === 'string' ? Buffer.from(part, 'latin1') : part
  return Buffer.concat([bytes(parent), Buffer.from('/'), bytes(name)])
}

/** Writes a content to each name, all of one size and one time. */
async function writeAll(parent: Buffer | string, contentOf: (index: number) => string) {
  for (const [index, name] of NAMES.entries()) {
    await writeFile(pathOf(parent, name), contentOf(index))
    await utimes(pathOf(parent, name), FIXED_SECONDS, FIXED_SECONDS)
  }
}

/** A content of four bytes that no other file has. */
const numbered =
  (letter: string) =>
  (index: number): string =>
    letter + String(index).padStart(3, '0')

/** The names in a directory of the mount; listing twice a name, or a longer one, is a failure. */
async function listingOf(path: Buffer | string): Promise<readonly Buffer[]> {
  const names = await readdir(path, { encoding: 'buffer' })
  const different = new Set(names.map((name) => name.toString('latin1')))
  expect(different.size).toBe(names.length)
  for (const name of names) expect(name.length).toBeLessThanOrEqual(NAME_LIMIT_BYTES)
  return names
}

/** What is shown under each listed name of a directory, by the content of the file behind it. */
async function shownNames(parent: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const shown = new Map<string, Buffer>()
  for (const name of await listingOf(parent)) {
    shown.set(await readFile(pathOf(parent, name), 'utf8'), name)
  }
  return shown
}

/** The versions in a directory of by-file, oldest first. */
async function versionsIn(path: Buffer): Promise<readonly string[]> {
  const names = (await listingOf(path)).toSorted((left, right) => Buffer.compare(left, right))
  return Promise.all(names.map((name) => readFile(pathOf(path, name), 'utf8')))
}

/** A name that is text, and holds none of the characters that stand for bytes, is shown as it is. */
function isShownAsItIs(name: string): boolean {
  const text = Buffer.from(name, 'latin1').toString('utf8')
  return utf8(text) === name && !/[\uf780-\uf7ff]/u.test(text)
}

/** Each byte that is not text as one character from U+F780 on; only for names that hold no text. */
function spelled(name: string): Buffer {
  const codes = Array.from(name, (byte) => 0xf700 + byte.charCodeAt(0))
  return Buffer.from(String.fromCodePoint(...codes), 'utf8')
}

/** That lines of output hold nothing a terminal would obey, and no line that a name made. */
function expectPrintable(...outputs: readonly string[]): void {
  for (const output of outputs) {
    expect(output).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/u)
  }
}

describe('hostile names', () => {
  testWith('rsync', 'fuse').each(DRIVER_NAMES)(
    'every name is backed up, listed and readable in both views, by %s',
    async (driver) => {
      const place = await prepare()
      const hostileDirectory = pathOf(place.source, 'dir\n\xff \x1b[31m*')
      await mkdir(hostileDirectory)
      await writeFile(pathOf(hostileDirectory, '\xfe'), 'below')
      const inner = join(place.source, 'names')
      await mkdir(inner)
      await writeAll(inner, numbered('a'))
      expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)

      // In the repository, names are what they were.
      const stored = join(place.repository, 'data/latest/tree/names')
      const storedNames = await readdir(stored, { encoding: 'latin1' as 'utf8' })
      expect(storedNames.toSorted()).toEqual(NAMES.toSorted())

      const mount = ['mount', `--driver=${driver}`, place.mountpoint]
      expect(await snapfs(mount, { env: place.env })).toEqual(SILENCE)
      const byDate = Buffer.from(join(place.mountpoint, 'by-date/latest/names'))
      const byFile = Buffer.from(join(place.mountpoint, 'by-file/names'))
      const shown = await shownNames(byDate)
      expect([...shown.keys()].toSorted()).toEqual(
        NAMES.map((_name, index) => numbered('a')(index)),
      )
      for (const [index, name] of NAMES.entries()) {
        const as = shown.get(numbered('a')(index))!
        if (driver === 'kernel' || isShownAsItIs(name)) expect(as.toString('latin1')).toBe(name)
        else expect(as.equals(Buffer.from(as.toString('utf8'), 'utf8'))).toBe(true)
      }
      const nameOf = (name: string): Buffer => shown.get(numbered('a')(NAMES.indexOf(name)))!
      if (driver === 'fuse-native') {
        expect(nameOf('\xff\xfe')).toEqual(spelled('\xff\xfe'))
        expect(nameOf(utf8('\uf7ff'))).toEqual(spelled(utf8('\uf7ff')))
      }

      // By file: the same names, each a directory with one version.
      const directories = await listingOf(byFile)
      const sorted = (names: Iterable<Buffer>) =>
        Array.from(names, (name) => name.toString('latin1')).toSorted()
      expect(sorted(directories)).toEqual(sorted(shown.values()))
      for (const [content, name] of shown) {
        expect(await versionsIn(pathOf(byFile, name))).toEqual([content])
      }

      // A directory with such a name leads to what is in it.
      for (const view of ['by-date/latest', 'by-file']) {
        const top = Buffer.from(join(place.mountpoint, view))
        const names = await listingOf(top)
        const hostile = names.find((name) => name.toString('latin1').startsWith('dir\n'))!
        const [below] = await listingOf(pathOf(top, hostile))
        const path = pathOf(pathOf(top, hostile), below!)
        const file = view === 'by-file' ? pathOf(path, (await listingOf(path))[0]!) : path
        expect(await readFile(file, 'utf8')).toBe('below')
      }
    },
  )

  testWith('rsync', 'fuse')('a rewritten file of any name has two versions', async () => {
    const place = await prepare()
    await writeAll(place.source, numbered('a'))
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
    // The same size and the same time: only a look at the content tells.
    await writeAll(place.source, numbered('b'))
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)

    expect(await snapfs(['mount', place.mountpoint], { env: place.env })).toEqual(SILENCE)
    const shown = await shownNames(Buffer.from(join(place.mountpoint, 'by-date/latest')))
    expect([...shown.keys()].toSorted()).toEqual(NAMES.map((_name, index) => numbered('b')(index)))
    for (const [content, name] of shown) {
      const path = pathOf(Buffer.from(join(place.mountpoint, 'by-file')), name)
      expect(await versionsIn(path)).toEqual([content.replace('b', 'a'), content])
    }
  })

  testWith('rsync', 'fuse')('the name of a version keeps its extension last', async () => {
    const place = await prepare()
    await writeAll(place.source, numbered('a'))
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
    expect(await snapfs(['mount', place.mountpoint], { env: place.env })).toEqual(SILENCE)
    const time = String.raw`\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d`
    const expected = [
      ['report.tar.gz', `^report@${time}\\.tar\\.gz$`],
      ['.bashrc', `^\\.bashrc@${time}$`],
      ['plain', `^plain@${time}$`],
      [`${'b'.repeat(NAME_LIMIT_BYTES - 4)}.odt`, `^b+~[0-9a-f]{6}@${time}\\.odt$`],
      [utf8('ß'.repeat(127)), `^ß+~[0-9a-f]{6}@${time}$`],
    ] as const
    for (const [name, pattern] of expected) {
      const path = pathOf(Buffer.from(join(place.mountpoint, 'by-file')), name)
      const [version] = await listingOf(path)
      expect(version!.toString('utf8')).toMatch(new RegExp(pattern, 'u'))
    }
  })

  testWith('rsync', 'fuse')(
    'a link to a name that is no text leads there in the mount',
    async () => {
      const place = await prepare()
      await writeFile(pathOf(place.source, 'caf\xe9\n'), 'coffee')
      await symlink(Buffer.from('caf\xe9\n', 'latin1'), join(place.source, 'link'))
      expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
      expect(await snapfs(['mount', place.mountpoint], { env: place.env })).toEqual(SILENCE)
      expect(await readFile(join(place.mountpoint, 'by-date/latest/link'), 'utf8')).toBe('coffee')
    },
  )
})

describe('names in what snapfs says', () => {
  testWith('rsync', 'root')(
    'unreadable files are named in a form a terminal can take',
    async () => {
      const place = await prepare()
      await chmod(place.root, 0o755)
      for (const name of [
        'plain',
        'two\nlines',
        '\x1b[2J\x1b]0;title\x07',
        '\x01\x7f',
        '\xff\xfe',
      ]) {
        await writeFile(pathOf(place.source, name), 'secret', { mode: 0o600 })
      }
      await writeFile(join(place.source, 'readable'), 'for all', { mode: 0o644 })
      const user: RunOptions = { env: place.env, uid: NOBODY, gid: NOBODY }
      const owned = [place.repository, place.env['HOME']!, place.env['SNAPFS_CONFIG']!]
      await execa('chown', ['-R', `${NOBODY}:${NOBODY}`, '--', ...owned])
      const backup = await snapfs(['backup'], user)
      expect(backup.exitCode).toBe(3)
      expect(backup.stderr).toContain('plain')
      expectPrintable(backup.stderr)
      for (const line of backup.stderr.split('\n')) expect(line).toMatch(/^(?:snapfs: | {2})/u)

      const list = await snapfs(['list'], user)
      expect(list.stdout).toContain('5 problems')
      expectPrintable(list.stdout, list.stderr)
    },
  )

  const hostile = 'evil\x1b[2J\x07\nsnapfs: all is well\u202e\x9b31m'

  testWith('rsync')('a hostile path on the command line is shown escaped', async () => {
    const place = await prepare()
    const path = join(place.root, hostile)
    const commands: readonly (readonly [number, readonly string[]])[] = [
      [14, ['backup', '--repository', place.repository, '--source', path]],
      [10, ['backup', '--repository', path, '--source', place.source]],
      [2, ['backup', hostile]],
      [2, ['backup', `--${hostile}`]],
      [2, [hostile]],
      [2, ['backup', '--config', path]],
      [10, ['list', '--repository', path]],
      [31, ['unmount', path]],
    ]
    const obeyed: string[] = []
    for (const [exitCode, words] of commands) {
      const result = await snapfs(words, { env: place.env })
      expect(result).toMatchObject({ exitCode, stdout: '' })
      expect(result.stderr).toContain('evil')
      if (/[\x1b\x07\u202e\x9b]|^snapfs: all is well/mu.test(result.stderr)) {
        obeyed.push(JSON.stringify(result.stderr))
      }
    }
    expect(obeyed).toEqual([])
  })

  testWith('rsync')('a repository with a hostile path works, and is listed escaped', async () => {
    const place = await prepare()
    await writeFile(join(place.source, 'letter'), 'Dear reader\n')
    const repository = join(place.root, hostile)
    const options = { env: place.env }
    const init = ['init', repository, '--source', place.source, '--config', `${place.root}/other`]
    const made = await snapfs(init, options)
    expect(made).toMatchObject({ exitCode: 0, stderr: '' })
    expectPrintable(made.stdout)
    const words = ['--repository', repository, '--source', place.source]
    expect(await snapfs(['backup', ...words], options)).toEqual(SILENCE)
    expect(await snapfs(['backup', '--config', `${place.root}/other`], options)).toEqual(SILENCE)
    const list = await snapfs(['list', '--repository', repository], options)
    expect(list).toMatchObject({ exitCode: 0, stderr: '' })
    expect(list.stdout).toContain('evil\\x1b[2J')
    expectPrintable(list.stdout)
  })
})

describe('a name that was several things', () => {
  testWith('rsync', 'fuse')('file, directory and link of one name are all in by-file', async () => {
    const place = await prepare()
    const name = join(place.source, 'name')
    // Somebody has a file of the very name that would stand beside it.
    const taken = join(place.source, 'other (was file)')
    await writeFile(name, 'I was a file')
    await writeFile(taken, 'I am real')
    await writeFile(join(place.source, 'other'), 'other file')
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
    for (const path of [name, join(place.source, 'other')]) {
      await rm(path)
      await mkdir(path)
      await writeFile(join(path, 'inner'), 'I was a directory')
    }
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
    await rm(name, { recursive: true })
    await symlink('other/inner', name)
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)

    expect(await snapfs(['mount', place.mountpoint], { env: place.env })).toEqual(SILENCE)
    const byDate = join(place.mountpoint, 'by-date')
    const [first, second, third, ...more] = (await readdir(byDate)).toSorted()
    expect(more).toEqual(['latest'])
    expect(await readFile(join(byDate, first!, 'name'), 'utf8')).toBe('I was a file')
    expect(await readdir(join(byDate, second!, 'name'))).toEqual(['inner'])
    expect(await readlink(join(byDate, third!, 'name'))).toBe('other/inner')

    const byFile = join(place.mountpoint, 'by-file')
    expect((await readdir(byFile)).toSorted()).toEqual([
      'name',
      'name (was file)',
      'other',
      'other (was file)',
      'other (was file) (2)',
    ])
    const inner = join(byFile, 'name/inner')
    const [version, ...others] = await readdir(inner)
    expect(others).toEqual([])
    expect(version).toBe(`inner@${second!}`)
    expect(await readFile(join(inner, version!), 'utf8')).toBe('I was a directory')
    const wasFile = join(byFile, 'name (was file)')
    expect((await readdir(wasFile)).toSorted()).toEqual([`name@${first!}`, `name@${third!}`])
    expect(await readFile(join(wasFile, `name@${first!}`), 'utf8')).toBe('I was a file')
    expect(await readlink(join(wasFile, `name@${third!}`))).toBe('other/inner')
    expect(await versionsIn(Buffer.from(join(byFile, 'other (was file)')))).toEqual(['I am real'])
    const second2 = Buffer.from(join(byFile, 'other (was file) (2)'))
    expect(await versionsIn(second2)).toEqual(['other file'])
  })
})
