/**
 * The walk of a source: each directory with what is in it, in byte order, without what is left out. It
 * also finds repositories of others, by their marker: copied, they would grow with every snapshot.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
} from 'node:fs'
import { systemErrorCode } from '../errors/system-error.ts'
import type { Decide } from '../filter/compile-rules.ts'
import { showLife } from '../model/sign-of-life.ts'
import { type BytePath, joinPath, systemPath } from '../model/entry-name.ts'

export interface SourceWalk {
  readonly source: BytePath
  /** Absolute paths not to look at: our repository, and mounts that may hang. */
  readonly skipped: ReadonlySet<string>
  /** What the user leaves out. */
  readonly decide: Decide
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
  readonly unreadable: readonly { readonly path: string; readonly code: string }[]
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
  const waiting: { readonly path: string; readonly status: BigIntStats }[] = [
    { path: '', status: root },
  ]
  for (;;) {
    const next = waiting.pop()
    if (next === undefined) return
    const { path, status } = next
    const unreadable: { path: string; code: string }[] = []
    const isLeftOut = walk.fileSystems === 'one' && status.dev !== root.dev
    const names = isLeftOut ? [] : listNames(walk, path, unreadable)
    if (path !== '' && isRepository(walk, path, names)) {
      yield { repository: path }
      continue
    }
    const entries: WalkedEntry[] = []
    const below: { readonly path: string; readonly status: BigIntStats }[] = []
    for (const name of names) {
      const entry = look(walk, path === '' ? name : `${path}/${name}`, unreadable)
      if (entry === undefined) continue
      if (entry.status.isDirectory()) below.push(entry)
      else entries.push({ name, status: entry.status })
    }
    while (below.length > 0) waiting.push(...below.splice(-1))
    yield { path, status, entries, unreadable }
  }
}

function look(
  walk: SourceWalk,
  path: string,
  unreadable: { path: string; code: string }[],
): { path: string; status: BigIntStats } | undefined {
  const absolute = joinPath(walk.source, path)
  // Before anything is asked of it: a mount whose server is stopped would not answer.
  if (walk.skipped.has(absolute)) return undefined
  showLife()
  try {
    const status = lstatSync(systemPath(absolute), { bigint: true, throwIfNoEntry: false })
    if (status === undefined) return undefined
    const kind = status.isDirectory() ? 'directory' : 'other'
    return walk.decide(path, kind) === 'excluded' ? undefined : { path, status }
  } catch (error) {
    unreadable.push({ path, code: codeOf(error) })
    return undefined
  }
}

function listNames(
  walk: SourceWalk,
  path: string,
  unreadable: { path: string; code: string }[],
): readonly string[] {
  const absolute = path === '' ? walk.source : joinPath(walk.source, path)
  try {
    return readdirSync(systemPath(absolute), { encoding: 'latin1' }).sort()
  } catch (error) {
    const code = codeOf(error)
    if (path === '') throw error
    if (code !== 'ENOENT') unreadable.push({ path, code })
    return []
  }
}

function isRepository(walk: SourceWalk, path: string, names: readonly string[]): boolean {
  if (!names.includes(MARKER_NAME)) return false
  const marker = systemPath(joinPath(walk.source, `${path}/${MARKER_NAME}`))
  try {
    const text = readMarker(marker)
    return text !== undefined && walk.isRepositoryMarker(text)
  } catch (error) {
    codeOf(error)
    return false
  }
}

/** Opened without waiting, and looked at only then: a FIFO that somebody puts there would keep us for ever. */
function readMarker(path: Buffer): string | undefined {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants
  const descriptor = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile() || status.size > MARKER_LIMIT_BYTES) return undefined
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/** @throws what is not an error of the operating system */
function codeOf(error: unknown): string {
  const code = systemErrorCode(error)
  if (code === undefined) throw error
  return code
}
