/** Our own part of filling a staged tree, but for the links: what rsync compares with, and what it copied elsewhere. */
import { mkdirSync, renameSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import {
  type BytePath,
  bytePathFromText,
  joinPath,
  splitPath,
  systemPath,
} from '../model/entry-name.ts'
import { showLife } from '../model/sign-of-life.ts'
import { emptyTally, linkBlock } from './link-block.ts'
import { linkBlocks, type LinkOrder } from './link-blocks.ts'

const ENTRIES_PER_TURN = 2000

/** The directories of a tree that is filled: each is made once, after the one above it, and private until it is whole. */
export class TreeDirectories {
  readonly #root: BytePath
  readonly #made = new Set<string>([''])

  /** @param root is there */
  constructor(root: BytePath) {
    this.#root = root
  }

  /** @param directory below the root; empty for the root itself @throws the operating system's error */
  make(directory: string): void {
    if (this.#made.has(directory)) return
    const [above] = splitPath(directory)
    this.make(above)
    mkdirSync(systemPath(joinPath(this.#root, directory)), { mode: 0o700 })
    this.#made.add(directory)
  }
}

/**
 * Links entries into a tree of their own, with the directories they need, for rsync to compare with. What cannot be
 * linked is left out.
 * @throws the operating system's error when the file system fails
 */
export async function linkForComparison(
  tree: string,
  orders: readonly LinkOrder[],
  signal: AbortSignal,
): Promise<void> {
  const root = bytePathFromText(tree)
  mkdirSync(systemPath(root), { mode: 0o700 })
  const keeps = { nanoseconds: true, modes: true, owners: true }
  const directories = new TreeDirectories(root)
  for (const block of linkBlocks(orders)) {
    directories.make(block.directory)
    linkBlock(block, { tree: root, keeps }, emptyTally(), () => (showLife(), true))
    await setImmediate()
    if (signal.aborted) return
  }
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
  signal: AbortSignal,
): Promise<void> {
  const [source, target] = [bytePathFromText(from), bytePathFromText(tree)]
  for (const [index, path] of paths.entries()) {
    showLife()
    try {
      renameSync(systemPath(joinPath(source, path)), systemPath(joinPath(target, path)))
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error
    }
    if (index % ENTRIES_PER_TURN !== 0) continue
    await setImmediate()
    if (signal.aborted) return
  }
}
