/**
 * Which stored files there are in a series, and in which snapshots each has how many names: all that sums of space are made
 * of. A file that several snapshots share is one inode, and is here once.
 *
 * A file is mostly in snapshots that follow one another, with as many names in each: a run. So the table grows with what changed,
 * not with the number of snapshots.
 */
import type { SnapshotId } from '../model/snapshot-id.ts'

/** Snapshots that follow one another in which a file has as many names. */
export interface Run {
  /** Numbers of snapshots in the table. */
  readonly from: number
  readonly to: number
  readonly names: number
}

/** What a look at a name tells. */
export interface Look {
  /** A number where a double holds it. */
  readonly inode: number | bigint
  /** Names it has in the whole file system. */
  readonly links: number
  /** Of 512 bytes. */
  readonly blocks: number
}

/** What makes a snapshot that one and no other, though an id may be given again. */
export interface SnapshotKey {
  readonly id: SnapshotId
  readonly sequence: number
  /** Of its directory. */
  readonly inode: string
}

/** A snapshot in the table. */
export interface CountedSnapshot {
  readonly key: SnapshotKey
  /** Names of all that is not a directory. */
  readonly names: number
  readonly directories: number
  /** Blocks of 512 bytes that its directories take, which it shares with none. */
  readonly directoryBlocks: number
  /** Directories that could not be listed. */
  readonly closed: number
}

/** Directory of a snapshot in which the source is. */
const TREE = 'tree'

export class SpaceTable {
  readonly snapshots: CountedSnapshot[] = []
  /** Paths below a snapshot, as bytes. */
  readonly directories: string[] = []
  readonly inodes: (number | bigint)[] = []
  readonly links: number[] = []
  readonly blocks: number[] = []
  /** Its last run. */
  readonly from: number[] = []
  readonly to: number[] = []
  readonly names: number[] = []
  /** Where it was last seen: the directory by its place above, and the name as bytes. */
  readonly directory: number[] = []
  readonly name: string[] = []
  /** Earlier runs, of those that have some. */
  readonly earlier = new Map<number, Run[]>()
  readonly #placeOf = new Map<number | bigint, number>()
  readonly #directoryOf = new Map<string, number>()
  /** Names in the snapshot that is being read. */
  readonly #now: number[] = []
  #seen: number[] = []

  get size(): number {
    return this.inodes.length
  }

  /** The place of a directory; the same path has the same. */
  placeOfDirectory(path: string): number {
    const known = this.#directoryOf.get(path)
    if (known !== undefined) return known
    const place = this.directories.push(path) - 1
    this.#directoryOf.set(path, place)
    return place
  }

  /** A name of the snapshot that is being read. */
  see({ inode, links, blocks }: Look, directory: number, name: string): void {
    const known = this.#placeOf.get(inode)
    const place = known ?? this.add(inode)
    this.links[place] = links
    this.blocks[place] = blocks
    this.directory[place] = directory
    this.name[place] = name
    const names = this.#now[place] ?? 0
    if (names === 0) this.#seen.push(place)
    this.#now[place] = names + 1
  }

  /** The snapshot was read to its end. It is the newest so far. */
  end(snapshot: CountedSnapshot): void {
    const number = this.snapshots.push(snapshot) - 1
    for (const place of this.#seen) {
      this.#extend(place, number, this.#now[place] ?? 0)
      this.#now[place] = 0
    }
    this.#seen = []
  }

  /** Whether a file is of the source, and not what is kept beside it. */
  isOfSource(place: number): boolean {
    const path = this.directories[this.directory[place] ?? 0] ?? ''
    return path === TREE || path.startsWith(`${TREE}/`)
  }

  /** Where a file of the source was last seen, below the source; as bytes. */
  pathOf(place: number): string {
    const directory = this.directories[this.directory[place] ?? 0] ?? ''
    return `${directory}/${this.name[place] ?? ''}`.slice(TREE.length + 1)
  }

  /** All the runs of a file, in the order of time. */
  runsOf(place: number): readonly Run[] {
    const last = this.#lastRun(place)
    return last.names === 0 ? [] : [...(this.earlier.get(place) ?? []), last]
  }

  /** Names that a file has in the series. */
  namesOf(place: number): number {
    const { from, to, names } = this.#lastRun(place)
    const last = names * (to - from + 1)
    const earlier = this.earlier.get(place)
    return earlier === undefined ? last : last + earlier.reduce((sum, run) => sum + sizeOf(run), 0)
  }

  /** The same without some snapshots, and without what was in these alone. */
  without(isGone: (snapshot: CountedSnapshot) => boolean): SpaceTable {
    const table = new SpaceTable()
    const numbers = this.snapshots.map((snapshot) =>
      isGone(snapshot) ? undefined : table.snapshots.push(snapshot) - 1,
    )
    this.directories.forEach((path) => table.placeOfDirectory(path))
    for (let place = 0; place < this.size; place += 1) {
      const runs = this.runsOf(place).flatMap((run) => runWithout(run, numbers))
      const last = runs.at(-1)
      if (last === undefined) continue
      const added = table.add(this.inodes[place] ?? 0)
      table.links[added] = this.links[place] ?? 0
      table.blocks[added] = this.blocks[place] ?? 0
      table.directory[added] = this.directory[place] ?? 0
      table.name[added] = this.name[place] ?? ''
      table.setRuns(added, joined(runs))
    }
    return table
  }

  /** A file that is in no snapshot yet. @returns its place */
  add(inode: number | bigint): number {
    const place = this.inodes.push(inode) - 1
    this.#placeOf.set(inode, place)
    this.from.push(0)
    this.to.push(0)
    this.names.push(0)
    this.links.push(0)
    this.blocks.push(0)
    this.directory.push(0)
    this.name.push('')
    return place
  }

  setRuns(place: number, runs: readonly Run[]): void {
    const last = runs.at(-1)
    if (last === undefined) return
    this.from[place] = last.from
    this.to[place] = last.to
    this.names[place] = last.names
    if (runs.length > 1) this.earlier.set(place, runs.slice(0, -1))
    else this.earlier.delete(place)
  }

  #lastRun(place: number): Run {
    return { from: this.from[place] ?? 0, to: this.to[place] ?? 0, names: this.names[place] ?? 0 }
  }

  #extend(place: number, number: number, names: number): void {
    const last = this.#lastRun(place)
    if (last.names === names && last.to === number - 1) {
      this.to[place] = number
      return
    }
    if (last.names > 0) {
      const earlier = this.earlier.get(place)
      if (earlier === undefined) this.earlier.set(place, [last])
      else earlier.push(last)
    }
    this.from[place] = number
    this.to[place] = number
    this.names[place] = names
  }
}

function sizeOf({ from, to, names }: Run): number {
  return names * (to - from + 1)
}

/** What is left of a run, by the new numbers of snapshots. */
function runWithout({ from, to, names }: Run, numbers: readonly (number | undefined)[]): Run[] {
  const left = numbers.slice(from, to + 1).filter((number) => number !== undefined)
  const [first] = left
  const last = left.at(-1)
  return first === undefined || last === undefined ? [] : [{ from: first, to: last, names }]
}

/** Runs that have come to follow one another are one. */
function joined(runs: readonly Run[]): Run[] {
  const all: Run[] = []
  for (const run of runs) {
    const before = all.at(-1)
    if (before?.names === run.names && before.to === run.from - 1) {
      all[all.length - 1] = { from: before.from, to: run.to, names: run.names }
    } else all.push(run)
  }
  return all
}
