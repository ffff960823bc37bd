/** The catalog of a series on disk. Every answer is a system call or two; it remembers directories only. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statfsSync,
} from 'node:fs'
import { LRUCache } from 'lru-cache'
import { type Entry, sameInode } from '../model/entry.ts'
import {
  type BytePath,
  bytePathFromText,
  type EntryName,
  type EntryPath,
  joinPath,
  nameFromBytes,
  systemPath,
} from '../model/entry-name.ts'
import type { Snapshot } from '../model/snapshot.ts'
import {
  seriesDirectory,
  type SeriesPlace,
  trashedTreeDirectory,
  treeDirectory,
  verificationsFile,
} from '../repository/layout.ts'
import type { Catalog, ListedName, ReadHandle, Space, VerifiedTime } from './catalog.ts'
import {
  entryFrom,
  kindOf,
  lookAt,
  type LookAt,
  statusOf,
  undefinedIfAbsent,
} from './entry-status.ts'
import type { ListDirectory } from './raw-listing.ts'
import { readSeries } from './read-series.ts'
import { readVerifications, type SeriesVerifications } from './read-verifications.ts'

/** Directories known not to be links: some 150 bytes each. */
const KNOWN_DIRECTORIES = 50_000

export interface QuickWays {
  readonly look?: LookAt | undefined
  readonly list?: ListDirectory | undefined
}

export class DiskCatalog implements Catalog {
  readonly profile: string
  readonly #place: SeriesPlace
  readonly #look: LookAt
  readonly #list: ListDirectory | undefined
  #generation = 0
  #snapshots: readonly Snapshot[] = []
  #verifiedTimes: readonly VerifiedTime[] = []
  /** What the series directory looked like before it was last read. */
  #seenSeries = ''
  /** The same of the record of the newest snapshot. */
  #seenRecord = ''
  readonly #trees = new Map<Snapshot, BytePath>()
  readonly #directories = new LRUCache<string, true>({ max: KNOWN_DIRECTORIES })
  /** The directory that was looked into last. */
  #last: { snapshot: Snapshot; key: string; place: BytePath } | undefined

  /**
   * @param quick ways past Node, where there are
   * @throws the operating system's error when the series cannot be read
   */
  constructor(place: SeriesPlace, { look = lookAt, list }: QuickWays = {}) {
    this.#place = place
    this.#look = look
    this.#list = list
    this.profile = place.profile
    this.refresh()
  }

  get generation(): number {
    return this.#generation
  }

  snapshots(): readonly Snapshot[] {
    return this.#snapshots
  }

  verifiedTimes(): readonly VerifiedTime[] {
    return this.#verifiedTimes
  }

  entryAt(snapshot: Snapshot, path: EntryPath): Entry | undefined {
    const place = this.#locate(snapshot, path)
    return place === undefined ? undefined : this.#look(place)
  }

