/**
 * A series described in a few lines, so that the same one can be built in memory and on disk. An entry
 * with the same `inode` in several places is one inode there, as a backup would have linked it.
 */
import type { Manifest } from '../../src/model/manifest.ts'
import type { Verification } from '../../src/model/verification.ts'
import { parseSnapshotId, type SnapshotId } from '../../src/model/snapshot-id.ts'

export type DescribedEntry =
  | {
      readonly kind: 'file'
      readonly inode: string
      readonly content: string
      readonly mode?: number
      readonly modifiedMs?: number
      /** In memory only. */
      readonly bornMs?: number
    }
  | { readonly kind: 'directory'; readonly mode?: number }
  | { readonly kind: 'symlink'; readonly inode: string; readonly target: string }
  | { readonly kind: 'fifo'; readonly inode: string }

/** Paths with slashes, bytes as characters; parents that are not described are directories 0755. */
export type DescribedTree = Readonly<Record<string, DescribedEntry>>

export interface DescribedSnapshot {
  readonly id: string
  readonly tree: DescribedTree
  readonly outcome?: Manifest['outcome']
  /** Ids of times at which nothing had changed since. */
  readonly verified?: readonly string[]
}

export type DescribedHistory = readonly DescribedSnapshot[]

export const DEFAULT_FILE_MODE = 0o644
export const DEFAULT_DIRECTORY_MODE = 0o755
export const DEFAULT_MODIFIED_MS = Date.parse('2026-01-02T03:04:05Z')

/** A file whose inode is named by its content: equal content is linked, other content is not. */
export function file(content: string, inode = content, mode?: number): DescribedEntry {
  return { kind: 'file', inode, content, ...(mode === undefined ? {} : { mode }) }
}

export function directory(mode: number): DescribedEntry {
  return { kind: 'directory', mode }
}

export function symlink(target: string): DescribedEntry {
  return { kind: 'symlink', inode: `-> ${target}`, target }
}

/** The tree with every parent directory in it, parents before children, the root as ''. */
export function completeTree(tree: DescribedTree): ReadonlyMap<string, DescribedEntry> {
  const complete = new Map<string, DescribedEntry>([['', tree[''] ?? { kind: 'directory' }]])
  for (const path of Object.keys(tree).sort()) {
    const names = path.split('/')
    for (let depth = 1; depth < names.length; depth += 1) {
      const parent = names.slice(0, depth).join('/')
      if (!complete.has(parent)) complete.set(parent, tree[parent] ?? { kind: 'directory' })
    }
    if (path !== '') complete.set(path, tree[path]!)
  }
  return complete
}

export function manifestFor(
  id: string,
  sequence: number,
  changes: Partial<Manifest> = {},
): Manifest {
  return {
    format: 1,
    id,
    sequence,
    profile: 'home',
    repositoryId: '00000000-0000-4000-8000-000000000000',
    source: { path: '/home/anna', realPath: '/home/anna', host: 'example' },
    startedAt: '2026-11-20T08:00:00.000Z',
    finishedAt: '2026-11-20T08:00:01.000Z',
    durationMs: 1000,
    timeZone: 'Europe/Berlin',
    outcome: 'complete',
    rsync: { version: '3.5.0', exitCode: 0 },
    bases: [],
    filters: [],
    counts: {
      entries: 1,
      files: 0,
      directories: 1,
      symlinks: 0,
      specials: 0,
      totalBytes: 0,
      changedFiles: 0,
      changedBytes: 0,
      attributeOnlyFiles: 0,
    },
    problemCount: 0,
    problems: [],
    snapfsVersion: '0.0.0',
    ...changes,
  }
}

/** That a source was found equal to the snapshot of a described history. */
export function verificationFor(id: string, snapshot: string): Verification {
  return {
    format: 1,
    id: idOf(id),
    snapshot,
    snapshotStartedAt: '2026-11-20T08:00:00.000Z',
    startedAt: '2026-11-21T08:00:00.000Z',
    finishedAt: '2026-11-21T08:00:01.000Z',
    fidelity: '',
    entries: 1,
    totalBytes: 0,
    snapfsVersion: '0.0.0',
  }
}

export function idOf(text: string): SnapshotId {
  const id = parseSnapshotId(text)
  if (id === undefined) throw new Error(`${text} is not a snapshot id`)
  return id
}
