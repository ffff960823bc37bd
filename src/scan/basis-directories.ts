/**
 * What the bases hold of the directory the scan is at, as far as names go: of a directory with another name than before
 * they hold nothing, and each basis would be asked for each of its files in vain.
 */
import { readdirSync } from 'node:fs'
import { requireSystemErrorCode } from '../errors/system-error.ts'
import { type BytePath, joinPath, splitPath, systemPath } from '../model/entry-name.ts'

/** So many entries are looked for in vain before the names of a directory are listed. */
const MISSES_LIMIT = 3

interface Here {
  misses: number
  /** Undefined while it pays to look for single entries. */
  names: ReadonlySet<string> | undefined
}

export class BasisDirectories {
  readonly #trees: readonly BytePath[]
  #directory: string | undefined
  #here: readonly Here[] = []

  constructor(trees: readonly BytePath[]) {
    this.#trees = trees
  }

  /** Whether it is worth looking for a path in a tree, by its number. */
  mayHold(tree: number, path: string): boolean {
    const [directory, name] = splitPath(path)
    if (directory !== this.#directory) {
      this.#directory = directory
      this.#here = this.#trees.map(() => ({ misses: 0, names: undefined }))
    }
    return this.#here[tree]?.names?.has(name) ?? true
  }

  /** Takes note that the path that was asked for last was not there. */
  missed(tree: number): void {
    const [here, root] = [this.#here[tree], this.#trees[tree]]
    if (here === undefined || root === undefined || here.names !== undefined) return
    here.misses += 1
    if (here.misses >= MISSES_LIMIT) here.names = namesIn(root, this.#directory ?? '')
  }
}

/** Undefined when they cannot be listed: then each is looked for. */
function namesIn(root: BytePath, directory: string): ReadonlySet<string> | undefined {
  const path = directory === '' ? root : joinPath(root, directory)
  try {
    return new Set(readdirSync(systemPath(path), { encoding: 'latin1' }))
  } catch (error) {
    const code = requireSystemErrorCode(error)
    return code === 'ENOENT' || code === 'ENOTDIR' ? new Set() : undefined
  }
}
