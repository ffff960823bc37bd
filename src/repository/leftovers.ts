/**
 * What interrupted runs left in `.incoming/`: the next run takes from them what is still right, and removes them.
 * The caller holds the lock, so nobody works there.
 */
import type { Stats } from 'node:fs'
import { lstat, readdir, unlink } from 'node:fs/promises'
import { requireSystemErrorCode, systemErrorCode } from '../errors/system-error.ts'
import { type BytePath, bytePathFromText, joinPath, systemPath } from '../model/entry-name.ts'
import { parseSnapshotId, type SnapshotId } from '../model/snapshot-id.ts'
import { checkpointNs } from './checkpoint.ts'
import {
  CHECKED_NAME,
  COPIED_NAME,
  DURABLE_NAME,
  incomingDirectory,
  RESUMED_NAME,
  type SeriesPlace,
  STAGED_STATE_NAME,
  TREE_NAME,
} from './layout.ts'
import { removeTree } from './remove-tree.ts'

/** A run that was interrupted. */
export interface Leftover {
  /** The id its snapshot was to have. */
  readonly id: SnapshotId
  readonly directory: string
  /** Directories that hold copies, each at its path below the source. */
  readonly trees: readonly string[]
  /** Where the state of the source lies that the run had scanned; may be missing. */
  readonly state: string
  /** What was staged before this, by its ctime, is on the disk for certain; nanoseconds since 1970. */
  readonly durableNs: bigint
}

/**
 * So many are gone on with. More come about only when run after run is killed in its first moments; the oldest has
 * most in it then, so it is the youngest that are given up.
 */
const LEFTOVERS_LIMIT = 8

/** What lies in `.incoming/`, oldest first; what cannot be gone on with is removed. */
export async function takeLeftovers(place: SeriesPlace): Promise<readonly Leftover[]> {
  const { usable, useless } = await findLeftovers(place)
  for (const directory of useless) await removeTree(directory)
  return usable
}

/** The same without touching anything, so the lock is not needed; another run may take them at any time. */
export async function findLeftovers(place: SeriesPlace): Promise<{
  /** Oldest first. */
  readonly usable: readonly Leftover[]
  /** Paths. */
  readonly useless: readonly string[]
}> {
  const incoming = incomingDirectory(place)
  const usable: Leftover[] = []
  const useless: string[] = []
  for (const name of (await readdir(incoming)).sort()) {
    const directory = `${incoming}/${name}`
    const id = idOf(name)
    const trees = id === undefined ? [] : await copiesIn(directory)
    if (id === undefined || trees.length === 0 || usable.length === LEFTOVERS_LIMIT) {
      useless.push(directory)
      continue
    }
    const durableNs = await checkpointNs(`${directory}/${DURABLE_NAME}`)
    usable.push({ id, directory, trees, state: `${directory}/${STAGED_STATE_NAME}`, durableNs })
  }
  return { usable, useless }
}

/** @throws the operating system's error */
export async function removeLeftovers(leftovers: readonly Leftover[]): Promise<void> {
  for (const { directory } of leftovers) await removeTree(directory)
}

/**
 * Takes out of interrupted runs what is not on the disk for certain, where nothing but size and time will be looked
 * at. Only names are removed, so what is shared with a snapshot stays. A run that cannot be looked at is removed.
 * @throws the operating system's error
 */
export async function keepDurable(leftovers: readonly Leftover[]): Promise<readonly Leftover[]> {
  const kept: Leftover[] = []
  for (const leftover of leftovers) {
    try {
      for (const tree of leftover.trees) {
        await removeYounger(bytePathFromText(tree), leftover.durableNs)
      }
      kept.push(leftover)
    } catch (error) {
      if (systemErrorCode(error) !== 'EACCES') throw error
      await removeTree(leftover.directory)
    }
  }
  return kept
}

async function removeYounger(path: BytePath, limitNs: bigint): Promise<void> {
  const entries = await readdir(systemPath(path), { withFileTypes: true, encoding: 'latin1' })
  for (const entry of entries) {
    const below = joinPath(path, entry.name)
    if (entry.isDirectory()) await removeYounger(below, limitNs)
    else if ((await lstat(systemPath(below), { bigint: true })).ctimeNs >= limitNs) {
      await unlink(systemPath(below))
    }
  }
}

/** `<id>-XXXXXX` */
export function idOf(name: string): SnapshotId | undefined {
  const [, text] = /^(.{20})-[^/]+$/u.exec(name) ?? []
  return parseSnapshotId(text ?? '')
}

/** Names rsync writes under until a file is whole. */
const DRAFT = /^\..+\.\w{6}$/u

/** After so many files without an answer the rest is not looked at: whoever pressed Ctrl-C is waiting. */
const LOOKED_AT_LIMIT = 5000

/**
 * Whether a run has copied anything: a file with names in the staged snapshot alone. Others are links to published
 * snapshots, which cost nothing to make again.
 * @param directory of a staged snapshot
 */
export async function holdsCopies(directory: string): Promise<boolean> {
  const left = new Map<number, number>()
  let lookedAt = 0
  for (const tree of await copiesIn(directory)) {
    for await (const { ino, nlink } of wholeFilesBelow(bytePathFromText(tree))) {
      const others = (left.get(ino) ?? nlink) - 1
      if (others === 0 || ++lookedAt > LOOKED_AT_LIMIT) return true
      left.set(ino, others)
    }
  }
  return false
}

async function* wholeFilesBelow(path: BytePath): AsyncGenerator<Pick<Stats, 'ino' | 'nlink'>> {
  const entries = await readdir(systemPath(path), { withFileTypes: true, encoding: 'latin1' })
  for (const entry of entries) {
    const below = joinPath(path, entry.name)
    if (entry.isDirectory()) yield* wholeFilesBelow(below)
    else if (entry.isFile() && !DRAFT.test(entry.name)) yield lstat(systemPath(below))
  }
}

/** The directories of a staged snapshot that hold something. */
async function copiesIn(directory: string): Promise<readonly string[]> {
  const trees: string[] = []
  for (const name of [TREE_NAME, CHECKED_NAME, RESUMED_NAME, COPIED_NAME]) {
    const path = `${directory}/${name}`
    if (await isFilledDirectory(path)) trees.push(path)
  }
  return trees
}

/** A real one, and not a link to elsewhere. */
async function isFilledDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory() && (await readdir(path)).length > 0
  } catch (error) {
    requireSystemErrorCode(error)
    return false
  }
}
