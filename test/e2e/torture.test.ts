/** The short form of scripts/torture: the built program under a sample of faults, the same one every time. */
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import { describe, expect } from 'vitest'
import { testWith } from '../support/requirements.ts'
import { PROGRAM } from '../support/snapfs.ts'

const TORTURE = fileURLToPath(new URL('../../scripts/torture/torture.mjs', import.meta.url))
/** Another seed is another sample; the full form goes to all points. */
const SEED = process.env['SNAPFS_TORTURE_SEED'] ?? '1'
/** It takes less than a minute on two cores, and took almost four where others worked on them too. */
const LIMIT_MS = 600_000

/** What one harness prints. */
interface Line {
  readonly harness: string
  readonly seen: readonly unknown[]
  readonly [count: string]: unknown
}

let running: Promise<readonly Line[]> | undefined

/** All harnesses in one run, which the first test starts and the others wait for. */
async function resultOf(harness: string): Promise<Line> {
  running ??= torture()
  const line = (await running).find((candidate) => candidate.harness === harness)
  if (line === undefined) throw new Error(`the torture said nothing of ${harness}`)
  return line
}

async function torture(): Promise<readonly Line[]> {
  const words = [TORTURE, '--seed', SEED, '--snapfs', PROGRAM]
  const child = execa(process.execPath, words, { reject: false })
  // Vitest was killed: this process of it would go on to the end of the test.
  process.once('disconnect', () => child.kill())
  const { stdout, stderr } = await child
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
  if (lines.length === 0) throw new Error(`the torture did not run: ${stderr}`)
  return lines.map((line) => JSON.parse(line) as Line)
}

describe('a backup', { timeout: LIMIT_MS }, () => {
  const test = testWith('rsync', 'root', 'strace', 'loop', 'xfs')
  const atLeast = (count: number): number => expect.toSatisfy((n: number) => n >= count) as number

  test('that is killed anywhere leaves no half, no orphan, and nothing to repair', async () => {
    expect(await resultOf('kill')).toMatchObject({
      seen: [],
      killedAll: atLeast(1),
      killedOne: atLeast(1),
      killedBesideRsync: atLeast(1),
    })
  })

  test('of which a call fails says so, or is whole', async () => {
    expect(await resultOf('errors')).toMatchObject({ seen: [], injected: atLeast(1) })
  })

  test('that finds no room says so, and the snapshots can be listed', async () => {
    expect(await resultOf('full')).toMatchObject({
      seen: [],
      refused: atLeast(1),
      whole: atLeast(1),
      listedWithoutRoom: atLeast(1),
    })
  })

  test('that ended with 0 is on the disk, and the power may be cut at any other time', async () => {
    expect(await resultOf('power')).toMatchObject({
      seen: [],
      cuts: atLeast(1),
      atEnd: atLeast(1),
    })
  })

  test('of a source that moves is followed by one that equals it', async () => {
    expect(await resultOf('churn')).toMatchObject({ seen: [], edits: atLeast(100) })
  })

  test('is whole or gone while others are removed, whatever happens to that', async () => {
    expect(await resultOf('prune')).toMatchObject({
      seen: [],
      killed: atLeast(1),
      failed: atLeast(1),
      cuts: atLeast(1),
    })
  })
})
