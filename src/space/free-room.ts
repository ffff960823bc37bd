/**
 * Which snapshots to remove so that so much is free, and the least history is lost: the fewest versions of files, and the
 * fewest snapshots. Pure.
 *
 * A file goes when all snapshots that have it do, so it takes stretches of snapshots to free what several share. The stretch that
 * frees most for what it loses is taken, over and over, until there is enough; what then proves unnecessary is given back.
 * That is not always the least there could be, which takes too long to find.
 */
import { freedBytes } from './space-sums.ts'
import type { SpaceTable } from './space-table.ts'

export type Freeing =
  | {
      readonly kind: 'enough'
      /** Numbers of snapshots in the table, those that were to go anyhow among them. */
      readonly removed: ReadonlySet<number>
      readonly freedBytes: number
    }
  /** All that may go would not do. */
  | { readonly kind: 'too little'; readonly freedBytes: number }

/** Of snapshots that are removed together; longer stretches are found step by step. */
const LONGEST_STRETCH = 64

/**
 * @param going are removed anyhow
 * @param removable may be removed, too
 * @param goalBytes to be free afterwards in addition to what is
 */
export function planFreeing(
  table: SpaceTable,
  going: ReadonlySet<number>,
  removable: ReadonlySet<number>,
  goalBytes: number,
): Freeing {
  const most = freedBytes(table, new Set([...going, ...removable]))
  if (most < goalBytes) return { kind: 'too little', freedBytes: most }
  const removed = new Set(going)
  const files = freeableFiles(table)
  let freed = freedBytes(table, removed)
  while (freed < goalBytes) {
    const stretch = bestStretch({ table, files, removed, removable }, goalBytes - freed)
    stretch.forEach((number) => removed.add(number))
    freed = freedBytes(table, removed)
  }
  for (const number of [...removed].filter((one) => !going.has(one))) {
    removed.delete(number)
    const without = freedBytes(table, removed)
    if (without >= goalBytes) freed = without
    else removed.add(number)
  }
  return { kind: 'enough', removed, freedBytes: freed }
}

/** Versions of files of the source that are in some snapshots and nowhere else. */
export function lostFiles(table: SpaceTable, removed: ReadonlySet<number>): number {
  const isGone = (place: number): boolean =>
    table.runsOf(place).every(({ from, to }) => {
      for (let number = from; number <= to; number += 1) if (!removed.has(number)) return false
      return true
    })
  return freeableFiles(table).filter((place) => table.isOfSource(place) && isGone(place)).length
}

/** Those that have no name outside of the table. */
function freeableFiles(table: SpaceTable): number[] {
  const places: number[] = []
  for (let place = 0; place < table.size; place += 1) {
    if (table.namesOf(place) === table.links[place]) places.push(place)
  }
  return places
}

interface Choice {
  readonly table: SpaceTable
  readonly files: readonly number[]
  readonly removed: ReadonlySet<number>
  readonly removable: ReadonlySet<number>
}

/** Of the snapshots that are left; never empty as long as one may be removed. */
function bestStretch(choice: Choice, neededBytes: number): readonly number[] {
  const { table, removed, removable } = choice
  const left = [...table.snapshots.keys()].filter((number) => !removed.has(number))
  const sums = stretchSums(choice, left)
  let best: { readonly value: number; readonly numbers: readonly number[] } | undefined
  for (let first = 0; first < left.length; first += 1) {
    for (let length = 1; length <= LONGEST_STRETCH && first + length <= left.length; length += 1) {
      if (!removable.has(left[first + length - 1] ?? -1)) break
      const at = first * LONGEST_STRETCH + length - 1
      const bytes = Math.min((sums.blocks[at] ?? 0) * 512, neededBytes)
      // A snapshot without anything of its own is a point in time all the same.
      const value = bytes / ((sums.files[at] ?? 0) + length)
      if (best !== undefined && value <= best.value) continue
      best = { value, numbers: left.slice(first, first + length) }
    }
  }
  return best?.numbers ?? []
}

interface StretchSums {
  /** By the place of the first snapshot and the length of the stretch. */
  readonly blocks: Float64Array
  readonly files: Float64Array
}

/** What each stretch of the snapshots that are left would free and lose. */
function stretchSums({ table, files }: Choice, left: readonly number[]): StretchSums {
  const size = left.length * LONGEST_STRETCH
  const blocks = new Float64Array(size)
  const counts = new Float64Array(size)
  const note = (first: number, last: number, more: number, count: number): void => {
    const length = last - first
    if (length >= LONGEST_STRETCH) return
    const at = first * LONGEST_STRETCH + length
    blocks[at] = (blocks[at] ?? 0) + more
    counts[at] = (counts[at] ?? 0) + count
  }
  const firstFrom = placesFrom(table, left)
  for (const place of files) {
    const from = (table.earlier.get(place)?.[0] ?? { from: table.from[place] ?? 0 }).from
    const first = firstFrom[from] ?? left.length
    const last = (firstFrom[(table.to[place] ?? 0) + 1] ?? left.length) - 1
    if (first > last) continue
    note(first, last, table.blocks[place] ?? 0, table.isOfSource(place) ? 1 : 0)
  }
  left.forEach((number, at) => note(at, at, table.snapshots[number]?.directoryBlocks ?? 0, 0))
  // What a stretch frees is what begins and ends in it: that of both that are shorter by one, less what these have in common.
  for (let length = 1; length < LONGEST_STRETCH; length += 1) {
    for (let first = 0; first + length < left.length; first += 1) {
      const at = first * LONGEST_STRETCH + length
      for (const sums of [blocks, counts]) {
        const common = length < 2 ? 0 : (sums[at + LONGEST_STRETCH - 2] ?? 0)
        const shorter = (sums[at - 1] ?? 0) + (sums[at + LONGEST_STRETCH - 1] ?? 0)
        sums[at] = (sums[at] ?? 0) + shorter - common
      }
    }
  }
  return { blocks, files: counts }
}

/** For each snapshot of the table, and the end, how many of those that are left are before it. */
function placesFrom(table: SpaceTable, left: readonly number[]): readonly number[] {
  const isLeft = new Set(left)
  const places = [0]
  table.snapshots.forEach((_snapshot, number) => {
    places.push((places[number] ?? 0) + (isLeft.has(number) ? 1 : 0))
  })
  return places
}
