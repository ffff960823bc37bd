/**
 * Files that may have changed although their size and modification time did not: unpacked archives
 * whose files all carry one fixed time, tools that set the time back. rsync's quick check never sees
 * these, but writing, like setting a time back, moves the ctime, which no program can set. A file that
 * looks equal to its copy in a basis and whose ctime is not older than that snapshot is a suspect, to
 * be compared by content.
 *
 * Not found this way: directories with equal-looking files that changed places, since a rename leaves
 * the ctime of what is inside alone. That needs the source's inode numbers of the last run.
 */
import { type BigIntStats, type Dirent, lstatSync, readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import { type BytePath, joinPath, systemPath } from '../model/entry-name.ts'

export interface BasisEvidence {
  readonly tree: BytePath
  /** When the run that made the basis began, in milliseconds since 1970. */
  readonly startedMs: number
}

export interface SuspectSearch {
  readonly source: BytePath
  readonly bases: readonly BasisEvidence[]
  /** Directories not to enter: repositories, and mounts that may hang. */
  readonly skipped: ReadonlySet<string>
  /** Whether times are compared by the nanosecond, or by the second. */
  readonly comparesNanoseconds: boolean
  /** The present; where it lies before a basis, the clock was set back and ctimes prove nothing. */
  readonly nowMs: number
  readonly signal: AbortSignal
}

/** ctime comes from a clock that ticks with the kernel's timer, and the second of a FAT is two long. */
const CLOCK_GRAIN_MS = 3000
/** So often the event loop gets its turn, for signals. */
const ENTRIES_PER_TURN = 2000

/** Paths of the suspects below the source, as bytes. Unreadable places are rsync's to report. */
export async function findSuspects(search: SuspectSearch): Promise<readonly string[]> {
  const suspects: string[] = []
  if (search.bases.length === 0) return suspects
  const directories: string[] = ['']
  let sinceTurn = 0
  for (;;) {
    const directory = directories.pop()
    if (directory === undefined) return suspects
    for (const found of listQuietly(joinRelative(search.source, directory))) {
      const path = directory === '' ? found.name : `${directory}/${found.name}`
      sinceTurn += 1
      if (found.isDirectory()) {
        if (!search.skipped.has(joinRelative(search.source, path))) directories.push(path)
      } else if (found.isFile() && isSuspect(search, path)) {
        suspects.push(path)
      }
    }
    if (sinceTurn > ENTRIES_PER_TURN) {
      sinceTurn = 0
      await setImmediate()
      if (search.signal.aborted) return suspects
    }
  }
}

function isSuspect(search: SuspectSearch, path: string): boolean {
  const now = statusQuietly(joinRelative(search.source, path))
  if (now === undefined) return false
  return search.bases.some((basis) => {
    const clockWentBack = search.nowMs < basis.startedMs
    const evidenceNs = BigInt(basis.startedMs - CLOCK_GRAIN_MS) * 1_000_000n
    if (!clockWentBack && now.ctimeNs < evidenceNs) return false
    const then = statusQuietly(joinRelative(basis.tree, path))
    if (then === undefined || !then.isFile() || then.size !== now.size) return false
    return search.comparesNanoseconds
      ? then.mtimeNs === now.mtimeNs
      : then.mtimeNs / 1_000_000_000n === now.mtimeNs / 1_000_000_000n
  })
}

function joinRelative(base: BytePath, path: string): BytePath {
  return path === '' ? base : joinPath(base, path)
}

function listQuietly(path: BytePath): Dirent[] {
  try {
    return readdirSync(systemPath(path), { withFileTypes: true, encoding: 'latin1' })
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return []
  }
}

function statusQuietly(path: BytePath): BigIntStats | undefined {
  try {
    return lstatSync(systemPath(path), { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return undefined
  }
}
