/**
 * Files that have several names in the source. All names of one go the same way, or the snapshot would hold
 * two files where the source has one.
 */
import { LINKS_LIMIT } from '../model/link-block.ts'
import type { SourceStatus } from './source-status.ts'
import type { StoredEntry } from './stored-entry.ts'

/**
 * Linked from a snapshot, taken from a run that was interrupted, compared by content, not compared since what it would be
 * compared with stands for another file, or anything else.
 */
export type Way = 'linked' | 'resumed' | 'compared' | 'contested' | 'other'

interface Group {
  readonly linked: string[]
  readonly resumed: string[]
  readonly compared: string[]
  readonly contested: string[]
  readonly others: string[]
  /** The inode that the names have in the tree they would be linked from. */
  readonly inodes: Set<bigint>
  /** The most links that any of the stored ones has. */
  links: number
}

/** What is to be done otherwise than was decided for each path alone. */
export interface GroupCorrections {
  /** To be compared by content, and copied where there is nothing to compare with; all names of a file or none. */
  readonly compared: readonly string[]
  /** To be copied, not linked and not compared: the stored inode has no room for them. */
  readonly copied: readonly string[]
  /**
   * To be copied, since one of the names looks like what stands for another file. In a comparison rsync would find that
   * under this name, and tie all the names to it.
   */
  readonly apart: readonly string[]
}

export class HardLinkGroups {
  readonly #groups = new Map<string, Group>()

  /** Adds a name; `stored` is what it would be linked to, if anything. */
  add(path: string, status: SourceStatus, stored: StoredEntry | undefined, way: Way): void {
    const key = `${status.dev}:${status.ino}`
    const group = this.#groups.get(key) ?? emptyGroup()
    this.#groups.set(key, group)
    group[way === 'other' ? 'others' : way].push(path)
    if (stored === undefined) return
    if (way === 'linked') group.inodes.add(stored.inode)
    group.links = Math.max(group.links, stored.links)
  }

  /** All that were to be linked with one of these paths, themselves included. */
  linkedWith(paths: readonly string[]): readonly string[] {
    const wanted = new Set(paths)
    return [...this.#groups.values()]
      .filter(({ linked }) => linked.some((path) => wanted.has(path)))
      .flatMap(({ linked }) => linked)
  }

  corrections(): GroupCorrections {
    const compared: string[] = []
    const copied: string[] = []
    const apart: string[] = []
    for (const {
      linked,
      resumed,
      compared: suspects,
      contested,
      others,
      inodes,
      links,
    } of this.#groups.values()) {
      const ways = [linked, resumed, suspects, contested, others].filter(
        (paths) => paths.length > 0,
      )
      const names = ways.flat()
      if (links + names.length > LINKS_LIMIT) copied.push(...names)
      else if (contested.length > 0) apart.push(...names)
      else if (inodes.size > 1 || ways.length > 1) compared.push(...names)
    }
    return { compared, copied, apart }
  }
}

function emptyGroup(): Group {
  return {
    ...{ linked: [], resumed: [], compared: [], contested: [], others: [] },
    ...{ inodes: new Set(), links: 0 },
  }
}
