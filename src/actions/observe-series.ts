/** What happens to a series besides its snapshots: a run that works on it now, and what ended runs left. */
import { readdir } from 'node:fs/promises'
import { epochMsOf } from '../model/snapshot-id.ts'
import type { HeldLock, LockVerdict } from '../repository/decide-lock.ts'
import { incomingDirectory, lockFile, type SeriesPlace } from '../repository/layout.ts'
import { idOf } from '../repository/leftovers.ts'
import { judgeLock } from '../repository/lock.ts'

/** A leftover: what a run staged that nobody works on any more. */
export interface UnfinishedRun {
  readonly profile: string
  readonly path: string
  /** When its run began, to the second; milliseconds since 1970. */
  readonly startedMs: number
}

export interface RunningProcess {
  readonly profile: string
  readonly command: string
  readonly pid: number
  readonly host: string
  readonly sinceMs: number
  /** Whether it was seen alive; one on another machine or in another container cannot be. */
  readonly isProven: boolean
}

export interface Activity {
  /** Oldest first. */
  readonly unfinished: readonly UnfinishedRun[]
  readonly running: RunningProcess | undefined
}

export interface Observation {
  /** Names in `.incoming/`, read before and after the lock. */
  readonly stagedBefore: readonly string[]
  readonly stagedAfter: readonly string[]
  readonly verdict: LockVerdict
}

/** Nobody is accused of having left anything. */
const UNREADABLE: LockVerdict = { kind: 'unknown', because: 'forbidden' }

/**
 * Reads only. What it may not or cannot read it leaves out: the snapshots are the answer, this is beside it.
 * The order matters, as runs begin and end meanwhile, see `decideActivity`.
 */
export async function observeSeries(
  place: SeriesPlace,
): Promise<Activity & { readonly verdict: LockVerdict }> {
  const stagedBefore = await stagedIn(place)
  const verdict = await judgeLock(lockFile(place)).catch(() => UNREADABLE)
  const stagedAfter = stagedBefore.length === 0 ? [] : await stagedIn(place)
  return { ...decideActivity({ stagedBefore, verdict, stagedAfter }, place), verdict }
}

/**
 * Pure. Whoever holds the lock uses or removes all that is staged, so nothing is left over while somebody does,
 * or may. What was there before the lock was found without a living holder, and still is afterwards, is no
 * run's that had begun and ended in between: such a run takes what it staged away before its lock.
 */
export function decideActivity(observation: Observation, place: SeriesPlace): Activity {
  const { stagedBefore, stagedAfter, verdict } = observation
  switch (verdict.kind) {
    case 'free':
    case 'dead':
      return {
        unfinished: stagedBefore
          .filter((name) => stagedAfter.includes(name))
          .flatMap((name) => unfinishedRun(name, place))
          .sort((left, right) => left.startedMs - right.startedMs),
        running: undefined,
      }
    case 'held':
      return { unfinished: [], running: runningProcess(verdict, place) }
    case 'unknown':
      return { unfinished: [], running: undefined }
  }
}

/** What is no staged snapshot is not worth a word. */
function unfinishedRun(name: string, place: SeriesPlace): readonly UnfinishedRun[] {
  const id = idOf(name)
  if (id === undefined) return []
  const path = `${incomingDirectory(place)}/${name}`
  return [{ profile: place.profile, path, startedMs: epochMsOf(id) }]
}

function runningProcess({ record, because }: HeldLock, { profile }: SeriesPlace): RunningProcess {
  const { command, pid, host, since } = record
  const isProven = because === 'running' || because === 'hidden'
  return { profile, command, pid, host, sinceMs: Date.parse(since), isProven }
}

async function stagedIn(place: SeriesPlace): Promise<readonly string[]> {
  return readdir(incomingDirectory(place)).catch(() => [])
}
