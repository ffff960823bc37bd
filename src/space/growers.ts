/** Where a series grows: the paths whose new versions took most space. Pure. */
import type { SpaceTable } from './space-table.ts'

export interface Grower {
  /** Below the source, as bytes; empty for the source itself. */
  readonly path: string
  readonly isDirectory: boolean
  /** On the disk. Of a directory what no other grower below it has. */
  readonly bytes: number
  /** New files and new versions of files. */
  readonly versions: number
}

const BLOCK_BYTES = 512
/** What is below a twentieth of all is told with the directory it is in. */
const LEAST_SHARE = 1 / 20
interface Sum {
  blocks: number
  versions: number
}

/**
 * What came after the oldest snapshot, by path, the largest first. A path with a good part of it stands for itself; all else counts
 * for the nearest directory that has a good part of it in turn, and in the end for the source. So the sum is all that came.
 */
export function largestGrowers(table: SpaceTable): readonly Grower[] {
  const files = new Map<string, Sum>()
  let all = 0
  for (let place = 0; place < table.size; place += 1) {
    const first = (table.earlier.get(place)?.[0] ?? { from: table.from[place] ?? 0 }).from
    if (first === 0 || !table.isOfSource(place)) continue
    const blocks = table.blocks[place] ?? 0
    add(files, table.pathOf(place), { blocks, versions: 1 })
    all += blocks
  }
  const least = Math.max(all * LEAST_SHARE, 1)
  const growers: Grower[] = []
  let level = files
  for (let isFiles = true; level.size > 0; isFiles = false) {
    level = report(level, least, isFiles, growers)
  }
  return growers.toSorted((one, other) => other.bytes - one.bytes)
}

/**
 * Reports what is large enough of the deepest paths, and hands the rest up.
 * @returns the directories above
 */
function report(
  sums: ReadonlyMap<string, Sum>,
  least: number,
  isFiles: boolean,
  growers: Grower[],
): Map<string, Sum> {
  const deepest = isFiles ? undefined : Math.max(...[...sums.keys()].map(depthOf))
  const above = new Map<string, Sum>()
  for (const [path, sum] of sums) {
    // A directory is decided when all that is below it is.
    if (deepest !== undefined && depthOf(path) < deepest) {
      add(above, path, sum)
      continue
    }
    if (sum.blocks >= least || (path === '' && sum.versions > 0)) {
      const { blocks, versions } = sum
      growers.push({ path, isDirectory: !isFiles, bytes: blocks * BLOCK_BYTES, versions })
    } else if (path !== '') add(above, path.slice(0, Math.max(path.lastIndexOf('/'), 0)), sum)
  }
  return above
}

function add(sums: Map<string, Sum>, path: string, { blocks, versions }: Sum): void {
  const known = sums.get(path)
  if (known === undefined) sums.set(path, { blocks, versions })
  else {
    known.blocks += blocks
    known.versions += versions
  }
}

function depthOf(path: string): number {
  return path === '' ? 0 : path.split('/').length
}
