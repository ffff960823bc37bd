/** What snapshots hold on the disk, from the table of their files. Pure. */
import type { CountedSnapshot, Run, SpaceTable } from './space-table.ts'

/** In bytes on the disk. */
export interface SnapshotSpace {
  readonly snapshot: CountedSnapshot
  /** All that is in it. */
  readonly totalBytes: number
  /** Of that what removing it alone would free. */
  readonly aloneBytes: number
  /** The rest: it is in other snapshots, too, or has a name elsewhere. */
  readonly sharedBytes: number
  /** What is in no snapshot before it. */
  readonly addedBytes: number
}

export interface SpaceSums {
  /** By the number of the snapshot in the table. */
  readonly snapshots: readonly SnapshotSpace[]
  /** What all of them hold together. */
  readonly totalBytes: number
  /** Of that what would stay if all were removed, since it has names elsewhere. */
  readonly elsewhereBytes: number
}

/** The unit of `st_blocks`, whatever the disk's own blocks are: stat(2). */
const BLOCK_BYTES = 512

export function sumSpace(table: SpaceTable): SpaceSums {
  const count = table.snapshots.length
  // Of each stretch of snapshots that hold a file, where it begins and where it has ended; summed up below.
  const changes = new Float64Array(count + 1)
  const alone = new Float64Array(count)
  const added = new Float64Array(count)
  let total = 0
  let elsewhere = 0
  for (let place = 0; place < table.size; place += 1) {
    const blocks = table.blocks[place] ?? 0
    const runs = table.runsOf(place)
    const [first] = runs
    if (first === undefined) continue
    total += blocks
    if (isHeldElsewhere(table, place)) elsewhere += blocks
    else if (runs.length === 1 && first.from === first.to) add(alone, first.from, blocks)
    add(added, first.from, blocks)
    for (const { from, to } of runs) {
      add(changes, from, blocks)
      add(changes, to + 1, -blocks)
    }
  }
  let held = 0
  const snapshots = table.snapshots.map((snapshot, number): SnapshotSpace => {
    const { directoryBlocks } = snapshot
    held += changes[number] ?? 0
    total += directoryBlocks
    const aloneBlocks = (alone[number] ?? 0) + directoryBlocks
    return {
      snapshot,
      totalBytes: (held + directoryBlocks) * BLOCK_BYTES,
      aloneBytes: aloneBlocks * BLOCK_BYTES,
      sharedBytes: (held + directoryBlocks - aloneBlocks) * BLOCK_BYTES,
      addedBytes: ((added[number] ?? 0) + directoryBlocks) * BLOCK_BYTES,
    }
  })
  return { snapshots, totalBytes: total * BLOCK_BYTES, elsewhereBytes: elsewhere * BLOCK_BYTES }
}

/** What would be free on the disk if some snapshots were removed, in bytes. A file goes with the last of its names. */
export function freedBytes(table: SpaceTable, removed: ReadonlySet<number>): number {
  // Of the snapshots before each how many are removed.
  const removedBefore = [0]
  table.snapshots.forEach((_snapshot, number) => {
    removedBefore.push((removedBefore[number] ?? 0) + (removed.has(number) ? 1 : 0))
  })
  const removedIn = ({ from, to }: Omit<Run, 'names'>): number =>
    (removedBefore[to + 1] ?? 0) - (removedBefore[from] ?? 0)
  let blocks = 0
  for (let place = 0; place < table.size; place += 1) {
    const from = table.from[place] ?? 0
    const to = table.to[place] ?? 0
    // Most of what stays is in the last run of its file.
    if (removedIn({ from, to }) !== to - from + 1) continue
    const names = table.runsOf(place).reduce((sum, run) => sum + run.names * removedIn(run), 0)
    if (names === table.links[place]) blocks += table.blocks[place] ?? 0
  }
  for (const number of removed) blocks += table.snapshots[number]?.directoryBlocks ?? 0
  return blocks * BLOCK_BYTES
}

function add(sums: Float64Array, at: number, blocks: number): void {
  sums[at] = (sums[at] ?? 0) + blocks
}

function isHeldElsewhere(table: SpaceTable, place: number): boolean {
  return (table.links[place] ?? 0) > table.namesOf(place)
}
