/** "Previous versions" in the menus of file managers: what is installed, and what it starts. */
import { execa } from 'execa'
import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeEach, describe, expect, test as bare } from 'vitest'
import { backUpOnce, testWorld } from '../support/back-up-once.ts'
import { eventually } from '../support/eventually.ts'
import { initialize } from '../support/initialize.ts'
import { processesOf, sendSignal } from '../support/processes.ts'
import { testWith } from '../support/requirements.ts'
import { type Finished, PROGRAM, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith('rsync', 'fuse')
const ODD = `it's "odd" & 100% $HOME\`.txt`
let env: Readonly<Record<string, string>>
let history = ''
let source = ''

beforeEach(async () => {
  history = join(directory(), 'history')
  source = join(directory(), 'source')
  env = {
    HOME: directory(),
    SNAPFS_CONFIG: join(directory(), 'config.toml'),
    XDG_STATE_HOME: join(directory(), 'state'),
    XDG_DATA_HOME: join(directory(), 'data'),
    XDG_CONFIG_HOME: join(directory(), 'xdg'),
    XDG_CONFIG_DIRS: join(directory(), 'system'),
    TZ: 'UTC',
  }
  await mkdir(join(source, 'dir'), { recursive: true })
})

function run(...words: readonly string[]): Promise<Finished> {
  return snapfs(words, { env })
}

async function mounted(
  options: readonly string[] = [],
  prepare: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  // An editor keeps something in a directory that is called like one of ours.
  await mkdir(join(source, '.history'))
  for (const name of ['dir/notes', 'dir/gone.txt', '.history/notes', ODD])
    await writeFile(join(source, name), name)
  const repository = join(directory(), 'repository')
  await initialize(join(directory(), 'config.toml'), { name: 'home', source, repository })
  const here = { ...testWorld(), host: hostname() }
  await backUpOnce(repository, source, {}, here)
  await rm(join(source, 'dir/gone.txt'))
  await writeFile(join(source, 'dir/notes'), 'changed')
  await backUpOnce(repository, source, {}, here)
  await prepare()
  await mkdir(history)
  expect(await run('mount', ...options, history)).toMatchObject({ exitCode: 0, stderr: '' })
}

function unmounted(): Promise<Finished> {
  return run('unmount', '--lazy', history)
}

describe('the versions of a file', () => {
  test('are found for one in its place, one that is gone, and anywhere in the mount', async () => {
    await mounted()
    try {
      await symlink(source, join(directory(), 'way'))
      const [date] = (await readdir(join(history, 'by-date'))).filter((name) => name !== 'latest')
      const notes = 'by-file/dir/notes'
      const [version] = await readdir(join(history, notes))
      const places: readonly (readonly [string, string])[] = [
        [join(source, 'dir/notes'), notes],
        [join(directory(), 'way/dir/notes'), notes],
        [pathToFileURL(join(source, 'dir/notes')).href, notes],
        [join(source, 'dir/gone.txt'), 'by-file/dir/gone.txt'],
        [join(source, ODD), `by-file/${ODD}`],
        [pathToFileURL(join(source, ODD)).href, `by-file/${ODD}`],
        [join(source, 'dir'), 'by-file/dir'],
        [source, 'by-file'],
        [join(history, 'by-date', date!, 'dir/notes'), notes],
        [join(history, 'by-date/latest/dir'), 'by-file/dir'],
        [join(history, 'by-date', date!), 'by-file'],
        [join(history, 'by-date/latest'), 'by-file'],
        [join(history, 'by-date/latest/.history/notes'), 'by-file/.history/notes'],
        [join(history, notes), notes],
        [join(history, notes, version!), notes],
        [join(history, 'deleted/dir/gone.txt'), 'by-file/dir/gone.txt'],
        [join(history, 'changes/latest/modified/dir/notes'), notes],
      ]
      for (const [path, found] of places) {
        expect([path, await run('open-versions', '--print', '--', path)]).toEqual([
          path,
          { exitCode: 0, stdout: join(history, found), stderr: '' },
        ])
      }
    } finally {
      await unmounted()
    }
  })

  test('are found where dates have several levels, and each profile has a directory', async () => {
    const repository = join(directory(), 'repository')
    await mounted(['--repository', repository, '--date-format', '%Y/%m/%d_%H-%M-%S'], async () => {
      const other = join(directory(), 'other')
      await mkdir(other)
      await run('backup', '--repository', repository, '--source', other, '--profile', 'work')
    })
    try {
      const top = join(history, 'home')
      const found = join(top, 'by-file/dir/notes')
      const date = await readlink(join(top, 'by-date/latest'))
      expect(date.split('/')).toHaveLength(3)
      for (const path of [
        join(source, 'dir/notes'),
        join(top, 'by-date', date, 'dir/notes'),
        join(top, 'changes', date, 'modified/dir/notes'),
      ]) {
        expect(await run('open-versions', '--print', path)).toMatchObject({ stdout: found })
      }
      const { stderr } = await run('open-versions', '--print', join(top, 'by-date', '2026'))
      expect(stderr).toContain('is not a file of a snapshot')
    } finally {
      await unmounted()
    }
  })

  test('are not where there are none, and a sentence says why', async () => {
    const before = await run('open-versions', '--print', join(source, 'dir'))
    expect(before).toMatchObject({ exitCode: 2, stdout: '' })
    expect(before.stderr).toContain('Mount your snapshots first: snapfs mount ~/history')
    await mounted()
    try {
      await writeFile(join(source, 'new'), 'new')
      for (const [path, sentence] of [
        [join(source, 'new'), 'is in no snapshot'],
        ['/usr/bin/env', `What is mounted shows ${source}`],
        ['sftp://host/file', 'is not a file of this machine'],
        ['file:///a%00b', 'is not a file of this machine'],
        [join(history, 'by-date'), 'is not a file of a snapshot'],
        [join(history, 'README.txt'), 'is not a file of a snapshot'],
      ] as const) {
        const { exitCode, stdout, stderr } = await run('open-versions', '--print', '--', path)
        expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
        expect(stderr).toContain(sentence)
      }
    } finally {
      await unmounted()
    }
  })

  test('are not waited for while the mount does not answer', async () => {
    await mounted()
    // Whoever started it may be there still.
    const processes = await processesOf(directory())
    const { pid } = processes.find(({ commandLine }) => commandLine.includes('--foreground'))!
    sendSignal(pid, 'SIGSTOP')
    try {
      const { exitCode, stderr } = await run('open-versions', '--print', join(source, 'dir/notes'))
      expect(exitCode).toBe(31)
      expect(stderr).toContain(`The mount on ${history} does not answer.`)
      expect(stderr).toContain(`process ${pid} is stopped`)
    } finally {
      sendSignal(pid, 'SIGCONT')
      await unmounted()
    }
  })

  test('are opened by the entry of Nautilus as by hand, whatever the file is called', async () => {
    await mounted()
    try {
      await run('integrate', 'nautilus')
      const programs = join(directory(), 'programs')
      const opened = join(directory(), 'opened')
      await mkdir(programs)
      await writeFile(
        join(programs, 'nautilus'),
        `#!/bin/sh\nprintf '%s' "$1" > ${opened}.new\nmv ${opened}.new ${opened}\nexec sleep 1\n`,
        { mode: 0o755 },
      )
      const script = join(directory(), 'data/nautilus/scripts/Previous versions')
      const { exitCode } = await execa(script, {
        env: {
          ...env,
          PATH: `${programs}:${process.env['PATH']}`,
          NAUTILUS_SCRIPT_SELECTED_URIS: `${pathToFileURL(join(source, ODD)).href}\n`,
        },
        reject: false,
      })
      expect(exitCode).toBe(0)
      await eventually(async () => {
        expect(await readFile(opened, 'utf8')).toBe(join(history, 'by-file', ODD))
      })
    } finally {
      await unmounted()
    }
  })
})

describe('an entry in a menu', () => {
  const files = {
    nautilus: ['nautilus-python/extensions/snapfs.py', 'nautilus/scripts/Previous versions'],
    dolphin: ['kio/servicemenus/snapfs.desktop'],
    nemo: ['nemo/actions/snapfs.nemo_action'],
    pcmanfm: ['file-manager/actions/snapfs.desktop'],
  } as const

  bare.each(Object.entries(files))('of %s is put in, once, and taken out', async (name, places) => {
    const first = await run('integrate', name)
    expect(first).toMatchObject({ exitCode: 0, stderr: '' })
    for (const place of places) {
      const path = join(directory(), 'data', place)
      expect(first.stdout).toContain(`wrote ${path}`)
      expect(await readFile(path, 'utf8')).toContain(PROGRAM)
      const isExecutable = ((await lstat(path)).mode & 0o111) !== 0
      expect(isExecutable).toBe(/servicemenus|scripts/u.test(place))
    }
    expect((await run('integrate', name)).stdout).toBe('The entry is there already.')
    expect((await run('integrate', name, '--remove')).stdout).toContain('removed from')
    for (const place of places) {
      await expect(lstat(join(directory(), 'data', place))).rejects.toThrow('ENOENT')
    }
    expect((await run('integrate', name, '--remove')).stdout).toBe('There was no entry.')
  })

  bare('does not take the place of a file of somebody else, nor remove it', async () => {
    const path = join(directory(), 'data/nemo/actions/snapfs.nemo_action')
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, '[Nemo Action]\nName=Mine\n')
    const { exitCode, stderr } = await run('integrate', 'nemo')
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`${path} was not made by snapfs.`)
    expect((await run('integrate', 'nemo', '--remove')).stdout).toBe('There was no entry.')
    expect(await readFile(path, 'utf8')).toBe('[Nemo Action]\nName=Mine\n')
  })

  const mine = '<actions>\n<action><name>Mine</name></action>\n</actions>\n'

  bare('of Thunar is added to the actions of the user, through a link, too', async () => {
    const kept = join(directory(), 'dotfiles-uca.xml')
    const path = join(directory(), 'xdg/Thunar/uca.xml')
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(kept, mine, { mode: 0o640 })
    await symlink(kept, path)
    await run('integrate', 'thunar')
    expect((await lstat(path)).isSymbolicLink()).toBe(true)
    const text = await readFile(path, 'utf8')
    expect(text).toContain('<name>Mine</name>')
    expect(text).toContain('<name>Previous versions</name>')
    expect((await lstat(kept)).mode & 0o777).toBe(0o640)
    await run('integrate', 'thunar', '--remove')
    expect(await readFile(kept, 'utf8')).toBe(mine)
  })

  bare('of Thunar leaves the actions of the system in sight, and no file behind', async () => {
    const system = join(directory(), 'system/Thunar/uca.xml')
    const path = join(directory(), 'xdg/Thunar/uca.xml')
    await mkdir(join(system, '..'), { recursive: true })
    await writeFile(system, mine)
    await run('integrate', 'thunar')
    expect(await readFile(path, 'utf8')).toContain('<name>Mine</name>')
    await run('integrate', 'thunar', '--remove')
    await expect(lstat(path)).rejects.toThrow('ENOENT')
    expect(await readdir(join(path, '..'))).toEqual([])
  })

  bare('of Thunar is not put into what holds no actions', async () => {
    const path = join(directory(), 'xdg/Thunar/uca.xml')
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, '<actions><action></actions>')
    for (const words of [['thunar'], ['thunar', '--remove']]) {
      const { exitCode, stderr } = await run('integrate', ...words)
      expect(exitCode).toBe(2)
      expect(stderr).toContain(`${path} does not hold Thunar's actions.`)
    }
    expect(await readFile(path, 'utf8')).toBe('<actions><action></actions>')
  })

  bare('of Thunar is not put into what is no text, whose bytes would be lost', async () => {
    const path = join(directory(), 'xdg/Thunar/uca.xml')
    const content = Buffer.from('<actions><!-- \xff --></actions>', 'latin1')
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, content)
    const { exitCode, stderr } = await run('integrate', 'thunar')
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`${path} is not a text of a usual size`)
    expect((await readFile(path)).equals(content)).toBe(true)
  })

  bare('says so when its directory cannot be written', async () => {
    await writeFile(join(directory(), 'data'), 'a file')
    const { exitCode, stderr } = await run('integrate', 'dolphin')
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/servicemenus\/snapfs\.desktop could not be written: /u)
  })
})
