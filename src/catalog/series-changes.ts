/**
 * What a snapshot changed against the one before it, a directory at a time. Told by inodes: what was copied anew is
 * modified, and no content is read. Whether something changed below a directory is looked for until the first is found.
 */
import { LRUCache } from 'lru-cache'
import { type Entry, sameInode } from '../model/entry.ts'
import type { EntryName, EntryPath } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Catalog } from './catalog.ts'
import { absentIfClosed } from './series-history.ts'

export const CHANGES = ['added', 'modified', 'deleted'] as const
export type Change = (typeof CHANGES)[number]

/** `itself`: it was changed, and all that is in it. `inside`: a directory in both, with something changed below. */
export type Extent = 'itself' | 'inside'

/** Directories of which is remembered whether anything changed below: some 150 bytes each. */
const REMEMBERED = 100_000

export class SeriesChanges {
  readonly #catalog: Catalog
  readonly #isInside = new LRUCache<string, 'yes' | 'no'>({ max: REMEMBERED })
  /** By the id of the one after. */
  readonly #before = new Map<string, Snapshot | undefined>()
  #generation: number

  constructor(catalog: Catalog) {
    this.#catalog = catalog
    this.#generation = catalog.generation
  }

  /** The snapshot before one; undefined for the first, to which all is new. */
  before(snapshot: Snapshot): Snapshot | undefined {
    this.#forgetPastGeneration()
    if (this.#before.size === 0) {
      const snapshots = this.#catalog.snapshots()
      snapshots.forEach(({ id }, index) => this.#before.set(id, snapshots[index - 1]))
    }
    return this.#before.get(snapshot.id)
  }

  /** Where what changed in this way lies: what was deleted lies in the snapshot before. */
  holderOf(snapshot: Snapshot, change: Change): Snapshot | undefined {
    return change === 'deleted' ? this.before(snapshot) : snapshot
  }

  /** What changed in a directory. */
  namesIn(snapshot: Snapshot, change: Change, path: EntryPath): ReadonlyMap<EntryName, Extent> {
    this.#forgetPastGeneration()
    const names = new Map<EntryName, Extent>()
    for (const [name, extent] of this.#compare(snapshot, change, path)) {
      if (extent === 'itself') names.set(name, 'itself')
      else if (this.#hasInside(snapshot, change, [...path, name])) names.set(name, 'inside')
    }
    return names
  }

  #hasInside(snapshot: Snapshot, change: Change, path: EntryPath): boolean {
    const key = `${snapshot.id}/${change}/${path.join('/')}`
    const known = this.#isInside.get(key)
    if (known !== undefined) return known === 'yes'
    const below: EntryPath[] = []
    let found = false
    for (const [name, extent] of this.#compare(snapshot, change, path)) {
      found = extent === 'itself'
      if (found) break
      below.push([...path, name])
    }
    // What is in a directory itself is looked at before what is below it: mostly the answer is near.
    found ||= below.some((child) => this.#hasInside(snapshot, change, child))
    this.#isInside.set(key, found ? 'yes' : 'no')
    return found
  }

  /** What changed itself, and the directories in which something may have. */
  *#compare(
    snapshot: Snapshot,
    change: Change,
    path: EntryPath,
  ): Generator<readonly [EntryName, Extent]> {
    const before = this.before(snapshot)
    const now = this.#kindsIn(snapshot, path)
    const past = before === undefined ? new Map<EntryName, boolean>() : this.#kindsIn(before, path)
    const [shown, other] = change === 'deleted' ? [past, now] : [now, past]
    for (const [name, isDirectory] of shown) {
      const wasDirectory = other.get(name)
      if (isDirectory && wasDirectory === true) yield [name, 'inside']
      else if (wasDirectory === undefined || isDirectory || wasDirectory) {
        if (change !== 'modified') yield [name, 'itself']
      } else if (change === 'modified' && before !== undefined) {
        const child = [...path, name]
        const [one, two] = [this.#entryAt(before, child), this.#entryAt(snapshot, child)]
        if (one !== undefined && two !== undefined && !sameInode(one, two)) yield [name, 'itself']
      }
    }
  }

  /** Names, and whether each is a directory. */
  #kindsIn(snapshot: Snapshot, path: EntryPath): ReadonlyMap<EntryName, boolean> {
    const listed = absentIfClosed(() => this.#catalog.namesIn(snapshot, path)) ?? []
    return new Map(listed.map(({ name, kind }) => [name, kind === 'directory']))
  }

  #entryAt(snapshot: Snapshot, path: EntryPath): Entry | undefined {
    return absentIfClosed(() => this.#catalog.entryAt(snapshot, path))
  }

  #forgetPastGeneration(): void {
    const { generation } = this.#catalog
    if (generation === this.#generation) return
    this.#generation = generation
    this.#isInside.clear()
    this.#before.clear()
  }
}
