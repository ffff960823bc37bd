/**
 * The walk of a source: each directory with what is in it, in byte order, without what is left out. It
 * also finds repositories of others, by their marker: copied, they would grow with every snapshot.
 */
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs'
import { requireSystemErrorCode } from '../errors/system-error.ts'
import { IGNORE_FILE } from '../filter/ignore-file.ts'
import { showLife } from '../model/sign-of-life.ts'
import { joinPath, systemPath } from '../model/entry-name.ts'
import { DirectoryFilter, type FilterRequest } from './directory-filter.ts'
import { readSmallFile } from './read-small-file.ts'

export interface SourceWalk extends FilterRequest {
  /** Absolute paths not to look at: our repository, and mounts that may hang. */
  readonly skipped: ReadonlySet<string>
  /** `one`: a directory that lies on another file system than the source is there, and empty. Absent: all. */
  readonly fileSystems?: 'one'
  /** Whether the text of a file called snapfs.json is that of a repository's marker. */
  readonly isRepositoryMarker: (text: string) => boolean
}

export interface WalkedEntry {
  readonly name: string
  readonly status: BigIntStats
}

export interface WalkedDirectory {
  /** Below the source, bytes as characters; empty for the source itself. */
  readonly path: string
  readonly status: BigIntStats
  /** All that are not directories, in byte order. */
  readonly entries: readonly WalkedEntry[]
  /** What could not be looked at, and why; what has vanished meanwhile is not among it. */
  readonly unreadable: readonly Unreadable[]
  /** Whether something was left out for a reason that is no rule of the user's, or would have been. */
  readonly isThinned: boolean
}

export interface Unreadable {
  readonly path: string
  /** As errno name. */
  readonly code: string
}

/** A directory that is somebody's repository: left out, its path below the source. */
export interface FoundRepository {
  readonly repository: string
}

const MARKER_NAME = 'snapfs.json'
const MARKER_LIMIT_BYTES = 64 * 1024

/** Walks top-down; the directories below one follow it. @throws when the source itself is gone */
export function* walkSource(walk: SourceWalk): Generator<WalkedDirectory | FoundRepository> {
  const root = lstatSync(systemPath(walk.source), { bigint: true })
  const waiting: Waiting[] = [{ path: '', status: root, above: DirectoryFilter.ofSource(walk) }]
  for (;;) {
    const next = waiting.pop()
    if (next === undefined) return
    const { path, status, above } = next
    const unreadable: Unreadable[] = []
    const isLeftOut = walk.fileSystems === 'one' && status.dev !== root.dev
    const names = isLeftOut ? [] : listNames(walk, path, unreadable)
    if (path !== '' && isRepository(walk, path, names)) {
      yield { repository: path }
      continue
    }
    const inside = above.enter(path, names)
    if (inside.disobeyed !== undefined) {
      unreadable.push({ path: pathOf(path, IGNORE_FILE), code: inside.disobeyed })
    }
    let isThinned = inside.names !== names || inside.disobeyed !== undefined
    const entries: WalkedEntry[] = []
    const below: Waiting[] = []
    for (const name of inside.names) {
      const entry = pathOf(path, name)
      const seen = look(walk, entry, unreadable)
      if (seen === undefined) continue
      const reason = inside.filter.reason(entry, name, seen)
      if (reason !== undefined) isThinned ||= reason.kind !== 'rule'
      else if (seen.isDirectory()) below.push({ path: entry, status: seen, above: inside.filter })
      else entries.push({ name, status: seen })
    }
    while (below.length > 0) waiting.push(...below.splice(-1))
    yield { path, status, entries, unreadable, isThinned }
  }
}

/** A directory that was found and not looked into yet. */
interface Waiting {
  readonly path: string
  readonly status: BigIntStats
  readonly above: DirectoryFilter
}

function pathOf(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`
}

function look(walk: SourceWalk, path: string, unreadable: Unreadable[]): BigIntStats | undefined {
  const absolute = joinPath(walk.source, path)
  // Before anything is asked of it: a mount whose server is stopped would not answer.
  if (walk.skipped.has(absolute)) return undefined
  showLife()
  try {
    return lstatSync(systemPath(absolute), { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    unreadable.push({ path, code: requireSystemErrorCode(error) })
    return undefined
  }
}

function listNames(walk: SourceWalk, path: string, unreadable: Unreadable[]): readonly string[] {
  const absolute = path === '' ? walk.source : joinPath(walk.source, path)
  try {
    return readdirSync(systemPath(absolute), { encoding: 'latin1' }).sort()
  } catch (error) {
    const code = requireSystemErrorCode(error)
    if (path === '') throw error
    if (code !== 'ENOENT') unreadable.push({ path, code })
    return []
  }
}

function isRepository(walk: SourceWalk, path: string, names: readonly string[]): boolean {
  if (!names.includes(MARKER_NAME)) return false
  try {
    const marker = joinPath(walk.source, `${path}/${MARKER_NAME}`)
    const read = readSmallFile(marker, { links: 'refuse', limitBytes: MARKER_LIMIT_BYTES })
    if (read?.isWhole !== true) return false
    return walk.isRepositoryMarker(Buffer.from(read.text, 'latin1').toString('utf8'))
  } catch (error) {
    requireSystemErrorCode(error)
    return false
  }
}
