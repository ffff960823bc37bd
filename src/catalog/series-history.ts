/**
 * The history of paths over a whole series: one lstat per snapshot for a path, one listing per
 * snapshot for a directory, then memory. A persistent index can take this place one day.
 */
import { LRUCache } from 'lru-cache'
import { systemErrorCode } from '../errors/system-error.ts'
import type { EntryName, EntryPath } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Catalog, ListedName } from './catalog.ts'
import { foldHistory, type Observation, type PathHistory } from './fold-history.ts'

/** In which roles a name was ever seen in a directory. */
export interface Roles {
  readonly directory: boolean
  /** The last snapshot in which it was anything that has versions: a file, link, device, FIFO or socket. */
  readonly lastVersioned: Snapshot | undefined
}

type MutableRoles = { -readonly [Key in keyof Roles]: Roles[Key] }

export interface HistoryLimits {
  readonly historiesBytes: number
  readonly namesBytes: number
}

const DEFAULT_HISTORY_LIMITS: HistoryLimits = {
  historiesBytes: 16 * 1024 * 1024,
  namesBytes: 16 * 1024 * 1024,
}

const VERSION_BYTES = 480
const NAME_BYTES = 128

export class SeriesHistory {
  readonly #catalog: Catalog
  readonly #histories: LRUCache<string, PathHistory>
  readonly #names: LRUCache<string, ReadonlyMap<EntryName, Roles>>
  #generation: number

  constructor(catalog: Catalog, limits: HistoryLimits = DEFAULT_HISTORY_LIMITS) {
    this.#catalog = catalog
    this.#generation = catalog.generation
    this.#histories = new LRUCache({
      maxSize: limits.historiesBytes,
      sizeCalculation: (history, key) => 256 + key.length + history.versions.length * VERSION_BYTES,
    })
    this.#names = new LRUCache({
      maxSize: limits.namesBytes,
      sizeCalculation: (names, key) => {
        let total = 256 + key.length
        for (const name of names.keys()) total += NAME_BYTES + name.length
        return total
      },
    })
  }

  /** Every version a path ever had, and whether it was ever a directory. */
  historyOf(path: EntryPath): PathHistory {
    this.#forgetPastGeneration()
    const key = path.join('/')
    const known = this.#histories.get(key)
    if (known !== undefined) return known
    const history = foldHistory(this.#observe(path))
    this.#histories.set(key, history)
    return history
  }

  /** Every name a directory ever held. */
  namesEver(path: EntryPath): ReadonlyMap<EntryName, Roles> {
    this.#forgetPastGeneration()
    const key = path.join('/')
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const names = this.#collect(path)
    this.#names.set(key, names)
    return names
  }

  /**
   * What one name in a directory ever was; undefined when it never was there. Costs nothing once the names of the
   * directory are known, and the history of one path until then.
   */
  rolesOf(path: EntryPath, name: EntryName): Roles | undefined {
    this.#forgetPastGeneration()
    const names = this.#names.get(path.join('/'))
    if (names !== undefined) return names.get(name)
    const { versions, directory } = this.historyOf([...path, name])
    if (versions.length === 0 && directory === undefined) return undefined
    return { directory: directory !== undefined, lastVersioned: versions.at(-1)?.last }
  }

  /**
   * From one snapshot to the next a directory mostly holds the same: then a catalog may give the same listing, and else what
   * comes again is told by its place.
   */
  #collect(path: EntryPath): ReadonlyMap<EntryName, Roles> {
    const names = new Map<EntryName, MutableRoles>()
    let last: Collected = { names: [], roles: [], until: undefined }
    for (const snapshot of this.#catalog.snapshots()) {
      const listed = absentIfClosed(() => this.#catalog.namesIn(snapshot, path)) ?? []
      if (listed !== last.names) {
        noteLast(last)
        const { names: lastNames, roles: lastRoles } = last
        let next = 0
        const roles = listed.map(({ name, kind }) => {
          // Where one is gone it is the one after the next; what has come is neither.
          const ahead =
            lastNames[next]?.name === name ? 1 : lastNames[next + 1]?.name === name ? 2 : 0
          next += ahead
          const known = ahead > 0 ? lastRoles[next - 1] : names.get(name)
          const found = known ?? { directory: false, lastVersioned: undefined }
          if (known === undefined) names.set(name, found)
          if (kind === 'directory') found.directory = true
          return found
        })
        last = { names: listed, roles, until: undefined }
      }
      last.until = snapshot
    }
    noteLast(last)
    return names
  }

  *#observe(path: EntryPath): Generator<Observation> {
    for (const snapshot of this.#catalog.snapshots()) {
      yield { snapshot, entry: absentIfClosed(() => this.#catalog.entryAt(snapshot, path)) }
    }
  }

  #forgetPastGeneration(): void {
    const { generation } = this.#catalog
    if (generation === this.#generation) return
    this.#generation = generation
    this.#histories.clear()
    this.#names.clear()
  }
}

/** A listing, the roles of its names in its order, and the last of the snapshots in a row that have it. */
interface Collected {
  readonly names: readonly ListedName[]
  readonly roles: readonly MutableRoles[]
  until: Snapshot | undefined
}

function noteLast({ names, roles, until }: Collected): void {
  names.forEach(({ kind }, index) => {
    const role = roles[index]
    if (kind !== 'directory' && role !== undefined) role.lastVersioned = until
  })
}

/** A directory this user may not enter hides what was in it then, not what was there at other times. */
export function absentIfClosed<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch (error) {
    if (systemErrorCode(error) === 'EACCES') return undefined
    throw error
  }
}
