/**
 * The scan against rsync alone: the same history into two repositories, one of which forgets each time what the source
 * was. SNAPFS_TEST_ENGINE_SECONDS lets it look for longer than the few seconds of an ordinary run.
 */
import fc from 'fast-check'
import { mkdir, rm } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { backUpOnce, repositoryAt, settledWorld, treeOf } from '../support/back-up-once.ts'
import { useBackUpPlace } from '../support/back-up-place.ts'
import { checkFor, SHRINKING_SECONDS } from '../support/check-for.ts'
import { attributesOf, differences } from '../support/compare-trees.ts'
import { anyEdit, anySteps, applyEdit } from '../support/random-edits.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
const SECONDS = Number(process.env['SNAPFS_TEST_ENGINE_SECONDS'] ?? '8')

describe('scan and rsync alone', () => {
  test(
    'publish the same snapshots',
    async () => {
      const seen = { histories: 0, snapshots: 0, byScan: 0, byRsync: 0, linked: 0, moved: 0 }
      const backUp = { kind: 'back up' as const }
      const step = fc.oneof(
        { weight: 5, arbitrary: anyEdit },
        { weight: 1, arbitrary: fc.constant(backUp) },
      )
      const steps = anySteps(step, backUp, { maxLength: 40, size: 'max' })
      await checkFor(SECONDS, steps, async (history) => {
        seen.histories += 1
        const source = `${place().directory}/source-${seen.histories}`
        const [withScan, alone] = ['scan', 'alone'].map(
          (name) => `${place().directory}/${name}-${seen.histories}`,
        ) as [string, string]
        await mkdir(source)
        await repositoryAt(withScan)
        await repositoryAt(alone)
        for (const one of [...history, backUp]) {
          if (one.kind !== 'back up') {
            await applyEdit(source, one).catch(() => undefined)
            continue
          }
          const asked = { emptySource: 'allow' } as const
          const first = await backUpOnce(withScan, source, asked, settledWorld())
          await rm(`${alone}/home/.state`, { recursive: true, force: true })
          const second = await backUpOnce(alone, source, asked, settledWorld())
          expect(await attributesOf(treeOf(first))).toBe(await attributesOf(treeOf(second)))
          expect(await differences(source, treeOf(first))).toBe('')
          expect(first.counts).toMatchObject(countsOf(second.counts))
          seen.snapshots += 1
          seen.byScan += (first.counts.linkedEntries ?? 0) > 0 ? 1 : 0
          seen.byRsync += (second.counts.linkedEntries ?? 0) > 0 ? 0 : 1
          seen.linked += first.counts.linkedEntries ?? 0
          seen.moved += first.counts.movedEntries ?? 0
        }
      })
      expect(seen.byRsync).toBe(seen.snapshots)
      if (SECONDS > 8) console.log(JSON.stringify(seen))
    },
    (SECONDS + SHRINKING_SECONDS + 60) * 1000,
  )
})

/** What does not depend on how a tree was filled. */
function countsOf({
  entries,
  files,
  directories,
  symlinks,
  specials,
  totalBytes,
}: Awaited<ReturnType<typeof backUpOnce>>['counts']): object {
  return { entries, files, directories, symlinks, specials, totalBytes }
}
