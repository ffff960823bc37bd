/** `snapfs backup --wait`: a second backup that waits for the first, with real processes. */
import { execa } from 'execa'
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { eventually, untilYes } from '../support/eventually.ts'
import { openGate, snapshotsIn, startGated, useGatedPlace } from '../support/gated-backup.ts'
import type { Started } from '../support/letter-place.ts'
import { engineOf } from '../support/processes.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences, SILENCE } from '../support/sentences.ts'
import { PROGRAM, snapfs } from '../support/snapfs.ts'

const place = useGatedPlace()
const test = testWith('rsync')

/** Long enough for the program to have found the lock; it has nothing to show for it. */
async function letItWait(running: Started): Promise<void> {
  const engine = await eventually(() => engineOf(running.pid), 10_000)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect(await readFile(`/proc/${engine}/stat`, 'utf8')).toMatch(/^\d+ \(.+\) [SR] /u)
}

async function lockText(): Promise<string> {
  return readFile(join(place().series, '.lock'), 'utf8')
}

describe('a backup that waits', () => {
  test('makes its snapshot when the other is done, and is silent', async () => {
    const first = await startGated(place())
    const second = place().start(['backup', '--wait', 'data'])
    await letItWait(second)
    // It holds nothing and has written nothing.
    expect(await lockText()).toContain(`"pid": ${first.engine},`)
    expect((await readdir(place().series)).sort()).toEqual(['.incoming', '.lock'])
    await openGate(place())
    expect(await first.ended).toEqual(SILENCE)
    expect(await second.ended).toEqual(SILENCE)
    const [earlier, later] = await snapshotsIn(place())
    const startOf = async (id: string) => {
      const text = await readFile(join(place().series, id, 'manifest.json'), 'utf8')
      return JSON.parse(text) as { startedAt: string; finishedAt: string; sequence: number }
    }
    // Its time is when it began to copy, not when it began to wait.
    const [one, two] = [await startOf(earlier!), await startOf(later!)]
    expect([one.sequence, two.sequence]).toEqual([1, 2])
    expect(Date.parse(two.startedAt)).toBeGreaterThanOrEqual(Date.parse(one.finishedAt))
  })

  test('takes over when the other is killed', async () => {
    const first = await startGated(place())
    const second = place().start(['backup', '--wait=10m'])
    await letItWait(second)
    process.kill(first.pid, 'SIGKILL')
    await openGate(place())
    expect(await second.ended).toEqual(SILENCE)
    expect(await snapshotsIn(place())).toHaveLength(1)
  })

  test('gives up after its time, and says how long it waited', async () => {
    const first = await startGated(place())
    const began = performance.now()
    const second = await snapfs(['backup', '--wait=2s'], { env: place().env })
    expect(performance.now() - began).toBeGreaterThan(2000)
    expectSentences(second, 11, [
      `process ${first.engine} `,
      /Waited 2 seconds in vain\.\n {2}Wait/u,
    ])
    await openGate(place())
    expect(await first.ended).toEqual(SILENCE)
  })

  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    test(`ends at once by ${signal}, and the other goes on`, async () => {
      const first = await startGated(place())
      const lock = await lockText()
      const second = place().start(['backup', '--wait'])
      await letItWait(second)
      const began = performance.now()
      process.kill(second.pid, signal)
      expectSentences(await second.ended, exitCode, [signal, /nothing was published/u])
      expect(performance.now() - began).toBeLessThan(1000)
      expect(await lockText()).toBe(lock)
      expect((await readdir(place().series)).sort()).toEqual(['.incoming', '.lock'])
      await openGate(place())
      expect(await first.ended).toEqual(SILENCE)
    })
  }

  test('tells a terminal once whom it waits for', async () => {
    const first = await startGated(place())
    const log = join(place().root, 'typescript')
    const env = { ...place().env, TERM: 'xterm' }
    const second = execa('script', ['-qefc', `${PROGRAM} backup --wait`, log], { env })
    await untilYes('it is told', 20_000, async () => {
      return (await readFile(log, 'utf8').catch(() => '')).includes('Waiting for it to end.')
    })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await openGate(place())
    await first.ended
    await second
    const shown = await readFile(log, 'utf8')
    const sentence = `snapfs: Another snapfs works on "data": snapfs backup, process ${first.engine} on `
    expect(shown.split(sentence)).toHaveLength(2)
    expect(shown).toMatch(
      /since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+05:45 \(.+ ago\)\. Waiting for it/u,
    )
    expect(shown).toMatch(/data: snapshot \S+, complete/u)
  })

  test('finds that the repository went away meanwhile', async () => {
    await startGated(place())
    const second = place().start(['backup', '--wait'])
    await letItWait(second)
    await rename(place().repository, `${place().repository}-unmounted`)
    expectSentences(await second.ended, 10, [place().repository, /mount it/u])
    expect(await readdir(place().root)).not.toContain('repository')
  })

  test('finds that the source went away meanwhile', async () => {
    const first = await startGated(place())
    const second = place().start(['backup', '--wait'])
    await letItWait(second)
    await rename(place().source, `${place().source}-unmounted`)
    process.kill(first.pid, 'SIGTERM')
    await first.ended
    expectSentences(await second.ended, 14, [place().source, /does not exist/u])
    expect((await readdir(place().series)).sort()).toEqual(['.incoming'])
  })

  test('does so when the configuration says it, unless the command line says otherwise', async () => {
    const text = await readFile(place().config, 'utf8')
    await writeFile(place().config, `${text}wait = "1 second"\n`)
    await startGated(place())
    const { env } = place()
    const second = await snapfs(['backup'], { env })
    expectSentences(second, 11, [/Waited 1 second in vain/u])
    const third = await snapfs(['backup', '--wait=0s'], { env })
    expectSentences(third, 11, [/works on "data"/u])
    expect(third.stderr).not.toContain('Waited')
  })

  test('does not wait for what is no lock', async () => {
    await startGated(place())
    await writeFile(join(place().series, '.lock'), '')
    const second = await snapfs(['backup', '--wait'], { env: place().env })
    expectSentences(second, 11, [/is empty/u, /remove the file/u])
  })
})

describe('a duration that is none', () => {
  test('is a mistake of the command line', async () => {
    const { env } = place()
    const soon = await snapfs(['backup', '--wait=soon'], { env })
    expectSentences(soon, 2, [/--wait=soon/u, /"30m"/u, /--help/u])
    const apart = await snapfs(['backup', '--wait', '30m'], { env })
    expectSentences(apart, 2, [/write --wait=30m/u])
  })

  test('is pointed at in the configuration', async () => {
    const text = await readFile(place().config, 'utf8')
    await writeFile(place().config, `${text}wait = "soon"\n`)
    const line = text.split('\n').length
    const result = await snapfs(['backup'], { env: place().env })
    const says = [`${place().config}:${line}:1: profile.data.wait: a duration`, /"2 hours"/u]
    expectSentences(result, 2, says)
  })
})
