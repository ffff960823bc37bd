import { execa } from 'execa'
import fc from 'fast-check'
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
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
import { differences, fingerprint, linkGroups } from '../support/compare-trees.ts'
import {
  forgetLastCheckpoint,
  interruptBackUp,
  loseWhatWasCached,
} from '../support/interrupt-backup.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')
let source = ''
let repository = ''

const world = settledWorld()

describe('any history', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd\n', '\u00e9')
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
  const edit = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), path, content: fc.constantFrom('1', '2') }),
    fc.record({ kind: fc.constant('write at a fixed time' as const), path, content: name }),
    fc.record({ kind: fc.constantFrom('symlink', 'pipe', 'remove', 'chmod', 'mkdir'), path }),
    fc.record({ kind: fc.constantFrom('link', 'rename', 'copy'), path, to: path }),
    fc.record({ kind: fc.constant('back up' as const), path, skips: fc.boolean() }),
    fc.record({
      kind: fc.constant('begin to back up' as const),
      path,
      files: fc.integer({ min: 0, max: 6 }),
      end: fc.constantFrom('in order', 'by a kill', 'by a power cut'),
    }),
  )

  test('is stored as it was, and nothing stored ever changes', async () => {
    let count = 0
    const property = fc.asyncProperty(
      fc.array(edit, { minLength: 5, maxLength: 25 }),
      async (edits) => {
        count += 1
        source = `${place().directory}/source-${count}`
        repository = `${place().directory}/repository-${count}`
        await mkdir(source)
        await repositoryAt(repository)
        const stored: { tree: string; print: string }[] = []
        for (const step of [...edits, { kind: 'back up' as const, path: '', skips: true }]) {
          if (step.kind !== 'back up' && step.kind !== 'begin to back up') {
            await apply(step).catch(() => undefined)
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
      },
    )
    // Not by an interruption of fast-check, which would leave the last run to itself.
    const end = Date.now() + Number(process.env['SNAPFS_TEST_ENGINE_SECONDS'] ?? '8') * 1000
    do await fc.assert(property, { numRuns: 2 })
    while (Date.now() < end)
    expect(count).toBeGreaterThan(1)
  }, 600_000)

  type Edit = Exclude<
    typeof edit extends fc.Arbitrary<infer T> ? T : never,
    { kind: 'back up' | 'begin to back up' }
  >

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

  async function apply(step: Edit): Promise<void> {
    const target = `${source}/${step.path}`
    await mkdir(target.replace(/\/[^/]*$/u, ''), { recursive: true })
    if ('to' in step) {
      const to = `${source}/${step.to}`
      if (step.kind === 'link') await link(target, to)
      else if (step.kind === 'rename') await rename(target, to)
      // With its times, to the nanosecond, and as a new file.
      else await execa('cp', ['-a', '--remove-destination', '-T', target, to])
    } else if ('content' in step) {
      // To open a pipe for writing would wait for a reader.
      const isPipe = await lstat(target).then(
        (status) => status.isFIFO(),
        () => false,
      )
      if (isPipe) return
      await writeFile(target, step.content)
      if (step.kind !== 'write') await utimes(target, 1000, 1000)
    } else if (step.kind === 'remove') await rm(target, { recursive: true })
    else if (step.kind === 'mkdir') await mkdir(target)
    else if (step.kind === 'chmod') await chmod(target, 0o750)
    else if (step.kind === 'symlink') await symlink(`to-${String(step.path.length)}`, target)
    else await execa('mkfifo', [target])
  }
})
