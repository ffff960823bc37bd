/**
 * What existed and no longer does, a directory at a time. What counts as the present is the newest complete snapshot and
 * the partial ones after it: what a partial one lacks may be there and could not be read.
 */
import { LRUCache } from 'lru-cache'
import { systemErrorCode } from '../errors/system-error.ts'
import type { EntryName, EntryPath } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Catalog } from './catalog.ts'
import type { SeriesHistory } from './series-history.ts'

/** What of a name no longer is what it was. */
export interface Deleted {
  /** `gone`: there is no such directory now. `inside`: there is, and something below it is gone. */
  readonly directory: 'gone' | 'inside' | undefined
  /** The last snapshot that has a file, link and so on of this name; undefined while there is one. */
  readonly lastSeen: Snapshot | undefined
}

interface Present {
  readonly isDirectory: boolean
  readonly isOther: boolean
}

/** Directories of which is remembered whether anything is gone below: some 100 bytes each. */
const REMEMBERED = 100_000
/** Listings kept ready, since each is followed by a lookup of its names. */
const LISTINGS = 64

export class SeriesDeletions {
  readonly #catalog: Catalog
  readonly #history: SeriesHistory
  readonly #isInside = new LRUCache<string, 'yes' | 'no'>({ max: REMEMBERED })
  readonly #listings = new LRUCache<string, ReadonlyMap<EntryName, Deleted>>({ max: LISTINGS })
  #generation: number

  constructor(catalog: Catalog, history: SeriesHistory) {
    this.#catalog = catalog
    this.#history = history
    this.#generation = catalog.generation
  }

  namesIn(path: EntryPath): ReadonlyMap<EntryName, Deleted> {
    this.#forgetPastGeneration()
    const key = path.join('/')
    const known = this.#listings.get(key)
    if (known !== undefined) return known
    const names = new Map<EntryName, Deleted>()
    for (const [name, deleted] of this.#compare(path)) {
      const isInside = deleted.directory === 'inside' && this.#hasInside([...path, name])
      const directory = deleted.directory === 'inside' && !isInside ? undefined : deleted.directory
      if (directory !== undefined || deleted.lastSeen !== undefined) {
        names.set(name, { directory, lastSeen: deleted.lastSeen })
      }
    }
    this.#listings.set(key, names)
    return names
  }

  #hasInside(path: EntryPath): boolean {
    const key = path.join('/')
    const known = this.#isInside.get(key)
    if (known !== undefined) return known === 'yes'
    const below: EntryPath[] = []
    let found = false
    for (const [name, { directory, lastSeen }] of this.#compare(path)) {
      found = directory === 'gone' || lastSeen !== undefined
      if (found) break
      if (directory === 'inside') below.push([...path, name])
    }
    found ||= below.some((child) => this.#hasInside(child))
    this.#isInside.set(key, found ? 'yes' : 'no')
    return found
  }

  /** What is gone, and the directories in which something may be. */
  *#compare(path: EntryPath): Generator<readonly [EntryName, Deleted]> {
    const present = this.#present(path)
    if (present === undefined) return
    for (const [name, roles] of this.#history.namesEver(path)) {
      const now = present.get(name)
      const directory = !roles.directory ? undefined : now?.isDirectory ? 'inside' : 'gone'
      const lastSeen = now?.isOther ? undefined : roles.lastVersioned
      if (directory !== undefined || lastSeen !== undefined) yield [name, { directory, lastSeen }]
    }
  }

  /** Undefined where this user may not look: then nothing is known to be gone. */
  #present(path: EntryPath): ReadonlyMap<EntryName, Present> | undefined {
    const names = new Map<EntryName, Present>()
    for (const snapshot of this.#presentSnapshots()) {
      try {
        for (const { name, kind } of this.#catalog.namesIn(snapshot, path) ?? []) {
          const isDirectory = kind === 'directory'
          const known = names.get(name)
          names.set(name, {
            isDirectory: isDirectory || known?.isDirectory === true,
            isOther: !isDirectory || known?.isOther === true,
          })
        }
      } catch (error) {
        if (systemErrorCode(error) === 'EACCES') return undefined
        throw error
      }
    }
    return names
  }

  #presentSnapshots(): readonly Snapshot[] {
    const snapshots = this.#catalog.snapshots()
    const complete = snapshots.findLastIndex(({ manifest }) => manifest.outcome === 'complete')
    return snapshots.slice(complete === -1 ? -1 : complete)
  }

  #forgetPastGeneration(): void {
    const { generation } = this.#catalog
    if (generation === this.#generation) return
    this.#generation = generation
    this.#isInside.clear()
    this.#listings.clear()
  }
}
