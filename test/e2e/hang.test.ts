/**
 * A disk that does not answer keeps the process that makes a backup in the kernel, where it hears nothing. The one that
 * was started ends all the same, with a sentence and an exit code, and what is left of the other is in nobody's way.
 */
import { execa } from 'execa'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { eventually, untilYes } from '../support/eventually.ts'
import { onOwnDisk, withHungMount, withSlowMount } from '../support/failing-disks.ts'
import { useLetterPlace } from '../support/letter-place.ts'
import { engineOf, processesOf } from '../support/processes.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences } from '../support/sentences.ts'
import { PROGRAM } from '../support/snapfs.ts'

const place = useLetterPlace()
const UNTOUCHED = /Nothing was published; earlier snapshots are untouched/u

/** Returns when the engine has stood still in the kernel for a moment. @returns its number */
async function untilItHangs(pid: number): Promise<number> {
  const engine = await eventually(() => engineOf(pid), 10_000)
  await untilYes('it scans the source', 20_000, async () => {
    const { stdout } = await execa('cat', [`/proc/${engine}/wchan`], { reject: false })
    return /fuse|request_wait/u.test(stdout)
  })
  return engine
}

describe('a disk of the source that does not answer', () => {
  const test = testWith('rsync', 'root', 'fuse')
  const hung = () => join(place().source, 'hung')

  test('ends a backup after the time for that', async () => {
    await place().limitTo('1 second')
    await withHungMount(hung(), async () => {
      const says = [
        /^snapfs: data: Nothing moved for 1 second while the source was scanned\.$/mu,
        UNTOUCHED,
        /"stall_timeout"/u,
      ]
      expectSentences(await place().start().ended, 21, says)
      expect(await processesOf(place().root)).toEqual([])
    })
    // The lock of the dead is taken over, and what it staged is removed.
    await rm(hung(), { recursive: true })
    expect(await place().start().ended).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    const series = join(place().repository, 'data')
    expect(await readdir(series)).not.toContain('.lock')
    expect(await readdir(join(series, '.incoming'))).toEqual([])
  })

  test('ends a dry run as well, and the profiles that were to follow are named', async () => {
    await place().limitTo('1 second')
    const elsewhere = join(place().root, 'elsewhere')
    await writeFile(place().config, `[profile.other]\nsource = "${elsewhere}"\n`, { flag: 'a' })
    await withHungMount(hung(), async () => {
      const { exitCode, stdout, stderr } = await place().start(['backup', '-n', '--json']).ended
      expect({ exitCode, stdout }).toEqual({ exitCode: 21, stdout: '' })
      expect(JSON.parse(stderr)).toMatchObject({
        error: { profile: 'data', code: 'RSYNC_FAILED', details: ['not begun: other'] },
      })
      expect(await processesOf(place().root)).toEqual([])
    })
  })

  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    test(`does not keep ${signal} from ending a backup within five seconds`, async () => {
      await withHungMount(hung(), async () => {
        const { pid, ended } = place().start()
        await untilItHangs(pid)
        const began = performance.now()
        process.kill(pid, signal)
        expectSentences(await ended, exitCode, [
          `Ended by ${signal}. It did not answer while the source was scanned.`,
          UNTOUCHED,
        ])
        // What is left is for the program to begin and end in.
        expect(performance.now() - began).toBeLessThan(8000)
        expect(await processesOf(place().root)).toEqual([])
      })
    })
  }

  test('does not keep a second SIGINT from ending a backup at once', async () => {
    await withHungMount(hung(), async () => {
      const { pid, ended } = place().start()
      await untilItHangs(pid)
      const began = performance.now()
      process.kill(pid, 'SIGINT')
      // Two of one kind that come together are one to the kernel.
      await new Promise((resolve) => setTimeout(resolve, 200))
      process.kill(pid, 'SIGINT')
      expectSentences(await ended, 130, [/^snapfs: data: Ended by SIGINT\.$/mu, UNTOUCHED])
      expect(performance.now() - began).toBeLessThan(1500)
      expect(await processesOf(place().root)).toEqual([])
    })
  })

  test('does not keep kill -9 from ending all of a backup', async () => {
    await withHungMount(hung(), async () => {
      const { pid, ended } = place().start()
      await untilItHangs(pid)
      process.kill(pid, 'SIGKILL')
      await ended
      await eventually(async () => expect(await processesOf(place().root)).toEqual([]))
    })
  })
})

describe('a slow disk of the source', () => {
  testWith('rsync', 'fuse')('is waited for as long as it answers', async () => {
    await place().limitTo('1 second')
    // The watch gives a backup ten seconds more than that.
    const slow = { files: 70, delayMs: 200 }
    await withSlowMount(join(place().source, 'slow'), slow, async () => {
      const began = performance.now()
      const { exitCode, stdout, stderr } = await place().start(['backup', '--dry-run']).ended
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      expect(stdout).toMatch(/71 files/u)
      expect(performance.now() - began).toBeGreaterThan(14_000)
    })
  })
})

