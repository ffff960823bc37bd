/**
 * After rsync: whether what was to be copied is there, and whether the source stood still meanwhile. rsync's
 * exit code is necessary and never sufficient.
 */
import type { BigIntStats } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { showLife } from '../model/sign-of-life.ts'
import { type BytePath, joinPath, splitPath } from '../model/entry-name.ts'
import { lookQuietly } from './look.ts'
import type { EntryState, SourceState } from './source-state.ts'
import { isFile, isSameKind } from './source-status.ts'

export interface Confirmation {
  /** Not in the tree, and still in the source. */
  readonly missing: readonly string[]
  /** In the tree with another size or time than the source had or has. */
  readonly different: readonly string[]
  /**
   * Was a directory, and is something else now; or was none, and was stored as an empty one. What rsync read
   * below it may come from anywhere, since it follows a symbolic link in the middle of a listed path (measured
   * with rsync 3.5.0).
   */
  readonly replaced: readonly string[]
  /** The source changed after it was scanned; what was stored is one of the states it had, or between two. */
  readonly changed: readonly string[]
  /** Gone from the source, and not stored. */
  readonly vanished: readonly string[]
}

export interface ToConfirm {
  readonly source: BytePath
  readonly tree: BytePath
  /** What the scan saw. */
  readonly state: SourceState
  readonly comparesNanoseconds: boolean
  readonly signal: AbortSignal
  /** Those that were listed and not walked by rsync, below the source. */
  readonly directories: readonly string[]
  /** What was to be copied, below the source; those of one directory best together. */
  readonly paths: readonly string[]
}

const ENTRIES_PER_TURN = 2000

export async function confirmStored(request: ToConfirm): Promise<Confirmation> {
  const result = {
    missing: [] as string[],
    different: [] as string[],
    replaced: [] as string[],
    changed: [] as string[],
    vanished: [] as string[],
  }
  for (const path of request.directories) {
    showLife()
    const now = lookQuietly(joinPath(request.source, path))
    if (now === undefined) result.vanished.push(path)
    else if (!now.isDirectory()) result.replaced.push(path)
  }
  let directory: string | undefined
  let entries: ReadonlyMap<string, EntryState> | undefined
  let sinceTurn = 0
  for (const path of request.paths) {
    showLife()
    const [above, name] = splitPath(path)
    if (directory !== above) {
      directory = above
      entries = request.state.entriesOf(above)
    }
    const scanned = entries?.get(name)
    const now = lookQuietly(joinPath(request.source, path))
    const stored = lookQuietly(joinPath(request.tree, path))
    const moved = now === undefined || scanned?.changedNs !== now.ctimeNs
    if (stored === undefined) (now === undefined ? result.vanished : result.missing).push(path)
    else if (stored.isDirectory()) result.replaced.push(path)
    else if (moved) result.changed.push(path)
    else if (!isLike(stored, now, request.comparesNanoseconds)) result.different.push(path)
    sinceTurn += 1
    if (sinceTurn < ENTRIES_PER_TURN) continue
    sinceTurn = 0
    await setImmediate()
    if (request.signal.aborted) break
  }
  return result
}

function isLike(stored: BigIntStats, source: BigIntStats, comparesNanoseconds: boolean): boolean {
  if (!isSameKind(stored, source)) return false
  if (!isFile(source)) return true
  return (
    stored.size === source.size &&
    (comparesNanoseconds
      ? stored.mtimeNs === source.mtimeNs
      : // A FAT rounds to two seconds.
        Math.abs(Number(stored.mtimeMs - source.mtimeMs)) < 3000)
  )
}
