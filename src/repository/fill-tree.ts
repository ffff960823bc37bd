/**
 * Our own part of filling a staged tree: its directories, and links to entries that did not change. It works
 * synchronously, a turn of the event loop at a time: a promise for each link costs more than the link.
 */
import { linkSync, mkdirSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import { showLife } from '../model/sign-of-life.ts'
import { type BytePath, bytePathFromText, joinPath, systemPath } from '../model/entry-name.ts'

/** An entry to be linked. Bytes as characters. */
export interface LinkOrder {
  /** Below the tree. */
  readonly path: string
  /** Where it lies, absolute. */
  readonly lies: BytePath
}

export interface Filling {
  readonly tree: string
  readonly signal: AbortSignal
}

const ENTRIES_PER_TURN = 2000

/** Why one link may be impossible while others are not: no room, a foreign file, or it has gone. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['EMLINK', 'EPERM', 'EACCES', 'ENOENT', 'ENOTDIR', 'ENOTSUP', 'ELOOP'],
])

/**
 * Makes the directories of a tree, private until they get their attributes.
 * @param directories each after the one above it
 * @throws the operating system's error
 */
export async function makeDirectories(
  { tree, signal }: Filling,
  directories: readonly string[],
): Promise<void> {
  const root = bytePathFromText(tree)
  for (const [index, directory] of directories.entries()) {
    showLife()
    mkdirSync(systemPath(joinPath(root, directory)), { mode: 0o700 })
    if (index % ENTRIES_PER_TURN !== 0) continue
    await setImmediate()
    if (signal.aborted) return
  }
}

export interface LinkResult {
  readonly linked: number
  /** Paths that could not be linked and must be copied. */
  readonly refused: readonly string[]
  /** The first reason, as errno name. */
  readonly reason: string | undefined
}

/**
 * Links entries into a tree whose directories are there.
 * @throws the operating system's error when the file system fails, not when one entry cannot be linked
 */
export async function linkEntries(
  { tree, signal }: Filling,
  orders: Iterable<LinkOrder>,
  onProgress: (linked: number) => void,
): Promise<LinkResult> {
  const root = bytePathFromText(tree)
  const refused: string[] = []
  let linked = 0
  let reason: string | undefined
  let sinceTurn = 0
  for (const { path, lies } of orders) {
    showLife()
    try {
      linkSync(systemPath(lies), systemPath(joinPath(root, path)))
      linked += 1
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === undefined || !REFUSALS.has(code)) throw error
      reason ??= code
      refused.push(path)
    }
    sinceTurn += 1
    if (sinceTurn <= ENTRIES_PER_TURN) continue
    sinceTurn = 0
    onProgress(linked)
    await setImmediate()
    if (signal.aborted) break
  }
  return { linked, refused, reason }
}

/**
 * Links entries into a tree of their own, with the directories they need, for rsync to compare with. What cannot be
 * linked is left out.
 * @throws the operating system's error when the file system fails
 */
export async function linkForComparison(
  { tree, signal }: Filling,
  orders: readonly LinkOrder[],
): Promise<void> {
  const root = bytePathFromText(tree)
  mkdirSync(systemPath(root), { mode: 0o700 })
  const directories = new Set<string>()
  for (const { path } of orders) {
    const slash = path.lastIndexOf('/')
    if (slash === -1) continue
    const directory = path.slice(0, slash)
    if (directories.has(directory)) continue
    directories.add(directory)
    mkdirSync(systemPath(joinPath(root, directory)), { recursive: true, mode: 0o700 })
  }
  await linkEntries({ tree, signal }, orders, () => undefined)
}

/**
 * Moves entries that were copied elsewhere to their place in a tree. One that was not copied after all
 * stays missing.
 * @throws the operating system's error
 */
export async function moveIntoTree(
  from: string,
  tree: string,
  paths: readonly string[],
): Promise<void> {
  for (const path of paths) {
    const target = systemPath(joinPath(bytePathFromText(tree), path))
    showLife()
    try {
      await rename(systemPath(joinPath(bytePathFromText(from), path)), target)
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error
    }
  }
}