  namesIn(snapshot: Snapshot, path: EntryPath): readonly ListedName[] | undefined {
    if (!this.#isDirectory(snapshot, path)) return undefined
    const place = this.#pathOf(snapshot, path)
    const listed = this.#list?.(place)
    if (listed !== undefined) return listed
    try {
      return readdirSync(systemPath(place), {
        withFileTypes: true,
        encoding: 'latin1',
      }).map((found) => ({ name: nameFromBytes(found.name), kind: kindOf(found) }))
    } catch (error) {
      undefinedIfAbsent(error)
      return
    }
  }

  bareNamesIn(snapshot: Snapshot, path: EntryPath): readonly EntryName[] | undefined {
    if (!this.#isDirectory(snapshot, path)) return undefined
    const place = systemPath(this.#pathOf(snapshot, path))
    try {
      return readdirSync(place, { encoding: 'latin1' }) as EntryName[]
    } catch (error) {
      undefinedIfAbsent(error)
      return
    }
  }

  storedPlace(snapshot: Snapshot, path: EntryPath): BytePath | undefined {
    return this.#locate(snapshot, path)
  }

  linkTarget(snapshot: Snapshot, path: EntryPath): string | undefined {
    const place = this.#locate(snapshot, path)
    if (place === undefined) return undefined
    try {
      return readlinkSync(systemPath(place), { encoding: 'latin1' as 'utf8' })
    } catch (error) {
      undefinedIfAbsent(error)
      return
    }
  }

  open(snapshot: Snapshot, path: EntryPath, entry: Entry): ReadHandle | undefined {
    const place = this.#locate(snapshot, path)
    if (place === undefined) return undefined
    let descriptor: number
    try {
      // O_NONBLOCK: should the path have become a FIFO, opening it must not wait for a writer.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
      descriptor = openSync(systemPath(place), flags)
    } catch (error) {
      undefinedIfAbsent(error)
      return
    }
    const status = fstatSync(descriptor, { bigint: true })
    const opened = entryFrom(status)
    if (status.isFile() && opened !== undefined && sameInode(opened, entry)) {
      return new FileHandle(descriptor)
    }
    closeSync(descriptor)
    return undefined
  }

  space(): Space {
    const status = statfsSync(seriesDirectory(this.#place))
    return {
      blockBytes: status.bsize,
      blocks: status.blocks,
      freeBlocks: status.bfree,
      availableBlocks: status.bavail,
      inodes: status.files,
      freeInodes: status.ffree,
    }
  }

  /**
   * Publishing and removing a snapshot both change the series directory; so does the lock, which is why
   * the generation changes only when the set of snapshots did. A verified time is added to a file, and only to that
   * of the newest snapshot.
   */
  refresh(): void {
    const series = this.#lookAtSeries()
    if (series === this.#seenSeries && this.#lookAtRecord(this.#snapshots) === this.#seenRecord) {
      return
    }
    const { snapshots } = readSeries(this.#place)
    const record = this.#lookAtRecord(snapshots)
    const times = verifiedTimesOf(snapshots, readVerifications(this.#place, snapshots))
    this.#seenSeries = series
    this.#seenRecord = record
    const same =
      isSameList(snapshots, this.#snapshots, isSame) &&
      isSameList(times, this.#verifiedTimes, isSameTime)
    if (same) return
    this.#snapshots = snapshots
    this.#verifiedTimes = times
    this.#directories.clear()
    this.#last = undefined
    this.#trees.clear()
    this.#generation += 1
  }

  #lookAtSeries(): string {
    const status = lstatSync(seriesDirectory(this.#place), { bigint: true })
    const { dev, ino, mtimeNs, ctimeNs } = status
    return [dev, ino, mtimeNs, ctimeNs].join(':')
  }

  #lookAtRecord(snapshots: readonly Snapshot[]): string {
    const newest = snapshots.at(-1)
    if (newest === undefined) return ''
    const record = statusOf(bytePathFromText(verificationsFile(this.#place, newest.id)))
    return [newest.id, record?.size, record?.ctimeNs].join(':')
  }

  /** Where an entry is, when everything above it is a directory of the snapshot. */
  #locate(snapshot: Snapshot, path: EntryPath): BytePath | undefined {
    const name = path.at(-1)
    if (name === undefined) return this.#pathOf(snapshot, path)
    const above = path.slice(0, -1)
    const key = above.join('/')
    // One after the other, all that is in a directory is asked for.
    if (this.#last?.snapshot !== snapshot || this.#last.key !== key) {
      if (!this.#isDirectory(snapshot, above)) return undefined
      this.#last = { snapshot, key, place: this.#pathOf(snapshot, above) }
    }
    return joinPath(this.#last.place, name)
  }

  #isDirectory(snapshot: Snapshot, path: EntryPath): boolean {
    const key = `${snapshot.id}/${path.join('/')}`
    if (this.#directories.has(key)) return true
    if (path.length > 0 && !this.#isDirectory(snapshot, path.slice(0, -1))) return false
    if (statusOf(this.#pathOf(snapshot, path))?.isDirectory() !== true) return false
    this.#directories.set(key, true)
    return true
  }

  #pathOf(snapshot: Snapshot, path: EntryPath): BytePath {
    let tree = this.#trees.get(snapshot)
    if (tree === undefined) {
      tree = this.#treeOf(snapshot)
      this.#trees.set(snapshot, tree)
    }
    return joinPath(tree, ...path)
  }

  /** Whoever is in a snapshot that is being removed goes on for as long as it is there. */
  #treeOf({ id }: Snapshot): BytePath {
    const tree = bytePathFromText(treeDirectory(this.#place, id))
    if (statusOf(tree) !== undefined) return tree
    const trashed = bytePathFromText(trashedTreeDirectory(this.#place, id))
    return statusOf(trashed) === undefined ? tree : trashed
  }
}

function verifiedTimesOf(
  snapshots: readonly Snapshot[],
  { bySnapshot }: SeriesVerifications,
): readonly VerifiedTime[] {
  return snapshots.flatMap((snapshot) =>
    (bySnapshot.get(snapshot.id) ?? []).map(({ id }) => ({ id, snapshot })),
  )
}

function isSameList<T>(
  left: readonly T[],
  right: readonly T[],
  isSameOne: (left: T, right: T | undefined) => boolean,
): boolean {
  return left.length === right.length && left.every((one, index) => isSameOne(one, right[index]))
}

function isSameTime(left: VerifiedTime, right: VerifiedTime | undefined): boolean {
  return left.id === right?.id && left.snapshot.id === right.snapshot.id
}

function isSame(left: Snapshot, right: Snapshot | undefined): boolean {
  return (
    left.id === right?.id &&
    left.sequence === right.sequence &&
    left.manifest.finishedAt === right.manifest.finishedAt
  )
}

class FileHandle implements ReadHandle {
  readonly descriptor: number

  constructor(descriptor: number) {
    this.descriptor = descriptor
  }

  read(buffer: Uint8Array, offsetBytes: number): number {
    return readSync(this.descriptor, buffer, 0, buffer.byteLength, offsetBytes)
  }

  close(): void {
    closeSync(this.descriptor)
  }
}