describe('a disk of the repository that does not answer', () => {
  testWith('rsync')('ends a backup that waits for what is cached to be written', async () => {
    await place().limitTo('1 second')
    await place().doing('sync', 'exec sleep 600')
    const says = [
      /Nothing moved for 1 second while the snapshot was checked and written to the disk/u,
      UNTOUCHED,
    ]
    expectSentences(await place().start().ended, 21, says)
    expect(await processesOf(place().root)).toEqual([])
    await rm(join(place().root, 'bin/sync'))
    expect(await place().start().ended).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  testWith(
    'rsync',
    'root',
    'loop',
  )('is given up, also when the process that waits for it cannot be ended', async () => {
    const disk = await onOwnDisk(place())
    await place().limitTo('1 second')
    // What changed just before a scan is not believed, and not linked but compared.
    await new Promise((resolve) => setTimeout(resolve, 3500))
    expect(await place().start().ended).toMatchObject({ exitCode: 0, stderr: '' })
    await writeFile(join(place().source, 'another letter'), 'Dear writer\n')
    // Once rsync has copied, nobody can write any more: neither go on, nor die.
    await place().copyingBy(`RSYNC "$@"; code=$?; fsfreeze -f '${disk}'; exit $code`)
    try {
      const { pid, ended } = place().start()
      const engine = await eventually(() => engineOf(pid), 10_000)
      expectSentences(await ended, 21, [
        `Process ${engine} could not be ended, not even by SIGKILL`,
        /while unchanged files were linked/u,
        UNTOUCHED,
      ])
      // It is there, and it holds the lock.
      expect((await processesOf(place().root)).map(({ pid: alive }) => alive)).toEqual([engine])
      const list = await place().start(['list']).ended
      expect(list.stderr).toContain(`data: A backup is running: process ${engine} `)
    } finally {
      await execa('fsfreeze', ['-u', disk])
    }
    await eventually(async () => expect(await processesOf(place().root)).toEqual([]))
    await rm(join(place().root, 'bin/rsync'))
    expect(await place().start().ended).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    const series = join(disk, 'repository/data')
    expect((await readdir(series)).filter((name) => /^\d/u.test(name))).toHaveLength(2)
    expect(await readdir(join(series, '.incoming'))).toEqual([])
  })
})

describe('a process that makes a backup', () => {
  const test = testWith('rsync')

  test('is reported when it is killed', async () => {
    await place().copyingBy('exec sleep 600')
    const { pid, ended } = place().start()
    const engine = await eventually(() => engineOf(pid), 10_000)
    await untilYes('it copies', 20_000, async () =>
      (await processesOf(place().root)).some(({ commandLine }) => commandLine === 'sleep 600 '),
    )
    process.kill(engine, 'SIGKILL')
    const says = [
      /^snapfs: data: The process that made the backup was ended by SIGKILL, while files/mu,
    ]
    expectSentences(await ended, 137, [...says, UNTOUCHED, /memory/u])
    await eventually(async () => expect(await processesOf(place().root)).toEqual([]))
  })

  test('leaves the terminal as it was when it is killed', async () => {
    await place().copyingBy('exec sleep 600')
    const log = join(place().root, 'typescript')
    const env = { ...place().env, TERM: 'xterm' }
    const shell = execa('script', ['-qefc', `${PROGRAM} backup`, log], { env, reject: false })
    const working = async () =>
      (await processesOf(place().root)).filter(({ commandLine }) => commandLine === 'sleep 600 ')
    await untilYes('it copies', 20_000, async () => (await working()).length === 1)
    const engines = (await processesOf(place().root)).filter(({ commandLine }) =>
      commandLine.includes('/main.js backup'),
    )
    for (const { pid } of engines) process.kill(pid, 'SIGKILL')
    await shell
    const shown = await readFile(log, 'utf8')
    expect(shown).toContain('\x1b[?25l')
    expect(shown).toContain('\r\x1b[2K\x1b[?25hsnapfs: data: The process that made the backup')
  })

  test('ends when it is asked itself', async () => {
    await place().copyingBy('exec sleep 600')
    const { pid, ended } = place().start()
    const engine = await eventually(() => engineOf(pid), 10_000)
    await untilYes('it copies', 20_000, async () =>
      (await processesOf(place().root)).some(({ commandLine }) => commandLine === 'sleep 600 '),
    )
    process.kill(engine, 'SIGTERM')
    expectSentences(await ended, 143, [/Ended by SIGTERM; nothing was published/u])
    expect(await readdir(join(place().repository, 'data'))).not.toContain('.lock')
  })
})
