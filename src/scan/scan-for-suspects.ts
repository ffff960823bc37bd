/**
 * A walk of the source before it is copied. It finds repositories that lie in it, and suspects: files that
 * may have changed although their size and modification time did not. Unpacked archives whose files all
 * carry one fixed time, and tools that set the time back, leave such files, and rsync's quick check never
 * sees them. But writing, like setting a time back, moves the ctime, which no program can set. A file that
 * looks equal to its copy in a basis and whose ctime is not older than that snapshot is a suspect, to
 * be compared by content.
 *
 * Not found this way: directories with equal-looking files that changed places, since a rename leaves
 * the ctime of what is inside alone. That needs the source's inode numbers of the last run.
 */
import { type BigIntStats, type Dirent, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import type { Decide } from '../filter/compile-rules.ts'
import { type BytePath, joinPath, systemPath } from '../model/entry-name.ts'

export interface BasisEvidence {
  readonly tree: BytePath
  /** When the run that made the basis began, in milliseconds since 1970. */
  readonly startedMs: number
}

export interface SuspectSearch {
  readonly source: BytePath
  readonly bases: readonly BasisEvidence[]
  /** Directories not to enter: our repository, and mounts that may hang. */
  readonly skipped: ReadonlySet<string>
  /** What the user leaves out. */
  readonly decide: Decide
  /** Whether the text of a file called snapfs.json is that of a repository's marker. */
  readonly isRepositoryMarker: (text: string) => boolean
  /** Whether times are compared by the nanosecond, or by the second. */
  readonly comparesNanoseconds: boolean
  /** The present; where it lies before a basis, the clock was set back and ctimes prove nothing. */
  readonly nowMs: number
  readonly signal: AbortSignal
}

export interface SourceScan {
  /** Paths below the source, as bytes. */
  readonly suspects: readonly string[]
  /** Directories below the source that are repositories, as text with a leading slash. */
  readonly repositories: readonly string[]
}

/** ctime comes from a clock that ticks with the kernel's timer, and the second of a FAT is two long. */
const CLOCK_GRAIN_MS = 3000
/** So often the event loop gets its turn, for signals. */
const ENTRIES_PER_TURN = 2000
const MARKER_NAME = 'snapfs.json'
const MARKER_LIMIT_BYTES = 64 * 1024

/** Walks the source. Unreadable places are rsync's to report. */
export async function scanForSuspects(search: SuspectSearch): Promise<SourceScan> {
  const suspects: string[] = []
  const repositories: string[] = []
  const directories: string[] = ['']
  let sinceTurn = 0
  for (;;) {
    const directory = directories.pop()
    if (directory === undefined) break
    const listed = listQuietly(joinRelative(search.source, directory))
    if (directory !== '' && isRepository(search, directory, listed)) {
      repositories.push(`/${Buffer.from(directory, 'latin1').toString('utf8')}`)
      continue
    }
    for (const found of listed) {
      const path = directory === '' ? found.name : `${directory}/${found.name}`
      sinceTurn += 1
      const kind = found.isDirectory() ? 'directory' : 'other'
      if (search.decide(path, kind) === 'excluded') continue
      if (kind === 'directory') {
        if (!search.skipped.has(joinRelative(search.source, path))) directories.push(path)
      } else if (found.isFile() && isSuspect(search, path)) {
        suspects.push(path)
      }
    }
    if (sinceTurn > ENTRIES_PER_TURN) {
      sinceTurn = 0
      await setImmediate()
      if (search.signal.aborted) break
    }
  }
  return { suspects, repositories }
}

/** A repository of somebody else's in the source would be copied whole, and grow with each snapshot. */
function isRepository(
  search: SuspectSearch,
  directory: string,
  listed: readonly Dirent[],
): boolean {
  if (!listed.some((found) => found.name === MARKER_NAME && found.isFile())) return false
  const marker = joinRelative(search.source, `${directory}/${MARKER_NAME}`)
  const size = statusQuietly(marker)?.size
  if (size === undefined || size > MARKER_LIMIT_BYTES) return false
  try {
    return search.isRepositoryMarker(readFileSync(systemPath(marker), 'utf8'))
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}

function isSuspect(search: SuspectSearch, path: string): boolean {
  if (search.bases.length === 0) return false
  const now = statusQuietly(joinRelative(search.source, path))
  if (now === undefined) return false
  return search.bases.some((basis) => {
    const clockWentBack = search.nowMs < basis.startedMs
    if (!clockWentBack && now.ctimeMs < basis.startedMs - CLOCK_GRAIN_MS) return false
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
