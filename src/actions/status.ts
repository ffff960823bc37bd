/** `snapfs status`: how things stand. Reads only, takes no lock, and asks nothing of a mount, which may hang. */
import { MOUNT_TYPE } from '../fuse/driver.ts'
import { readMountTable } from '../fuse/mount-table.ts'
import type { Outcome } from '../model/manifest.ts'
import type { Profile } from '../model/profile.ts'
import type { LockRecord } from '../repository/lock-record.ts'
import { isStopped, judgeProcess } from '../repository/process-record.ts'
import { type ListedSnapshot, listSnapshots } from './list-snapshots.ts'
import { mountFiles, readMountRecord } from './mount-record.ts'
import type { RunningProcess, UnfinishedRun } from './observe-series.ts'

export interface ProfileStatus {
  readonly profile: string
  readonly source: string
  readonly repository: string
  readonly snapshots: number
  /** Milliseconds since 1970, like all times here. */
  readonly oldestMs: number | undefined
  readonly newest: NewestSnapshot | undefined
  /** The newest that is complete, where the newest of all is not. */
  readonly newestComplete: NewestSnapshot | undefined
  readonly damaged: readonly { readonly id: string; readonly reason: string }[]
  readonly running: RunningProcess | undefined
  readonly unfinished: readonly UnfinishedRun[]
  readonly warnings: readonly string[]
}

/** `stopped`: its process is there and does not run, so whoever asks waits. `dead`: nobody answers any more. */
type MountState = 'serving' | 'stopped' | 'dead' | 'unknown'

export interface NewestSnapshot {
  readonly id: string
  readonly timeMs: number
  readonly outcome: Outcome
  readonly problemCount: number
  /** When the source was found unchanged since, the last time. */
  readonly verifiedMs: number | undefined
  /** How often it was. */
  readonly verifiedCount: number
}

/** A mount of snapfs, of any user. */
export interface MountStatus {
  /** Bytes as characters. */
  readonly mountpoint: string
  readonly state: MountState
  /** The number of the user who mounted it. */
  readonly userId: number | undefined
  /** What its record says; undefined without one, as for the mounts of others. */
  readonly shown: ShownMount | undefined
}

export interface ShownMount {
  readonly repository: string
  readonly profiles: readonly string[]
  /** The directories of this machine they are made of, by profile. */
  readonly sources: Readonly<Record<string, string>>
  readonly driver: string
  readonly pid: number
  readonly sinceMs: number
  readonly log: string
}

/** @throws SnapfsError when the repository cannot be read */
export async function profileStatus({ name, source, repository }: Profile): Promise<ProfileStatus> {
  const { snapshots, damaged, running, unfinished, warnings } = await listSnapshots(
    repository,
    name,
  )
  const newest = snapshots.at(-1)
  const complete = snapshots.findLast(({ outcome }) => outcome === 'complete')
  return {
    profile: name,
    source,
    repository,
    snapshots: snapshots.length,
    oldestMs: snapshots[0]?.timeMs,
    newest: newest === undefined ? undefined : newestOf(newest),
    newestComplete: complete === undefined || complete === newest ? undefined : newestOf(complete),
    damaged,
    running,
    unfinished,
    warnings,
  }
}

function newestOf({
  id,
  timeMs,
  outcome,
  problemCount,
  verifiedMs,
}: ListedSnapshot): NewestSnapshot {
  return {
    id,
    timeMs,
    outcome,
    problemCount,
    verifiedMs: verifiedMs.at(-1),
    verifiedCount: verifiedMs.length,
  }
}

/** The mounts of snapfs that this process sees, in the order they were made. */
export async function mountStatuses(stateDirectory: string): Promise<readonly MountStatus[]> {
  const mounts = (await readMountTable()).filter(({ type }) => type === MOUNT_TYPE)
  return Promise.all(
    mounts.map(async ({ mountpoint, options }): Promise<MountStatus> => {
      const text = Buffer.from(mountpoint, 'latin1').toString('utf8')
      const files = mountFiles(stateDirectory, text)
      const record = await readMountRecord(files)
      const userId = userIdIn(options)
      if (record?.mountpoint !== text) {
        return { mountpoint, state: 'unknown', userId, shown: undefined }
      }
      const { server, repository, profiles, sources, driver } = record
      const state = await stateOf(server)
      const sinceMs = Date.parse(server.since)
      const shown = {
        ...{ repository, profiles, sources, driver },
        ...{ pid: server.pid, sinceMs, log: files.log },
      }
      return { mountpoint, state, userId, shown }
    }),
  )
}

async function stateOf(server: LockRecord): Promise<MountState> {
  const judged = await judgeProcess(server)
  if (judged.kind === 'dead') return 'dead'
  if (judged.because !== 'running') return 'unknown'
  return (await isStopped(server.pid)) ? 'stopped' : 'serving'
}

function userIdIn(options: ReadonlySet<string>): number | undefined {
  for (const option of options) {
    const id = /^user_id=(\d+)$/u.exec(option)?.[1]
    if (id !== undefined) return Number(id)
  }
  return undefined
}
