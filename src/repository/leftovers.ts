/**
 * What interrupted runs left in `.incoming/`: the next run takes from them what is still right, and removes them.
 * The caller holds the lock, so nobody works there.
 */
import { lstat, readdir } from 'node:fs/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import { type BytePath, bytePathFromText, joinPath, systemPath } from '../model/entry-name.ts'
import { parseSnapshotId, type SnapshotId } from '../model/snapshot-id.ts'
import { checkpointNs } from './checkpoint.ts'
import {
  CHECKED_NAME,
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
  const incoming = incomingDirectory(place)
  const found: Leftover[] = []
  for (const name of (await readdir(incoming)).sort()) {
    const directory = `${incoming}/${name}`
    const id = idOf(name)
    const trees = id === undefined ? [] : await copiesIn(directory)
    if (id === undefined || trees.length === 0 || found.length === LEFTOVERS_LIMIT) {
      await removeTree(directory)
      continue
    }
    const durableNs = await checkpointNs(`${directory}/${DURABLE_NAME}`)
    found.push({ id, directory, trees, state: `${directory}/${STAGED_STATE_NAME}`, durableNs })
  }
  return found
}

/** @throws the operating system's error */
export async function removeLeftovers(leftovers: readonly Leftover[]): Promise<void> {
  for (const { directory } of leftovers) await removeTree(directory)
}

/** `<id>-XXXXXX` */
export function idOf(name: string): SnapshotId | undefined {
  const [, text] = /^(.{20})-[^/]+$/u.exec(name) ?? []
  return parseSnapshotId(text ?? '')
}

/** Names rsync writes under until a file is whole. */
const DRAFT = /^\..+\.\w{6}$/u

/** Whether a run has copied or linked anything whole. @param directory of a staged snapshot */
export async function holdsFile(directory: string): Promise<boolean> {
  for (const path of await copiesIn(directory)) {
    if (await holdsFileBelow(bytePathFromText(path))) return true
  }
  return false
}

async function holdsFileBelow(path: BytePath): Promise<boolean> {
  const entries = await readdir(systemPath(path), { withFileTypes: true, encoding: 'latin1' })
  if (entries.some((entry) => entry.isFile() && !DRAFT.test(entry.name))) return true
  for (const entry of entries) {
    if (entry.isDirectory() && (await holdsFileBelow(joinPath(path, entry.name)))) return true
  }
  return false
}

/** The directories of a staged snapshot that hold something. */
async function copiesIn(directory: string): Promise<readonly string[]> {
  const trees: string[] = []
  for (const name of [TREE_NAME, CHECKED_NAME, RESUMED_NAME]) {
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
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}
