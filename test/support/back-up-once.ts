/** Making snapshots in tests of the engine, with a clock the test controls. */
import { setTimeout } from 'node:timers/promises'
import {
  backUp,
  type BackUpReport,
  type BackUpRequest,
  type SnapshotReport,
} from '../../src/actions/back-up.ts'
import type { World } from '../../src/model/world.ts'
import { createRepository } from '../../src/repository/create-repository.ts'

/** Nothing is mounted by this process. */
const NOWHERE = new URL('file:///nonexistent')

export function testWorld(
  now: () => number = () => Date.now(),
  // Nowhere: whoever counts says where.
  cacheDirectory = '/dev/null',
): World {
  return {
    lowerPriority: () => undefined,
    clock: {
      now,
      elapsed: () => performance.now(),
      sleep: (durationMs, signal) =>
        setTimeout(durationMs, undefined, { signal }).catch(() => undefined),
    },
    timeZone: 'UTC',
    host: 'example',
    userId: process.getuid?.() ?? 0,
    groupId: process.getgid?.() ?? 0,
    homeDirectory: '/nonexistent',
    cacheDirectory,
    version: '0.0.0',
    mountThreads: { serving: NOWHERE, telling: NOWHERE, pushing: NOWHERE },
  }
}

/** Of a clock that runs ahead: what was just written is old enough to be believed next time. */
export function settledWorld(): World {
  return testWorld(() => Date.now() + 10_000)
}

/** Makes a repository and gives a function that adds snapshots of a source to it. */
export async function repositoryAt(path: string): Promise<void> {
  await createRepository(path, Date.now(), process.getuid?.() === 0)
}

export async function backUpOnce(
  repository: string,
  source: string,
  options: Options = {},
  world: World = testWorld(),
): Promise<SnapshotReport> {
  const report = await backUpOrSkip(repository, source, options, world)
  if (report.kind !== 'snapshot') throw new Error('no snapshot was made')
  return report
}

type Options = Partial<
  Pick<
    BackUpRequest,
    | 'exclude'
    | 'emptySource'
    | 'changedSource'
    | 'checksum'
    | 'floors'
    | 'signal'
    | 'onProgress'
    | 'profile'
  >
>

/** The same, where there may be no snapshot. */
export async function backUpOrSkip(
  repository: string,
  source: string,
  options: Options = {},
  world: World = testWorld(),
): Promise<BackUpReport> {
  return backUp(
    {
      ...ordinaryRequest(repository, source),
      waitMs: 0,
      onWait: () => undefined,
      ...options,
    },
    world,
  )
}

/** What a backup, or a dry run of one, is asked when nothing is said. */
export function ordinaryRequest(
  repository: string,
  source: string,
): Omit<BackUpRequest, 'waitMs' | 'onWait'> {
  return {
    profile: { name: 'home', source, repository, exclude: [] },
    exclude: [],
    emptySource: 'refuse',
    checksum: false,
    floors: {},
    changedSource: 'refuse',
    signal: new AbortController().signal,
    onProgress: () => undefined,
  }
}

/** The tree of a snapshot. */
export function treeOf(report: Pick<BackUpReport, 'path'>): string {
  return `${report.path}/tree`
}
