/** A backup of which nothing moves any more is ended by snapfs itself; one that gets on, however slowly, is not. */
import { execa } from 'execa'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { untilYes } from '../support/eventually.ts'
import { processesOf, sendSignal } from '../support/processes.ts'
import { binWith, whereIs } from '../support/programs.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences } from '../support/sentences.ts'
import { type Finished, PROGRAM, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

/** rsync needs minutes for it; as it is all hole, it takes no space on either side. */
const ENDLESS_FILE_BYTES = 200 * 1024 ** 3

const directory = useTemporaryDirectory()
const test = testWith('rsync')
let env: Record<string, string> = {}

beforeEach(async () => {
  const config = join(directory(), 'config.toml')
  env = { HOME: directory(), SNAPFS_CONFIG: config }
  await mkdir(join(directory(), 'source'))
  await writeFile(join(directory(), 'source/letter'), 'Dear reader\n')
  const words = ['init', repository(), '--source', join(directory(), 'source'), '--profile', 'data']
  expect(await snapfs(words, { env })).toMatchObject({ exitCode: 0, stderr: '' })
})

afterEach(async () => {
  for (const { pid } of await processesOf(directory())) sendSignal(pid, 'SIGKILL')
})

function repository(): string {
  return join(directory(), 'repository')
}

async function limitTo(stallTimeout: string): Promise<void> {
  const config = env['SNAPFS_CONFIG']!
  const text = await readFile(config, 'utf8')
  await writeFile(config, `${text}stall_timeout = "${stallTimeout}"\n`)
}

/** Puts a script in the place of rsync that does something before it copies, or instead. */
async function copyingBy(script: string): Promise<void> {
  const rsync = await whereIs('rsync')
  const bin = await binWith(directory(), [])
  const questions = '*--version* | *--fake-super*'
  const text = `#!/bin/sh\ncase "$*" in ${questions}) exec ${rsync} "$@" ;; esac\n${script}\n`
  await writeFile(join(bin, 'rsync'), text.replaceAll('RSYNC', rsync), { mode: 0o755 })
  env = { ...env, PATH: `${bin}:${process.env['PATH'] ?? ''}` }
}

function start(): { readonly pid: number; readonly ended: Promise<Finished> } {
  const child = execa(PROGRAM, ['backup'], { env, stdin: 'ignore', reject: false })
  const ended = child.then(({ exitCode, stdout, stderr }) => ({ exitCode, stdout, stderr }))
  return { pid: child.pid!, ended }
}

async function rsyncs(): Promise<readonly number[]> {
  const found = await processesOf(directory())
  return found.filter(({ commandLine }) => /^\S*rsync /u.test(commandLine)).map(({ pid }) => pid)
}

async function expectStall(ended: Promise<Finished>): Promise<void> {
  const says = [/Nothing moved for \d seconds?:/u, /Nothing was published/u, /"stall_timeout"/u]
  expectSentences(await ended, 21, says)
  expect(await processesOf(directory())).toEqual([])
  const series = join(repository(), 'data')
  expect((await readdir(series)).sort()).toEqual(['.incoming'])
  expect(await readdir(join(series, '.incoming'))).toEqual([])
}

describe('a backup of which nothing moves', () => {
  test('is ended', async () => {
    await limitTo('2 seconds')
    await copyingBy('exec sleep 600')
    const began = performance.now()
    await expectStall(start().ended)
    expect(performance.now() - began).toBeGreaterThan(2000)
  })

  test('is ended also when rsync does not listen to signals', async () => {
    await limitTo('1 second')
    await copyingBy("trap '' TERM INT HUP\nsleep 600 & wait\nsleep 600")
    await expectStall(start().ended)
  })

  test.each(['all of its processes', 'the last of them'])(
    'is ended when rsync is stopped, %s',
    async (which) => {
      await limitTo('2 seconds')
      await execa('truncate', [
        '-s',
        String(ENDLESS_FILE_BYTES),
        join(directory(), 'source/endless'),
      ])
      const { ended } = start()
      await untilYes('the copy begins', 20_000, async () => {
        const staged = await readdir(join(repository(), 'data/.incoming')).catch(() => [])
        const tree = join(repository(), 'data/.incoming', staged[0] ?? '', 'tree')
        return (await readdir(tree).catch(() => [])).some((name) => name.startsWith('.endless.'))
      })
      const working = await rsyncs()
      expect(working).toHaveLength(3)
      const stopped = which === 'the last of them' ? working.slice(-1) : working
      for (const pid of stopped) sendSignal(pid, 'SIGSTOP')
      await expectStall(ended)
    },
  )

  test('is ended by Ctrl-C although a process below rsync is stopped', async () => {
    await copyingBy('sh -c "kill -STOP \\$\\$" rsync\nexit 0')
    const { pid, ended } = start()
    await untilYes('it stands still', 20_000, async () => {
      const status = await Promise.all(
        (await processesOf(directory())).map(({ pid: id }) =>
          readFile(`/proc/${id}/status`, 'utf8').catch(() => ''),
        ),
      )
      return status.some((text) => /^State:\s+T/mu.test(text))
    })
    process.kill(pid, 'SIGINT')
    expectSentences(await ended, 130, [/SIGINT/u])
    expect(await processesOf(directory())).toEqual([])
  })

  testWith(
    'rsync',
    'root',
    'loop',
  )(
    'is given up when rsync cannot even be killed, and its rest is the next one to remove',
    async () => {
      await limitTo('2 seconds')
      const disk = join(directory(), 'disk')
      await mkdir(disk)
      await execa('truncate', ['-s', '64M', join(directory(), 'image')])
      await execa('mkfs.ext4', ['-q', join(directory(), 'image')])
      await execa('mount', ['-o', 'loop', join(directory(), 'image'), disk])
      await execa('mv', ['--', repository(), disk])
      const source = join(directory(), 'source')
      const config = `repository = "${disk}/repository"\n[profile.data]\nsource = "${source}"\n`
      await writeFile(env['SNAPFS_CONFIG']!, `${config}stall_timeout = "2 s"\n`)
      // A frozen file system lets no writer go on, and none die.
      await copyingBy(`[ -e '${disk}/once' ] || { echo > '${disk}/once'; fsfreeze -f '${disk}'; }
exec RSYNC "$@"`)
      try {
        expectSentences(await start().ended, 21, [/not even by SIGKILL/u, /dmesg/u])
      } finally {
        await execa('fsfreeze', ['-u', disk])
      }
      const series = join(disk, 'repository/data')
      expect(await readdir(series)).toContain('.lock')
      expect(await start().ended).toMatchObject({ exitCode: 0, stderr: '' })
      expect(await readdir(series)).not.toContain('.lock')
      expect(await readdir(join(series, '.incoming'))).toEqual([])
    },
  )

  test('goes on for ever when that is asked for', async () => {
    await limitTo('off')
    await copyingBy('sleep 3\nexec RSYNC "$@"')
    expect(await start().ended).toMatchObject({ exitCode: 0, stderr: '' })
  })
})

describe('a backup that gets on', () => {
  test('is left alone when it says a word now and then', async () => {
    await limitTo('2 seconds')
    await copyingBy('for n in 1 2 3 4 5; do echo "still at it"; sleep 1; done\nexec RSYNC "$@"')
    expect(await start().ended).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('is left alone when it computes and says nothing', async () => {
    await limitTo('2 seconds')
    await copyingBy('n=0; while [ $n -lt 1500000 ]; do n=$((n + 1)); done\nexec RSYNC "$@"')
    expect(await start().ended).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('is left alone when it was snapfs that was stopped', async () => {
    await limitTo('3 seconds')
    const mark = join(directory(), 'copying')
    // Quiet for longer than the limit, but snapfs does not live to see it.
    await copyingBy(`echo > '${mark}'\nsleep 5\nexec RSYNC "$@"`)
    const { pid, ended } = start()
    await untilYes('the copy begins', 20_000, () =>
      readFile(mark).then(
        () => true,
        () => false,
      ),
    )
    process.kill(pid, 'SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 4500))
    process.kill(pid, 'SIGCONT')
    expect(await ended).toMatchObject({ exitCode: 0, stderr: '' })
  })
})
