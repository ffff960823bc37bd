/**
 * What `snapfs backup` does when something is wrong: it ends with the exit code a monitor expects, says
 * in a sentence what to do, and leaves the repository as it was.
 */
import { execa } from 'execa'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, realpath } from 'node:fs/promises'
import { rename, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { untilYes } from '../support/eventually.ts'
import { engineOf, processesOf, sendSignal } from '../support/processes.ts'
import { binWith, whereIs } from '../support/programs.ts'
import { expectSentences, type Refusal, SILENCE } from '../support/sentences.ts'
import { testWith } from '../support/requirements.ts'
import { PROGRAM, type Finished, type RunOptions, snapfs } from '../support/snapfs.ts'
import { removeAll, useTemporaryDirectory } from '../support/temporary-directory.ts'

/** A user without rights of his own. */
const NOBODY = 65_534
/** rsync needs minutes for it; as it is all hole, it takes no space on either side. */
const ENDLESS_FILE_BYTES = 200 * 1024 ** 3

interface Place {
  readonly root: string
  readonly source: string
  readonly repository: string
  readonly config: string
  readonly env: Readonly<Record<string, string>>
}

const directory = useTemporaryDirectory()
let template = ''

beforeAll(async () => {
  template = await mkdtemp(join(await realpath(tmpdir()), 'snapfs-template-'))
  const place = placeAt(template)
  await mkdir(join(place.source, 'deep'), { recursive: true })
  await mkdir(place.env['HOME']!)
  await writeFile(join(place.source, 'letter'), 'Dear reader\n')
  await writeFile(join(place.source, 'deep/inner'), 'inside\n')
  const words = ['init', place.repository, '--source', place.source, '--profile', 'data']
  expect(await snapfs(words, { env: place.env })).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
})

afterAll(() => removeAll(template))

// Registered after useTemporaryDirectory, so it runs before that removes the directory.
afterEach(async () => {
  for (const { pid } of await processesOf(directory())) sendSignal(pid, 'SIGKILL')
})

function placeAt(root: string): Place {
  const config = join(root, 'config.toml')
  return {
    root,
    source: join(root, 'source'),
    repository: join(root, 'repository'),
    config,
    env: { HOME: join(root, 'home'), SNAPFS_CONFIG: config },
  }
}

/** A source, a repository that holds one snapshot of it, and the configuration of both. */
async function prepare(root = directory()): Promise<Place> {
  const place = placeAt(root)
  await mkdir(root, { recursive: true })
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

/** The same on a file system of its own, of which more can be wrong. */
async function prepareOnDisk(options: string): Promise<Place> {
  const place = await prepare()
  const disk = join(place.root, 'disk')
  await mkdir(disk)
  await execa('mount', ['-t', 'tmpfs', '-o', `mode=755,${options}`, 'tmpfs', disk])
  await execa('mv', ['--', place.repository, disk])
  const moved = { ...place, repository: join(disk, 'repository') }
  await configure(moved)
  return moved
}

/** Hands everything to a user who is not root. */
async function giveAway(place: Place): Promise<RunOptions> {
  await execa('chown', ['-R', `${NOBODY}:${NOBODY}`, '--', place.root])
  return { env: place.env, uid: NOBODY, gid: NOBODY }
}

/** Everything in a repository, as exactly as a run that did nothing must leave it. */
async function contentOf(repository: string): Promise<readonly string[]> {
  const { stdout } = await execa('find', [
    repository,
    ...['(', '-type', 'd', '-printf', '%P/ %i %m %U\\n', ')', '-o'],
    ...['-printf', '%P %y %i %m %U %n %s %T@ %l\\n'],
  ])
  return stdout.split('\n').sort()
}

/** Runs a backup that must fail, and makes sure that nothing came of it. */
async function expectRefused(place: Place, refusal: Refusal): Promise<void> {
  const before = await contentOf(place.repository)
  expect(before.join('\n')).toMatch(/\/tree\/deep\/inner f /u)
  const options = { ...refusal.options, env: { ...place.env, ...refusal.options?.env } }
  const result = await snapfs(refusal.words ?? ['backup'], options)
  expectSentences(result, refusal.exitCode, refusal.says)
  expect(await contentOf(place.repository)).toEqual(before)
}

/** The ids of the published snapshots, oldest first. */
async function snapshotsIn(place: Place, profile = 'data'): Promise<readonly string[]> {
  const names = await readdir(join(place.repository, profile))
  return names.filter((name) => /^\d{4}-.*Z$/u.test(name)).sort()
}

/** That no run is, or looks, unfinished. */
async function expectTidy(place: Place, profile = 'data'): Promise<void> {
  const series = join(place.repository, profile)
  const names = await readdir(series)
  const own = names.filter((name) => name.startsWith('.') && name !== '.state')
  expect(own).toEqual(['.incoming'])
  expect(await readdir(join(series, '.incoming'))).toEqual([])
}

async function newestTree(place: Place, profile = 'data'): Promise<string> {
  return join(place.repository, profile, (await snapshotsIn(place, profile)).at(-1)!, 'tree')
}

/** The rsync processes of a place; the true ones, or those that took their place. */
async function rsyncsOf(place: Place): Promise<readonly number[]> {
  const found: number[] = []
  for (const { pid, commandLine } of await processesOf(place.root)) {
    if (/(?:^|\/)rsync$/u.test(commandLine.split(' ')[0] ?? '')) found.push(pid)
  }
  return found
}

/** What the launcher and a backup need beside rsync. */
const COMPANIONS = ['node', 'readlink', 'dirname', 'setpriv', 'sync']

/** A PATH in which rsync is a script, and everything else as usual. */
async function pathWithRsync(place: Place, script: string): Promise<Record<string, string>> {
  const bin = await binWith(place.root, [])
  await writeFile(join(bin, 'rsync'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return { PATH: `${bin}:${process.env['PATH'] ?? ''}` }
}

/** The same, where the true rsync answers all but the question of the copy itself. */
async function pathWithCopying(place: Place, script: string): Promise<Record<string, string>> {
  const rsync = await whereIs('rsync')
  return pathWithRsync(
    place,
    `case "$*" in *--version* | *--fake-super*) exec ${rsync} "$@" ;; esac\n${script}`,
  )
}

describe('the source', () => {
  testWith('rsync')('a source that is missing is refused', async () => {
    const place = await prepare()
    await rm(place.source, { recursive: true })
    await expectRefused(place, {
      exitCode: 14,
      says: [place.source, /does not exist/u, /mounted\?/u],
    })
  })

  testWith('rsync')('a source that is a file is refused', async () => {
    const place = await prepare()
    await rm(place.source, { recursive: true })
    await writeFile(place.source, 'not a directory')
    await expectRefused(place, { exitCode: 14, says: [place.source, /not a directory/u] })
  })

  testWith('rsync')('a source that is a dangling link is refused', async () => {
    const place = await prepare()
    await rm(place.source, { recursive: true })
    await symlink('nowhere', place.source)
    await expectRefused(place, { exitCode: 14, says: [place.source, /does not exist/u] })
  })

  testWith('rsync', 'root')('a source the user may not read is refused', async () => {
    const place = await prepare()
    const options = await giveAway(place)
    await execa('chown', ['root:root', '--', place.source])
    await chmod(place.source, 0o700)
    await expectRefused(place, {
      exitCode: 14,
      says: [place.source, /cannot be read/u, /permission denied/iu],
      options,
    })
  })

  testWith('rsync')('a source that is suddenly empty needs --accept-shrink', async () => {
    const place = await prepare()
    await execa('find', [place.source, '-mindepth', '1', '-delete'])
    await expectRefused(place, {
      exitCode: 14,
      says: [place.source, /is empty/u, /--accept-shrink/u],
    })
    expect(await snapfs(['backup', '--accept-shrink'], { env: place.env })).toEqual(SILENCE)
    expect(await snapshotsIn(place)).toHaveLength(2)
    expect(await readdir(await newestTree(place))).toEqual([])
    await expectTidy(place)
    // An empty snapshot is what there is to compare with now.
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
  })

  testWith('rsync')('a source inside the repository is refused', async () => {
    const place = await prepare()
    const source = join(place.repository, 'data')
    await configure({ ...place, source })
    await expectRefused(place, { exitCode: 14, says: [source, /inside the repository/u] })
  })

  testWith('rsync')('a link into the repository is refused as a source', async () => {
    const place = await prepare()
    const source = join(place.root, 'link')
    await symlink(place.repository, source)
    await configure({ ...place, source })
    await expectRefused(place, { exitCode: 14, says: [source, /inside the repository/u] })
  })

  for (const name of ['repository', 'repo [1] * ?', String.raw`repo\*[1]`]) {
    testWith('rsync')(`a repository "${name}" inside the source is left out`, async () => {
      const place = await prepare()
      const disk = join(place.source, 'disk')
      await mkdir(disk)
      await writeFile(join(disk, 'neighbour'), 'kept')
      await mkdir(join(disk, 'repo X'))
      const repository = join(disk, name)
      await rename(place.repository, repository)
      const inside = { ...place, repository }
      const words = ['--repository', repository, '--source', place.source, '--profile', 'data']
      for (const count of [2, 3]) {
        expect(await snapfs(['backup', ...words], { env: place.env })).toEqual(SILENCE)
        expect(await snapshotsIn(inside)).toHaveLength(count)
      }
      const tree = await newestTree(inside)
      expect((await readdir(join(tree, 'disk'))).sort()).toEqual(['neighbour', 'repo X'])
      expect(await readFile(join(tree, 'letter'), 'utf8')).toBe('Dear reader\n')
      await expectTidy(inside)
    })
  }

  testWith('rsync', 'root')('a file the user may not read makes the snapshot partial', async () => {
    const place = await prepare()
    const options = await giveAway(place)
    await writeFile(join(place.source, 'diary'), 'secret', { mode: 0o600 })
    await mkdir(join(place.source, 'closed'), { mode: 0o700 })
    await writeFile(join(place.source, 'news'), 'for all')
    const result = await snapfs(['backup'], options)
    expectSentences(result, 3, [/partial/u, /diary/u, /closed/u, /manifest\.json/u])

    expect(await snapshotsIn(place)).toHaveLength(2)
    await expectTidy(place)
    const tree = await newestTree(place)
    expect(await readFile(join(tree, 'news'), 'utf8')).toBe('for all')
    expect(await readFile(join(tree, 'deep/inner'), 'utf8')).toBe('inside\n')
    await expect(lstat(join(tree, 'diary'))).rejects.toThrow(/ENOENT/u)
    const manifest: unknown = JSON.parse(await readFile(join(tree, '../manifest.json'), 'utf8'))
    expect(manifest).toMatchObject({
      outcome: 'partial',
      problemCount: 2,
      rsync: { exitCode: 23 },
      problems: expect.arrayContaining([
        { kind: 'unreadable', message: expect.stringContaining('/source/diary') as string },
        { kind: 'unreadable', message: expect.stringContaining('/source/closed') as string },
      ]) as unknown,
    })
    const list = await snapfs(['list'], options)
    expect(list.stdout).toMatch(/ complete .*\n.* partial .* 2 problems\n {2}2 snapshots$/u)
  })
})

describe('the repository', () => {
  testWith('rsync')('a repository that is missing is not made anew', async () => {
    const place = await prepare()
    await rm(place.repository, { recursive: true })
    const result = await snapfs(['backup'], { env: place.env })
    expectSentences(result, 10, [place.repository, /no repository/u, /mount/u, /snapfs init/u])
    await expect(lstat(place.repository)).rejects.toThrow(/ENOENT/u)
  })

  testWith('rsync')('a mountpoint whose disk is not mounted is no repository', async () => {
    const place = await prepare()
    await rm(join(place.repository, 'snapfs.json'))
    await expectRefused(place, { exitCode: 10, says: [place.repository, /mount/u] })
  })

  testWith('rsync')('a file is no repository', async () => {
    const place = await prepare()
    const repository = join(place.root, 'file')
    await writeFile(repository, '')
    await configure({ ...place, repository })
    await expectRefused(place, { exitCode: 10, says: [repository, /not a directory/u] })
  })

  const markers = [
    ['of a newer format', '{"format": 99, "colour": "blue"}', /format 99/u, /newer snapfs/u],
    ['that is damaged', '{"format": 1, "id": "no', /damaged/u, /cp/u],
    ['that a power cut emptied', '', /damaged/u, /cp/u],
    ['that holds something else', '["snapfs"]', /damaged/u, /cp/u],
  ] as const
  for (const [which, text, ...says] of markers) {
    testWith('rsync')(`a repository with a marker ${which} is not written to`, async () => {
      const place = await prepare()
      await writeFile(join(place.repository, 'snapfs.json'), text)
      await expectRefused(place, { exitCode: 13, says: [place.repository, ...says] })
    })
  }

  testWith('rsync', 'root')('a repository on a read-only file system is unusable', async () => {
    const place = await prepareOnDisk('size=8m')
    await execa('mount', ['-o', 'remount,ro', join(place.root, 'disk')])
    await expectRefused(place, { exitCode: 13, says: [place.repository, /read-only/u] })
  })

  testWith('rsync', 'root')('a repository that is bound read-only is unusable', async () => {
    const place = await prepare()
    await execa('mount', ['--bind', place.repository, place.repository])
    await execa('mount', ['-o', 'remount,bind,ro', place.repository])
    await expectRefused(place, { exitCode: 13, says: [place.repository, /read-only/u] })
  })

  testWith('rsync', 'root')('a repository the user may not write to is unusable', async () => {
    const place = await prepare()
    const options = await giveAway(place)
    await execa('chown', ['-R', 'root:root', '--', place.repository])
    await execa('chmod', ['-R', 'go+rX', '--', place.repository])
    await expectRefused(place, { exitCode: 13, says: [place.repository, /written/u], options })
  })

  testWith('rsync', 'root')('a file system without room takes no snapshot', async () => {
    const place = await prepareOnDisk('size=2m')
    await execa('head', ['-c', '4M', '/dev/urandom'], {
      stdout: { file: join(place.source, 'large') },
    })
    await expectRefused(place, { exitCode: 22, says: [/space/u, /room/u] })
    // With room the same command works.
    await execa('mount', ['-o', 'remount,size=16m', join(place.root, 'disk')])
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
  })

  testWith('rsync', 'root')('a file system without a single free byte stays as it is', async () => {
    const place = await prepareOnDisk('size=2m')
    const ballast = join(place.root, 'disk/ballast')
    await execa('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k'], { reject: false })
    await expectRefused(place, { exitCode: 22, says: [place.repository, /space/u, /room/u] })
  })

  testWith('rsync', 'root')('a file system without inodes takes no snapshot', async () => {
    const place = await prepareOnDisk('size=8m,nr_inodes=60')
    for (let count = 0; count < 100; count += 1) {
      await writeFile(join(place.source, `file-${count}`), `${count}`)
    }
    await expectRefused(place, { exitCode: 22, says: [/inodes/u, /room/u] })
  })
})

describe('rsync', () => {
  testWith('rsync')('a machine without rsync is told how to get it', async () => {
    const place = await prepare()
    const env = { PATH: await binWith(place.root, COMPANIONS) }
    const says = [/rsync is not installed/u, /apt-get install rsync/u]
    await expectRefused(place, { exitCode: 20, says, options: { env } })
    // The same PATH with rsync in it works, so nothing else was missing.
    await symlink(await whereIs('rsync'), join(env.PATH, 'rsync'))
    expect(await snapfs(['backup'], { env: { ...place.env, ...env } })).toEqual(SILENCE)
  })

  const versions = [
    ['too old', `echo 'rsync  version 3.1.3  protocol version 31'`, [/3\.1\.3/u, /too old/u]],
    ['not rsync at all', `echo 'ready? > '`, [/which version/u, /rsync --version/u]],
    ['silent', 'exit 0', [/which version/u, /rsync --version/u]],
    ['a failure', 'exit 1', [/which version/u, /rsync --version/u]],
  ] as const
  for (const [what, script, says] of versions) {
    testWith('rsync')(`an rsync that is ${what} is not used`, async () => {
      const place = await prepare()
      const env = await pathWithRsync(place, script)
      await expectRefused(place, { exitCode: 20, says, options: { env } })
    })
  }

  testWith('rsync')(
    'an rsync that hangs is given up within 8 seconds',
    async () => {
      const hanging = [
        ['itself', 'exec sleep 600'],
        ['in a program it started', 'sleep 600\nexit 0'],
      ] as const
      const began = performance.now()
      await Promise.all(
        hanging.map(async ([where, script]) => {
          const place = await prepare(join(directory(), where))
          const env = await pathWithRsync(place, script)
          await expectRefused(place, { exitCode: 20, says: [/five seconds/u], options: { env } })
          expect(await processesOf(place.root)).toEqual([])
        }),
      )
      expect(performance.now() - began).toBeLessThan(8000)
    },
    20_000,
  )

  const failures = [
    ['code 13', 'exit 13', [/code 13/u]],
    ['a code nobody knows', 'exit 77', [/code 77/u]],
    [
      'words',
      `echo 'rsync: [receiver] write failed on "/x": Oops (5)' >&2; exit 11`,
      [/code 11/u, /Oops/u],
    ],
    [
      'a control character',
      String.raw`printf 'rsync: \033[2J gone\n' >&2; exit 12`,
      [/code 12/u, /gone/u],
    ],
    ['SIGKILL', 'kill -9 $$', [/SIGKILL/u]],
  ] as const
  for (const [what, script, says] of failures) {
    testWith('rsync')(
      `an rsync that fails with ${what} publishes nothing, and the next one goes on`,
      async () => {
        const place = await prepare()
        // Half a copy is there when it fails: the last word of the command line is the staged tree.
        const copy = `for last; do :; done\necho half > "$last/half"\n${script}`
        const env = await pathWithCopying(place, copy)
        const before = await contentOf(place.repository)
        const failed = await snapfs(['backup'], { env: { ...place.env, ...env } })
        expectSentences(failed, 21, [...says, /nothing was published/iu, /goes on from there/u])
        const staged = (line: string): boolean => line.startsWith('data/.incoming/2')
        const after = await contentOf(place.repository)
        expect(after.filter((line) => !staged(line))).toEqual(before)
        expect(after.filter(staged)).not.toEqual([])
        expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
        expect(await newestTree(place).then(async (tree) => readdir(tree))).not.toContain('half')
        await expectTidy(place)
      },
    )
  }
})

describe('the configuration and the command line', () => {
  testWith('rsync')('a profile nobody configured is not known', async () => {
    const place = await prepare()
    const says = [/"photos"/u, place.config, /data/u]
    await expectRefused(place, { exitCode: 2, says, words: ['backup', 'photos'] })
  })

  testWith('rsync')('a configuration that was named must exist', async () => {
    const place = await prepare()
    await rm(place.config)
    await expectRefused(place, { exitCode: 2, says: [place.config, /no configuration/u] })
    const other = join(place.root, 'other.toml')
    const words = ['backup', '--config', other]
    await expectRefused(place, { exitCode: 2, says: [other, /no configuration/u], words })
  })

  testWith('rsync', 'root')('a user without a configuration is told how to begin', async () => {
    const place = await prepare()
    const options = await giveAway(place)
    const env = { SNAPFS_CONFIG: undefined, XDG_CONFIG_HOME: undefined }
    const file = join(place.env['HOME']!, '.config/snapfs/config.toml')
    await expectRefused(place, {
      exitCode: 2,
      says: [file, /snapfs init/u],
      options: { ...options, env },
    })
  })

  const commandLines = [
    ['--repository without --source', ['--repository', '/nowhere'], /--source/u],
    ['--source without --repository', ['--source', '/nowhere'], /--repository/u],
    ['an option nobody knows', ['--colour'], /--colour/u],
    ['an option without its value', ['--exclude'], /--exclude/u],
    ['a way that is none', ['--on-unchanged', 'sometimes'], /--on-unchanged.*skip/u],
    ['a pattern that names nothing', ['--exclude', ''], /--exclude.*empty/u],
    ['a pattern that keeps nothing', ['--include', ''], /--include.*empty/u],
    ['a mark with a slash', ['--exclude-if-present', 'a/b'], /--exclude-if-present.*slash/u],
    ['a size without a unit', ['--exclude-larger-than', '5'], /--exclude-larger-than.*"5 GiB"/u],
  ] as const
  for (const [what, options, says] of commandLines) {
    testWith('rsync')(`${what} is a mistake of the command line`, async () => {
      const place = await prepare()
      const words = ['backup', ...options]
      await expectRefused(place, { exitCode: 2, says: [says, /--help/u], words })
    })
  }

  testWith('rsync')('a command nobody knows is a mistake of the command line', async () => {
    const place = await prepare()
    const words = ['bakup']
    await expectRefused(place, { exitCode: 2, says: [/bakup/u, /--help/u], words })
  })

  // The texts between the bars are where the complaint must point.
  const broken = [
    ['an unknown key', '[profile.data]\nsource = "/s"\n  |colour = "red"\n', /colour.*unknown/u],
    ['an unknown key in an inline table', 'profile.d = { source = "/s", |x = 1 }', /unknown/u],
    ['a value of the wrong type', '[profile.data]\n|source = 5\n', /source.*string/iu],
    ['a wrong element', '[profile.d]\nsource = "/s"\nexclude = ["a",\n "b", |7]', /string/iu],
    ['a profile without source', 'repository = "/r"\n\n|[profile.data]\n', /source.*missing/u],
    ['a key given twice', '[profile.d]\nsource = "/s"\n|source = "/t"\n', /multiple times/u],
    ['a table given twice', '[profile.d]\nsource = "/s"\n[profile.|d]\n', /multiple times/u],
    ['a bare word for a value', 'repository = "/r"\r\n[profile.d]\r\nsource = |home\r\n', /./u],
    ['a word too many after an umlaut', 'repository = "/Übung/ß" |junk\n', /./u],
  ] as const
  for (const [what, marked, says] of broken) {
    testWith('rsync')(`${what} is pointed at by file, line and column`, async () => {
      const place = await prepare()
      const before = marked.slice(0, marked.indexOf('|'))
      await writeFile(place.config, marked.replace('|', ''))
      const line = before.split('\n').length
      const column = before.length - before.lastIndexOf('\n')
      const result = await snapfs(['backup'], { env: place.env })
      expectSentences(result, 2, [says])
      expect(result.stderr.split('\n')[0]).toContain(`snapfs: ${place.config}:${line}:${column}: `)
    })
  }
})

describe('two at a time, and runs that are cut off', () => {
  interface Running {
    readonly pid: number
    readonly ended: Promise<Finished>
  }

  /** Starts a backup and returns when rsync has begun to copy, which then takes for ever. */
  async function startEndless(place: Place): Promise<Running> {
    await execa('truncate', ['-s', String(ENDLESS_FILE_BYTES), join(place.source, 'endless')])
    return startUntil(place, {}, async () => {
      const [staged] = await readdir(join(place.repository, 'data/.incoming'))
      const tree = join(place.repository, 'data/.incoming', staged ?? '', 'tree')
      const names = await readdir(tree).catch(() => [])
      return names.some((name) => name.startsWith('.endless.'))
    })
  }

  async function startUntil(
    place: Place,
    env: Readonly<Record<string, string>>,
    ready: () => Promise<boolean>,
  ): Promise<Running> {
    // A group of its own, as a shell gives it, so that a signal can go to all of it.
    const child = execa(PROGRAM, ['backup'], {
      env: { ...place.env, ...env },
      stdin: 'ignore',
      reject: false,
      detached: true,
    })
    const pid = child.pid!
    try {
      await untilYes('the copy begins', 20_000, ready)
    } catch (error) {
      sendSignal(pid, 'SIGKILL')
      throw error
    }
    const ended = child.then(({ exitCode, stdout, stderr }) => ({ exitCode, stdout, stderr }))
    return { pid, ended }
  }

  testWith('rsync')(
    'a second backup at the same time is refused and says who is first',
    async () => {
      const place = await prepare()
      const before = await contentOf(place.repository)
      const first = await startEndless(place)
      const meanwhile = await contentOf(place.repository)
      const second = await snapfs(['backup'], { env: place.env })
      const says = [
        `process ${await engineOf(first.pid)} `,
        hostname(),
        /since \d{4}-\d\d-\d\d \d/u,
        /Wait/u,
      ]
      expectSentences(second, 11, says)
      const lock = (lines: readonly string[]) => lines.filter((line) => line.includes('.lock'))
      expect(lock(await contentOf(place.repository))).toEqual(lock(meanwhile))
      expect(await rsyncsOf(place)).not.toEqual([])

      process.kill(first.pid, 'SIGTERM')
      expectSentences(await first.ended, 143, [/SIGTERM/u])
      expect(await contentOf(place.repository)).toEqual(before)
    },
  )

  const signals = [
    ['SIGINT', 130, 'alone'],
    ['SIGTERM', 143, 'alone'],
    ['SIGHUP', 129, 'alone'],
    ['SIGINT', 130, 'with its rsync, as Ctrl-C does'],
  ] as const
  for (const [signal, exitCode, whom] of signals) {
    testWith('rsync')(`${signal} to a backup ${whom} leaves nothing behind`, async () => {
      const place = await prepare()
      const before = await contentOf(place.repository)
      const running = await startEndless(place)
      expect(await contentOf(place.repository)).not.toEqual(before)
      const began = performance.now()
      process.kill(whom === 'alone' ? running.pid : -running.pid, signal)
      const result = await running.ended
      expect(performance.now() - began).toBeLessThan(5000)
      expectSentences(result, exitCode, [new RegExp(signal, 'u'), /nothing was published/u])
      expect(await contentOf(place.repository)).toEqual(before)
      expect(await rsyncsOf(place)).toEqual([])
    })
  }

  testWith('rsync')('an rsync that does not listen to signals is ended all the same', async () => {
    const place = await prepare()
    const before = await contentOf(place.repository)
    const mark = join(place.root, 'copying')
    const env = await pathWithCopying(
      place,
      `trap '' TERM INT HUP\necho > '${mark}'\nexec sleep 600`,
    )
    const running = await startUntil(place, env, () =>
      lstat(mark).then(
        () => true,
        () => false,
      ),
    )
    const began = performance.now()
    process.kill(running.pid, 'SIGTERM')
    expectSentences(await running.ended, 143, [/SIGTERM/u])
    expect(performance.now() - began).toBeLessThan(5000)
    expect(await processesOf(place.root)).toEqual([])
    expect(await contentOf(place.repository)).toEqual(before)
  })

  testWith('rsync')('after kill -9 no rsync goes on, and the next backup tidies up', async () => {
    const place = await prepare()
    const before = await contentOf(place.repository)
    const running = await startEndless(place)
    expect(await rsyncsOf(place)).not.toEqual([])
    process.kill(running.pid, 'SIGKILL')
    await running.ended
    await untilYes('no rsync is left', 5000, async () => (await rsyncsOf(place)).length === 0)
    // What it left is no snapshot, and is in nobody's way.
    expect(await snapshotsIn(place)).toHaveLength(1)
    expect(await readdir(join(place.repository, 'data/.incoming'))).toHaveLength(1)
    expect(await readdir(join(place.repository, 'data'))).toContain('.lock')
    const list = await snapfs(['list'], { env: place.env })
    expect(list.stdout).toMatch(/\n {2}1 snapshot$/u)

    await rm(join(place.source, 'endless'))
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
    await expectTidy(place)
    const [, newest] = await snapshotsIn(place)
    const after = await contentOf(place.repository)
    // The link count of a file in the first snapshot is the one thing that may differ.
    const first = (lines: readonly string[]) =>
      lines
        .filter((line) => !line.includes(newest!) && !line.startsWith('data/latest'))
        .map((line) => line.replace(/( [fl] \d+ \d+ \d+) \d+ /u, '$1 '))
    expect(first(after)).toEqual(first(before))
  })

  const BOOT = '/proc/sys/kernel/random/boot_id'

  testWith('rsync')('the lock of a run that a reboot ended is taken over', async () => {
    const place = await prepare()
    const machineId = (await readFile('/etc/machine-id', 'utf8').catch(() => '')).trim()
    expect(machineId).not.toBe('')
    await writeLock(place, { bootId: 'another', machineId, host: hostname() })
    expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
    await expectTidy(place)
  })

  testWith('rsync')('the lock of another machine is respected however old it is', async () => {
    const place = await prepare()
    await writeLock(place, { bootId: 'another', machineId: 'another' })
    await expectRefused(place, {
      exitCode: 11,
      says: [/process 4711 on far-away/u, /since 2001/u, join(place.repository, 'data/.lock')],
    })
  })

  testWith('rsync')(
    'a lock whose process id belongs to another process by now is dead',
    async () => {
      const place = await prepare()
      const bootId = (await readFile(BOOT, 'utf8')).trim()
      await writeLock(place, { bootId, pid: process.pid, startTicks: '1' })
      expect(await snapfs(['backup'], { env: place.env })).toEqual(SILENCE)
      await expectTidy(place)
    },
  )

  testWith('rsync')('a lock that cannot be read is respected, and its path is named', async () => {
    const place = await prepare()
    const lock = join(place.repository, 'data/.lock')
    await writeFile(lock, '')
    await expectRefused(place, { exitCode: 11, says: [lock, /remove/u] })
  })

  async function writeLock(place: Place, differences: Readonly<Record<string, unknown>>) {
    const record = {
      host: 'far-away',
      bootId: '',
      machineId: '',
      pidNamespace: await execa('readlink', ['/proc/self/ns/pid']).then(({ stdout }) => stdout),
      pid: 4711,
      startTicks: '123',
      command: 'snapfs backup',
      since: '2001-01-01T00:00:00.000Z',
      ...differences,
    }
    await writeFile(join(place.repository, 'data/.lock'), JSON.stringify(record))
  }
})
