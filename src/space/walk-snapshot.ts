/** Looks at all that a snapshot holds, its manifest and log included: each name once, no content and no link followed. */
import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import { type BytePath, joinPath, systemPath } from '../model/entry-name.ts'
import { showLife } from '../model/sign-of-life.ts'
import type { Look, SnapshotKey, SpaceTable } from './space-table.ts'

/** So often the event loop gets its turn, for signals and the screen. */
const PAUSE_EVERY = 2000

export interface Walk {
  readonly signal: AbortSignal
  /** Told of how many names more were looked at. */
  readonly onNames: (names: number) => void
}

/**
 * Adds a snapshot to the table, as its newest. Ends early when the signal is given; then the table is of no use.
 * @param directory of the snapshot
 * @throws the operating system's error, ENOENT when the snapshot is being removed
 */
export async function walkSnapshot(
  table: SpaceTable,
  key: SnapshotKey,
  directory: BytePath,
  { signal, onNames }: Walk,
): Promise<void> {
  const device = lstatSync(systemPath(directory)).dev
  const count = { names: 0, directories: 0, directoryBlocks: 0, closed: 0 }
  const waiting = ['']
  let looks = 0
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const place = path === '' ? directory : joinPath(directory, path)
    count.directories += 1
    count.directoryBlocks += lstatSync(systemPath(place)).blocks
    const names = listNames(place)
    if (names === undefined) count.closed += 1
    let holder: number | undefined
    for (const name of names ?? []) {
      const status = lookIn(place, name)
      if (status === undefined) {
        count.closed += 1
        break
      }
      looks += 1
      showLife()
      if (looks % PAUSE_EVERY === 0) {
        onNames(PAUSE_EVERY)
        await setImmediate()
        if (signal.aborted) return
      }
      // What was mounted in there is not the snapshot's.
      if (status.dev !== device) continue
      if (status.isDirectory()) {
        waiting.push(path === '' ? name : `${path}/${name}`)
        continue
      }
      count.names += 1
      holder ??= table.placeOfDirectory(path)
      table.see(lookFrom(status, joinPath(place, name)), holder, name)
    }
  }
  onNames(looks % PAUSE_EVERY)
  table.end({ key, ...count })
}

/**
 * Looks again at each file of the table, once: how many names it has changes with links from elsewhere.
 * @param before files of this snapshot and newer ones were looked at just now
 * @param directoryOf where a snapshot of the table lies, by its number
 * @returns false when a file is not where it was seen last; then the table is of no use
 */
export async function lookAgain(
  table: SpaceTable,
  directoryOf: (snapshot: number) => BytePath,
  { signal, onNames, before }: Walk & { readonly before: number },
): Promise<boolean> {
  for (let place = 0; place < table.size; place += 1) {
    if (place % PAUSE_EVERY === PAUSE_EVERY - 1) {
      onNames(PAUSE_EVERY)
      await setImmediate()
      if (signal.aborted) return true
    }
    showLife()
    const last = table.to[place] ?? 0
    if (last >= before) {
      if ((table.links[place] ?? 0) < table.namesOf(place)) return false
      continue
    }
    const snapshot = directoryOf(last)
    const below = table.directories[table.directory[place] ?? 0] ?? ''
    const directory = below === '' ? snapshot : joinPath(snapshot, below)
    const path = joinPath(directory, table.name[place] ?? '')
    const look = lookAt(path)
    if (look === undefined || look.inode !== table.inodes[place]) return false
    if (look.links < table.namesOf(place)) return false
    table.links[place] = look.links
    table.blocks[place] = look.blocks
  }
  onNames(table.size % PAUSE_EVERY)
  return true
}

/** Undefined where this user may list a directory and look at nothing in it. */
function lookIn(directory: BytePath, name: string): Stats | undefined {
  try {
    return lstatSync(systemPath(joinPath(directory, name)))
  } catch (error) {
    if (systemErrorCode(error) !== 'EACCES') throw error
    return undefined
  }
}

function lookAt(path: BytePath): Look | undefined {
  try {
    const status = lstatSync(systemPath(path), { throwIfNoEntry: false })
    return status === undefined || status.isDirectory() ? undefined : lookFrom(status, path)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOTDIR' || code === 'ELOOP') return undefined
    throw error
  }
}

function lookFrom(
  status: { readonly ino: number; readonly nlink: number; readonly blocks: number },
  path: BytePath,
): Look {
  const { ino, nlink, blocks } = status
  const isExact = Number.isSafeInteger(ino)
  const inode = isExact ? ino : lstatSync(systemPath(path), { bigint: true }).ino
  return { inode, links: nlink, blocks }
}

/** Undefined for one that this user may not list. */
function listNames(path: BytePath): readonly string[] | undefined {
  try {
    return readdirSync(systemPath(path), { encoding: 'latin1' })
  } catch (error) {
    if (systemErrorCode(error) !== 'EACCES') throw error
    return undefined
  }
}
