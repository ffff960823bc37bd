/** A backup of which nothing moves any more is ended by snapfs itself; one that gets on, however slowly, is not. */
import { execa } from 'execa'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { untilYes } from '../support/eventually.ts'
import { onOwnDisk } from '../support/failing-disks.ts'
import { useLetterPlace } from '../support/letter-place.ts'
import { engineOf, processesOf, sendSignal } from '../support/processes.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences } from '../support/sentences.ts'
import type { Finished } from '../support/snapfs.ts'

/** rsync needs minutes for it; as it is all hole, it takes no space on either side. */
const ENDLESS_FILE_BYTES = 200 * 1024 ** 3

const place = useLetterPlace()
const test = testWith('rsync')

async function rsyncs(): Promise<readonly number[]> {
  const found = await processesOf(place().root)
  return found.filter(({ commandLine }) => /^\S*rsync /u.test(commandLine)).map(({ pid }) => pid)
}

async function expectStall(ended: Promise<Finished>): Promise<void> {
  const says = [/Nothing moved for \d seconds?:/u, /Nothing was published/u, /"stall_timeout"/u]
  expectSentences(await ended, 21, says)
  expect(await processesOf(place().root)).toEqual([])
  const series = join(place().repository, 'data')
  expect((await readdir(series)).sort()).toEqual(['.incoming'])
  expect(await readdir(join(series, '.incoming'))).toEqual([])
}

describe('a backup of which nothing moves', () => {
  test('is ended', async () => {
    await place().limitTo('2 seconds')
    await place().copyingBy('exec sleep 600')
    const began = performance.now()
    await expectStall(place().start().ended)
    expect(performance.now() - began).toBeGreaterThan(2000)
  })

  test('is ended also when rsync does not listen to signals', async () => {
    await place().limitTo('1 second')
    await place().copyingBy("trap '' TERM INT HUP\nsleep 600 & wait\nsleep 600")
    await expectStall(place().start().ended)
  })

  test.each(['all of its processes', 'the last of them'])(
    'is ended when rsync is stopped, %s',
    async (which) => {
      await place().limitTo('2 seconds')
      await execa('truncate', ['-s', String(ENDLESS_FILE_BYTES), join(place().source, 'endless')])
      const { ended } = place().start()
      await untilYes('the copy begins', 20_000, async () => {
        const staged = await readdir(join(place().repository, 'data/.incoming')).catch(() => [])
        const tree = join(place().repository, 'data/.incoming', staged[0] ?? '', 'tree')
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
    await place().copyingBy('sh -c "kill -STOP \\$\\$" rsync\nexit 0')
    const { pid, ended } = place().start()
    await untilYes('it stands still', 20_000, async () => {
      const status = await Promise.all(
        (await processesOf(place().root)).map(({ pid: id }) =>
          readFile(`/proc/${id}/status`, 'utf8').catch(() => ''),
        ),
      )
      return status.some((text) => /^State:\s+T/mu.test(text))
    })
    process.kill(pid, 'SIGINT')
    expectSentences(await ended, 130, [/SIGINT/u])
    expect(await processesOf(place().root)).toEqual([])
  })

  testWith(
    'rsync',
    'root',
    'loop',
  )(
    'is given up when rsync cannot even be killed, and its rest is the next one to remove',
    async () => {
      await place().limitTo('2 seconds')
      const disk = await onOwnDisk(place())
      // A frozen file system lets no writer go on, and none die.
      await place()
        .copyingBy(`[ -e '${disk}/once' ] || { echo > '${disk}/once'; fsfreeze -f '${disk}'; }
exec RSYNC "$@"`)
      try {
        expectSentences(await place().start().ended, 21, [/not even by SIGKILL/u, /dmesg/u])
      } finally {
        await execa('fsfreeze', ['-u', disk])
      }
      const series = join(disk, 'repository/data')
      expect(await readdir(series)).toContain('.lock')
      expect(await place().start().ended).toMatchObject({ exitCode: 0, stderr: '' })
      expect(await readdir(series)).not.toContain('.lock')
      expect(await readdir(join(series, '.incoming'))).toEqual([])
    },
  )

  test('goes on for ever when that is asked for', async () => {
    await place().limitTo('off')
    await place().copyingBy('sleep 3\nexec RSYNC "$@"')
    expect(await place().start().ended).toMatchObject({ exitCode: 0, stderr: '' })
  })
})

describe('a backup that gets on', () => {
  test('is left alone when it says a word now and then', async () => {
    await place().limitTo('2 seconds')
    await place().copyingBy(
      'for n in 1 2 3 4 5; do echo "still at it"; sleep 1; done\nexec RSYNC "$@"',
    )
    expect(await place().start().ended).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('is left alone when it computes and says nothing', async () => {
    await place().limitTo('2 seconds')
    await place().copyingBy('n=0; while [ $n -lt 1500000 ]; do n=$((n + 1)); done\nexec RSYNC "$@"')
    expect(await place().start().ended).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('is left alone when it was snapfs that was stopped', async () => {
    await place().limitTo('3 seconds')
    const mark = join(place().root, 'copying')
    // Quiet for longer than the limit, but snapfs does not live to see it.
    await place().copyingBy(`echo > '${mark}'\nsleep 5\nexec RSYNC "$@"`)
    const { pid, ended } = place().start()
    await untilYes('the copy begins', 20_000, () =>
      readFile(mark).then(
        () => true,
        () => false,
      ),
    )
    const both = [pid, await engineOf(pid)]
    for (const one of both) process.kill(one, 'SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 4500))
    for (const one of both) process.kill(one, 'SIGCONT')
    expect(await ended).toMatchObject({ exitCode: 0, stderr: '' })
  })
})
