/** What a staged tree holds, counted by looking at it, where no scan of the source says what it should hold. */
import { type BigIntStats, readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import { showLife } from '../model/sign-of-life.ts'
import { type BytePath, joinPath, systemPath } from '../model/entry-name.ts'
import { lookQuietly } from './look.ts'

export interface TreeCount {
  readonly files: number
  /** The root of the tree included. */
  readonly directories: number
  readonly symlinks: number
  readonly specials: number
  /** Entries that share their inode with the entry of the same path in a basis. */
  readonly linked: number
  /** Of those the files; also those under a new name, when another name of them is linked. */
  readonly linkedFiles: number
  /** Directories of the tree that this user may not look into, so that what is in them is not counted. */
  readonly closed: number
}

/** So often the event loop gets its turn, for signals. */
const PAUSE_EVERY_DIRECTORIES = 64

/** Counts a tree; ends early, with what it has, when the signal is given. */
export async function countTree(
  tree: BytePath,
  bases: readonly BytePath[],
  signal: AbortSignal,
): Promise<TreeCount> {
  const count = {
    ...{ files: 0, directories: 0, symlinks: 0, specials: 0 },
    ...{ linked: 0, linkedFiles: 0, closed: 0 },
  }
  const twins = new NewNames()
  const waiting = ['']
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    count.directories += 1
    if (count.directories % PAUSE_EVERY_DIRECTORIES === 0) await setImmediate()
    if (signal.aborted) break
    const names = listNames(below(tree, path))
    if (names === undefined) count.closed += 1
    for (const name of names ?? []) {
      showLife()
      const inner = path === '' ? name : `${path}/${name}`
      const status = lookQuietly(below(tree, inner))
      if (status === undefined) continue
      if (status.isDirectory()) {
        waiting.push(inner)
        continue
      }
      if (status.isFile()) count.files += 1
      else if (status.isSymbolicLink()) count.symlinks += 1
      else count.specials += 1
      if (status.nlink === 1n) continue
      const isLinked = bases.some((basis) => isSame(status, lookQuietly(below(basis, inner))))
      if (isLinked) count.linked += 1
      if (status.isFile() && isLinked) count.linkedFiles += 1
      else if (status.isFile()) twins.add(status)
    }
  }
  count.linkedFiles += twins.linked()
  return count
}

/** Names that are in no basis, of files that have several. */
class NewNames {
  readonly #names = new Map<bigint, { names: number; readonly links: bigint }>()

  add({ ino, nlink }: BigIntStats): void {
    const known = this.#names.get(ino)
    if (known === undefined) this.#names.set(ino, { names: 1, links: nlink })
    else known.names += 1
  }

  /** How many are of a file that has other names as well: one of those is linked. */
  linked(): number {
    return [...this.#names.values()]
      .filter(({ names, links }) => links > BigInt(names))
      .reduce((sum, { names }) => sum + names, 0)
  }
}

function below(tree: BytePath, path: string): BytePath {
  return path === '' ? tree : joinPath(tree, path)
}

function isSame(one: BigIntStats, other: BigIntStats | undefined): boolean {
  return one.ino === other?.ino && one.dev === other.dev
}

function listNames(path: BytePath): readonly string[] | undefined {
  try {
    return readdirSync(systemPath(path), { encoding: 'latin1' })
  } catch (error) {
    if (systemErrorCode(error) !== 'EACCES') throw error
    return undefined
  }
}
