/** The scan held against itself, before anything relies on it. Pure. */
import type { SourceScan } from './source-scan.ts'

/**
 * Makes sure that each entry goes exactly one way: one that goes none would be missing from a snapshot that is called
 * complete.
 * @throws Error a defect
 */
export function checkWays(
  scan: Pick<SourceScan, 'counts' | 'linkCount' | 'suspects' | 'copies' | 'undecided' | 'resumed'>,
): void {
  const { entries, directories } = scan.counts
  const ways = [scan.suspects, scan.copies, scan.undecided, scan.resumed]
  const decided = ways.reduce((sum, paths) => sum + paths.length, scan.linkCount)
  if (decided === entries - directories) return
  throw new Error(`the scan found ${entries - directories} entries and decided about ${decided}`)
}
