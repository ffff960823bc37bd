/**
 * One writer per series. The lock is a file that says who holds it; it appears with its content in one
 * step (written aside, then linked), so that nobody ever reads half of it. Whether one that is there
 * still counts is decided in decide-lock.ts.
 */
import { randomUUID } from 'node:crypto'
import { link, lstat, open, rm } from 'node:fs/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import { decideLock, type HeldLock, type LockVerdict, type UnknownLock } from './decide-lock.ts'
import { lockFile, type SeriesPlace } from './layout.ts'
import { encodeLock, lockIdentity, type LockRecord, readLock } from './lock-record.ts'
import { describeMyself, presentFor } from './process-record.ts'

export interface Lock {
  /** Gives the lock back. Does nothing the second time. */
  release(): Promise<void>
}

/** What stands between a process and the lock. `contended`: it was there and gone, again and again. */
export type Obstacle = HeldLock | UnknownLock | { readonly kind: 'contended' }

export type LockAttempt =
  | { readonly kind: 'taken'; readonly lock: Lock }
  | { readonly kind: 'refused'; readonly obstacle: Obstacle }

/** How often a lock may vanish between two looks. Each time another process took it and gave it back. */
const ATTEMPTS_LIMIT = 10

/** Whether somebody works on a series. Reads only. @throws the operating system's error */
export async function judgeLock(file: string): Promise<LockVerdict> {
  const reading = await readLock(file)
  return decideLock(
    reading,
    await presentFor(reading.kind === 'record' ? reading.record.pid : undefined),
  )
}

/**
 * Tries to take the lock of a series, once. Writes nothing while another holds it.
 * @param now milliseconds since 1970
 * @throws the operating system's error
 */
export async function takeLock(
  place: SeriesPlace,
  command: string,
  now: number,
): Promise<LockAttempt> {
  const file = lockFile(place)
  const seen = await judgeLock(file)
  if (seen.kind === 'held' || seen.kind === 'unknown') return { kind: 'refused', obstacle: seen }
  const mine = await describeMyself(command, now)
  // Not named after the process: another machine may have one with the same number.
  const draft = `${file}.${randomUUID()}`
  try {
    await writeDraft(draft, mine)
    for (let attempt = 0; attempt < ATTEMPTS_LIMIT; attempt += 1) {
      if (await linkUnlessThere(draft, file)) return { kind: 'taken', lock: lockOf(file, mine) }
      const obstacle = await removeIfDead(file, draft, file)
      if (obstacle !== undefined) return { kind: 'refused', obstacle }
    }
  } finally {
    await rm(draft, { force: true })
  }
  return { kind: 'refused', obstacle: { kind: 'contended' } }
}

function lockOf(file: string, mine: LockRecord): Lock {
  let held = true
  return {
    async release() {
      if (!held) return
      held = false
      // Somebody may have removed the file by hand, as the message to a second user allows.
      const reading = await readLock(file)
      if (reading.kind === 'record' && lockIdentity(reading.record) === lockIdentity(mine)) {
        await rm(file, { force: true })
      }
    },
  }
}

/** On the disk before it counts: a lock that a power cut left empty could not say whose it was. */
async function writeDraft(draft: string, record: LockRecord): Promise<void> {
  await using handle = await open(draft, 'wx', 0o600)
  await handle.writeFile(encodeLock(record))
  await handle.sync()
}

async function linkUnlessThere(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file)
    return true
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
    return isSameFile(draft, file)
  }
}

/** NFS answers EEXIST to a link that was made when the first answer was lost (open(2), O_EXCL). */
async function isSameFile(left: string, right: string): Promise<boolean> {
  const [one, other] = await Promise.all([
    lstat(left),
    lstat(right).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return undefined
      throw error
    }),
  ])
  return one.dev === other?.dev && one.ino === other.ino
}

/**
 * Removes a lock whose holder is proven dead.
 *
 * Invariant: only who has made the claim named after a dead holder removes what that holder left, and looks
 * again when it has. Else two could see the same dead lock, and the second would remove the live one of
 * the first. A dead process takes no lock any more, so its name never counts twice; a claim is a lock
 * itself, and when its maker died it is removed in the same way.
 * @param file the lock, or the claim of a process that died as well
 * @returns what stands in the way, or undefined when the lock may be tried again
 */
async function removeIfDead(
  file: string,
  draft: string,
  lock: string,
): Promise<Obstacle | undefined> {
  const verdict = await judgeLock(file)
  if (verdict.kind === 'free') return undefined
  if (verdict.kind !== 'dead') return verdict
  const identity = lockIdentity(verdict.record)
  const claim = `${lock}.dead-${identity}`
  if (!(await linkUnlessThere(draft, claim))) return removeIfDead(claim, draft, lock)
  try {
    const again = await judgeLock(file)
    if (again.kind === 'dead' && lockIdentity(again.record) === identity) {
      await rm(file, { force: true })
    }
    return undefined
  } finally {
    await rm(claim, { force: true })
  }
}
