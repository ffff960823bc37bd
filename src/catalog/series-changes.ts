/**
 * What a snapshot changed against the one before it, a directory at a time. Told by inodes: what was copied anew is
 * modified, and no content is read. Both trees are walked once for all kinds of changes.
 */
import { LRUCache } from 'lru-cache'
import { type Entry, sameInode } from '../model/entry.ts'
import type { EntryName, EntryPath } from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Catalog, ListedName } from './catalog.ts'
import { ENDLESS_PATIENCE, type Patience, startWaiting } from './patience.ts'
import { absentIfClosed } from './series-history.ts'

export const CHANGE_KINDS = ['added', 'modified', 'deleted'] as const
export type Change = (typeof CHANGE_KINDS)[number]

/** `itself`: it was changed, and all that is in it. `inside`: a directory in both, with something changed below. */
export type Extent = 'itself' | 'inside'

/** A set of changes, a bit for each. */
const BITS: Readonly<Record<Change, number>> = { added: 1, modified: 2, deleted: 4 }
const ALL = 7
/** There may be more than was found. */
const UNDECIDED = 8

const REMEMBERED_BYTES = 16 * 1024 * 1024
/** What a number and its key take in the cache, beside the characters of the key. */
const REMEMBERED_ENTRY_BYTES = 120

type IsOver = () => boolean

export class SeriesChanges {
  readonly #catalog: Catalog
  readonly #patience: Patience
  /** What changed below directories, by snapshot and path; while it is undecided what is in them was looked at. */
  readonly #below = new LRUCache<string, number>({
    maxSize: REMEMBERED_BYTES,
    sizeCalculation: (_changes, key) => REMEMBERED_ENTRY_BYTES + key.length,
  })
  /** By the id of the one after. */
  readonly #before = new Map<string, Snapshot | undefined>()
  #generation: number

  constructor(catalog: Catalog, patience: Patience = ENDLESS_PATIENCE) {
    this.#catalog = catalog
    this.#patience = patience
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

  /**
   * What changed in a directory. Where there was no time to look, a directory is said to have something changed inside.
   */
  namesIn(snapshot: Snapshot, change: Change, path: EntryPath): ReadonlyMap<EntryName, Extent> {
    const isOver = startWaiting(this.#patience)
    const names = new Map<EntryName, Extent>()
    let found = 0
    for (const [name, changes] of this.#compare(snapshot, path)) {
      if (changes === 'inside') {
        found |= UNDECIDED
        if (this.#hasBelow(snapshot, change, [...path, name], isOver)) names.set(name, 'inside')
      } else {
        found |= changes
        if ((changes & BITS[change]) !== 0) names.set(name, 'itself')
      }
    }
    // Who lists this directory for one change will list the one above for the next.
    const key = keyOf(snapshot, path)
    if (!this.#below.has(key)) this.#below.set(key, found)
    return names
  }

  /**
   * The same for one name, but that any directory of both may have something changed inside: it was listed when there was
   * no time to look, and is still to be found when there was.
   */
  extentOf(
    snapshot: Snapshot,
    change: Change,
    path: EntryPath,
    name: EntryName,
  ): Extent | undefined {
    const child = [...path, name]
    const before = this.before(snapshot)
    const past = before === undefined ? undefined : this.#entryAt(before, child)
    const now = this.#entryAt(snapshot, child)
    const changes = changesBetween(past?.kind, now?.kind, () => isModified(past, now))
    if (changes === 'inside') return 'inside'
    return (changes & BITS[change]) !== 0 ? 'itself' : undefined
  }

  #hasBelow(snapshot: Snapshot, change: Change, path: EntryPath, isOver: IsOver): boolean {
    return (this.#changesBelow(snapshot, path, isOver) & (BITS[change] | UNDECIDED)) !== 0
  }

  /** Time is looked at between directories. */
  #changesBelow(snapshot: Snapshot, path: EntryPath, isOver: IsOver): number {
    this.#forgetPastGeneration()
    const key = keyOf(snapshot, path)
    const known = this.#below.get(key)
    if (known !== undefined && known < UNDECIDED) return known
    if (known === undefined && isOver()) return UNDECIDED
    let found = (known ?? 0) & ALL
    const directories: EntryPath[] = []
    for (const [name, changes] of this.#compare(snapshot, path, known === undefined)) {
      if (changes === 'inside') directories.push([...path, name])
      else found |= changes
    }
    for (const directory of directories) {
      if ((found & ALL) === ALL) break
      found |= this.#changesBelow(snapshot, directory, isOver)
    }
    if ((found & ALL) === ALL) found = ALL
    this.#below.set(key, found)
    return found
  }

  /**
   * What changed itself, and the directories in which something may have.
   * @param withModified whether inodes are compared, which is most of the work where each has to be asked for
   */
  *#compare(
    snapshot: Snapshot,
    path: EntryPath,
    withModified = true,
  ): Generator<readonly [name: EntryName, changes: number | 'inside']> {
    const before = this.before(snapshot)
    const entryIn = (one: Snapshot | undefined, at: EntryPath): Entry | undefined =>
      one === undefined ? undefined : this.#entryAt(one, at)
    const deviceOf = (one: Snapshot | undefined): bigint | undefined => entryIn(one, path)?.device
    const now = this.#listedIn(snapshot, path)
    const past: Listed = before === undefined ? new Map() : this.#listedIn(before, path)
    let isOneDevice: boolean | undefined
    for (const [name, { kind, inode }] of now) {
      const known = past.get(name)
      const changes = changesBetween(known?.kind, kind, () => {
        if (!withModified) return false
        // Both are there, so that on one device one number is one inode.
        if (inode !== undefined && known?.inode !== undefined) {
          isOneDevice ??= deviceOf(before) === deviceOf(snapshot)
          if (isOneDevice) return inode !== known.inode
        }
        const child = [...path, name]
        return isModified(entryIn(before, child), entryIn(snapshot, child))
      })
      yield [name, changes]
    }
    for (const name of past.keys()) if (!now.has(name)) yield [name, BITS.deleted]
  }

  #listedIn(snapshot: Snapshot, path: EntryPath): Listed {
    const listed = absentIfClosed(() => this.#catalog.namesIn(snapshot, path)) ?? []
    return new Map(listed.map((one) => [one.name, one]))
  }

  #entryAt(snapshot: Snapshot, path: EntryPath): Entry | undefined {
    return absentIfClosed(() => this.#catalog.entryAt(snapshot, path))
  }

  #forgetPastGeneration(): void {
    const { generation } = this.#catalog
    if (generation === this.#generation) return
    this.#generation = generation
    this.#below.clear()
    this.#before.clear()
  }
}

function keyOf({ id }: Snapshot, path: EntryPath): string {
  return `${id}/${path.join('/')}`
}

type Listed = ReadonlyMap<EntryName, ListedName>

/** A directory in place of something else, or the other way round, is both added and deleted. */
function changesBetween(
  past: Entry['kind'] | undefined,
  now: Entry['kind'] | undefined,
  isModifiedFile: () => boolean,
): number | 'inside' {
  if (past === undefined) return now === undefined ? 0 : BITS.added
  if (now === undefined) return BITS.deleted
  const [wasDirectory, isDirectory] = [past === 'directory', now === 'directory']
  if (wasDirectory && isDirectory) return 'inside'
  if (wasDirectory || isDirectory) return BITS.added | BITS.deleted
  return isModifiedFile() ? BITS.modified : 0
}

function isModified(past: Entry | undefined, now: Entry | undefined): boolean {
  return past !== undefined && now !== undefined && !sameInode(past, now)
}
