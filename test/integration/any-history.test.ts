import fc from 'fast-check'
import { mkdir, readdir } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import type { BackUpReport } from '../../src/actions/back-up.ts'
import type { OnUnchanged } from '../../src/model/profile.ts'
import {
  backUpOrSkip,
  ordinaryRequest,
  repositoryAt,
  settledWorld,
  treeOf,
} from '../support/back-up-once.ts'
import { useBackUpPlace } from '../support/back-up-place.ts'
import { checkFor, SHRINKING_SECONDS } from '../support/check-for.ts'
import { differences, fingerprint, linkGroups } from '../support/compare-trees.ts'
import {
  forgetLastCheckpoint,
  interruptBackUp,
  loseWhatWasCached,
} from '../support/interrupt-backup.ts'
import { anyEdit, anySteps, applyEdit } from '../support/random-edits.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
const SECONDS = Number(process.env['SNAPFS_TEST_ENGINE_SECONDS'] ?? '8')
let source = ''
let repository = ''

const world = settledWorld()

describe('any history', () => {
  const aBackup = { kind: 'back up' as const, skips: false }
  const step = fc.oneof(
    { weight: 5, arbitrary: anyEdit },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('back up' as const), skips: fc.boolean() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('begin to back up' as const),
        files: fc.integer({ min: 0, max: 6 }),
        end: fc.constantFrom('in order', 'by a kill', 'by a power cut'),
      }),
    },
  )
  const steps = anySteps(step, aBackup, { maxLength: 25 })

  test(
    'is stored as it was, and nothing stored ever changes',
    async () => {
      let count = 0
      await checkFor(SECONDS, steps, async (history) => {
        count += 1
        source = `${place().directory}/source-${count}`
        repository = `${place().directory}/repository-${count}`
        await mkdir(source)
        await repositoryAt(repository)
        const stored: { tree: string; print: string }[] = []
        for (const step of [...history, { kind: 'back up' as const, skips: true }]) {
          if (step.kind !== 'back up' && step.kind !== 'begin to back up') {
            await applyEdit(source, step).catch(() => undefined)
            continue
          }
          const report =
            step.kind === 'back up'
              ? await backUp(step.skips ? 'skip' : 'snapshot')
              : await interruptBackUp(repository, source, step.files, world)
          if (report === undefined) {
            if (step.kind === 'begin to back up') await endRoughly(step.end)
            continue
          }
          expect(await differences(source, treeOf(report))).toBe('')
          expect(await linkGroups(treeOf(report))).toBe(await linkGroups(source))
          if (report.kind === 'unchanged') continue
          expect(report).toMatchObject({ outcome: 'complete', problems: [] })
          for (const { tree, print } of stored) expect(await fingerprint(tree)).toBe(print)
          stored.push({ tree: treeOf(report), print: await fingerprint(treeOf(report)) })
        }
      })
      expect(count).toBeGreaterThan(1)
    },
    (SECONDS + SHRINKING_SECONDS + 60) * 1000,
  )

  function backUp(onUnchanged: OnUnchanged): Promise<BackUpReport> {
    const profile = { ...ordinaryRequest(repository, source).profile, onUnchanged }
    return backUpOrSkip(repository, source, { emptySource: 'allow', profile }, world)
  }

  async function endRoughly(end: string): Promise<void> {
    if (end === 'in order') return
    await forgetLastCheckpoint(repository)
    if (end === 'by a kill') return
    const published = await readdir(`${repository}/home`).catch(() => [])
    await loseWhatWasCached(
      repository,
      published.filter((id) => id.endsWith('Z')).map((id) => `${repository}/home/${id}/tree`),
    )
  }
})
