/** How the source of a backup is walked, whatever is looked for: what is left out, and what is mounted in it. */
import { compileRules } from '../filter/compile-rules.ts'
import { IGNORE_FILES_RULE } from '../filter/ignore-file.ts'
import { parseRule } from '../filter/parse-rule.ts'
import { MOUNT_TYPE } from '../fuse/driver.ts'
import { readMountTable } from '../fuse/mount-table.ts'
import { pathBelow } from '../model/absolute-path.ts'
import { bytePathFromText } from '../model/entry-name.ts'
import { DEFAULT_LEAVE_OUT, type LeaveOut } from '../model/leave-out.ts'
import type { Profile } from '../model/profile.ts'
import { decodeMarker } from '../repository/marker.ts'
import { excludePathRule, filterRule } from '../rsync/filter-rules.ts'
import type { SourceMount } from '../scan/source-devices.ts'
import type { SourceWalk } from '../scan/walk-source.ts'
import type { TreeTransfer } from './transfer.ts'

/** What of a backup its walk must know. */
export type WalkTask = Pick<TreeTransfer, 'place' | 'source' | 'exclude' | 'profile'>

export interface PreparedWalk {
  readonly walk: SourceWalk
  readonly mounts: readonly SourceMount[]
  /** Paths below the source, as text with a leading slash, that are left out by themselves. */
  readonly known: readonly string[]
}

export async function prepareWalk(run: WalkTask): Promise<PreparedWalk> {
  const { place, source } = run
  const mounts = await readMountTable()
  const known = [
    place.repository,
    ...mounts
      .filter((mount) => mount.type === MOUNT_TYPE)
      .map((mount) => Buffer.from(mount.mountpoint, 'latin1').toString('utf8')),
  ]
    .map((path) => pathBelow(source, path))
    .filter((path) => path !== undefined)
  const walk: SourceWalk = {
    source: bytePathFromText(source),
    skipped: new Set(known.map((path) => bytePathFromText(source === '/' ? path : source + path))),
    ...(run.profile.fileSystems === undefined ? {} : { fileSystems: run.profile.fileSystems }),
    match: compileRules(run.exclude.map((pattern) => parseRule(filterRule(pattern)))),
    leaveOut: leaveOutOf(run.profile),
    isRepositoryMarker: (text) => decodeMarker(text).kind !== 'damaged',
  }
  return { walk, mounts, known }
}

/** What a walk leaves out by itself, as rules. @param repositories that were found, below the source, bytes as characters */
export function skippedRules(
  { known }: PreparedWalk,
  repositories: readonly string[],
): readonly string[] {
  return [
    ...known,
    ...repositories.map((path) => `/${Buffer.from(path, 'latin1').toString('utf8')}`),
  ].map(excludePathRule)
}

/** What is left out beside what patterns name. */
export function leaveOutOf({ leaveOut = DEFAULT_LEAVE_OUT }: Pick<Profile, 'leaveOut'>): LeaveOut {
  return leaveOut
}

/** The rules of snapfs itself and of the user. rsync is told no more of a local source. */
export function plainRules(
  own: readonly string[],
  { exclude }: Pick<TreeTransfer, 'exclude'>,
): readonly string[] {
  return [...own, ...exclude.map(filterRule)]
}

/** All rules in force, as the manifest names them, and as the rsync of a remote source is told them. */
export function rulesInForce(
  own: readonly string[],
  run: Pick<TreeTransfer, 'exclude' | 'profile'>,
): readonly string[] {
  return [
    ...plainRules(own, run),
    ...(leaveOutOf(run.profile).ignoreFiles ? [IGNORE_FILES_RULE] : []),
  ]
}
