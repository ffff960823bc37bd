/** What the next backup would do with single entries of its source, and why; nothing is written. */
import { realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { contains, pathBelow } from '../model/absolute-path.ts'
import { bytePathFromText } from '../model/entry-name.ts'
import type { Profile } from '../model/profile.ts'
import { parseSourceLocation } from '../model/source-location.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import type { World } from '../model/world.ts'
import { treeDirectory } from '../repository/layout.ts'
import { inRepository } from '../repository/storage-error.ts'
import { thisMachine } from '../repository/this-machine.ts'
import { Evidence } from '../scan/evidence.ts'
import { type Explanation, explainEntry } from '../scan/explain-entry.ts'
import { openProfile } from './open-profile.ts'
import { type PlanRequest, preparePlan } from './plan-backup.ts'
import { plannedMeans, scanWithoutWriting } from './plan-local-transfer.ts'
import { newestRemembered } from './scan-for-backup.ts'
import { prepareWalk } from './source-walk.ts'

export interface ExplainRequest extends Omit<PlanRequest, 'namesFiles'> {
  /** Absolute, as they were typed. */
  readonly paths: readonly string[]
}

export interface ExplainReport {
  readonly profile: string
  /** The newest snapshot that would be linked to. */
  readonly basis: SnapshotId | undefined
  /** Of each path that lies in the source. */
  readonly entries: readonly ExplainedPath[]
}

export interface ExplainedPath extends Explanation {
  readonly path: string
}

/**
 * The profiles whose source holds one of these paths.
 * @throws SnapfsError USAGE for a path that lies in no source, or in one on another machine
 */
export async function profilesAround(
  paths: readonly string[],
  profiles: readonly Profile[],
): Promise<readonly Profile[]> {
  const around = new Set<Profile>()
  const places = await Promise.all(
    profiles.map(async (profile) => {
      const reading = parseSourceLocation(profile.source)
      const isLocal = reading.kind === 'location' && reading.location.kind === 'local'
      return { profile, source: isLocal ? await realSource(profile.source) : undefined }
    }),
  )
  for (const path of paths) {
    const real = await realParent(path)
    const found = places.filter(({ source }) => source !== undefined && contains(source, real))
    for (const { profile } of found) around.add(profile)
    if (found.length > 0) continue
    const names = profiles.map(({ name, source }) => `${name} (${source})`).join(', ')
    throw new SnapfsError('USAGE', `"${path}" lies in no source on this machine.`, {
      hint: `The profiles are: ${names}.`,
    })
  }
  return profiles.filter((profile) => around.has(profile))
}

/** @throws SnapfsError as a backup would before it copies anything; but never LOCKED */
export async function explainBackup(request: ExplainRequest, world: World): Promise<ExplainReport> {
  const open = await openProfile(request.profile, world)
  const { source, place, rsync } = open
  if (source.kind !== 'local') {
    throw new SnapfsError('USAGE', `The source ${request.profile.source} is on another machine.`, {
      hint: 'rsync decides there; see snapfs backup --dry-run --verbose.',
    })
  }
  return inRepository(open.repository.path, async () => {
    const { task: plan, id } = await preparePlan(request, world, open)
    const task = { ...plan, source: source.path, id }
    const means = plannedMeans(rsync, world.userId === 0)
    const { scan, header, bases } = await scanWithoutWriting(task, means, () => undefined)
    const remembered = await newestRemembered(task, means.isEnough)
    try {
      const { walk } = await prepareWalk(task)
      const { keeps } = means
      const ask = {
        ...{ walk, scan, keeps, remembered, compareBy: task.compareBy },
        present: scan.state.read(header),
        bases: bases.map((basis) => ({
          snapshot: basis.id,
          tree: bytePathFromText(treeDirectory(place, basis.id)),
        })),
        evidence: new Evidence(
          {
            ...(await thisMachine()),
            ...{ keeps, compareBy: task.compareBy, bases: [], nowMs: task.startedMs },
          },
          scan.devices,
        ),
      }
      const entries: ExplainedPath[] = []
      for (const path of request.paths) {
        const real = await realParent(path)
        if (!contains(source.path, real)) continue
        const below = pathBelow(source.path, real)?.slice(1) ?? ''
        entries.push({ path, ...explainEntry(ask, bytePathFromText(below)) })
      }
      return { profile: request.profile.name, basis: bases[0]?.id, entries }
    } finally {
      remembered?.state.close()
    }
  })
}

/** Without symbolic links above its last name, which itself may be one; as it is where that cannot be told. */
async function realParent(path: string): Promise<string> {
  if (path === '/') return path
  const above = await realpath(dirname(path)).catch(() => dirname(path))
  return `${above === '/' ? '' : above}/${basename(path)}`
}

async function realSource(source: string): Promise<string> {
  return realpath(source).catch(() => source)
}
