/**
 * The source as it is now against the source as it was: for each entry whether it is linked from an
 * earlier snapshot, compared with one by content, or copied. Walking and comparing is all that happens
 * here; whoever links is told meanwhile what can be linked.
 *
 * Evidence, strongest first:
 *  1. Remembered state: equal device, inode, ctime, modification time, size and kind. Certain; such an entry
 *     is linked without a byte being read.
 *  2. A copy in a basis with equal size and time but without such proof. rsync would believe it; unpacked
 *     archives whose files all carry one time, and tools that set the time back, make it wrong. It is
 *     compared by content.
 *  3. What has another name than before: see `find-moves.ts`.
 *  4. A copy in a run that was interrupted, from which the source did not change since it was scanned then, and
 *     that is on the disk for certain. Its content is right; whether its attributes are, rsync looks.
 *  5. On file systems whose inode numbers or ctimes prove nothing, rsync's own quick check decides, but for
 *     what has a ctime not older than the basis: that is compared by content.
 */
import { setImmediate } from 'node:timers/promises'
import { checkWays } from './check-ways.ts'
import { ScanInProgress } from './scan-in-progress.ts'
import type { ScanRequest, SourceScan } from './source-scan.ts'
import { walkSource } from './walk-source.ts'

/** So often the event loop gets its turn, for signals and progress. */
const ENTRIES_PER_TURN = 2000

/**
 * Scans a source.
 * @throws the operating system's error when the source itself cannot be read, or when linking fails
 */
export async function scanSource(request: ScanRequest): Promise<SourceScan> {
  const scan = new ScanInProgress(request)
  let sinceTurn = 0
  for (const found of walkSource(request)) {
    if ('repository' in found) {
      scan.repositories.push(found.repository)
      continue
    }
    scan.add(found)
    sinceTurn += found.entries.length + 1
    if (sinceTurn <= ENTRIES_PER_TURN) continue
    sinceTurn = 0
    request.onProgress(scan.counts.entries)
    await setImmediate()
    if (request.signal.aborted) break
  }
  const outcome = await request.linker.settle()
  if (request.signal.aborted) return scan
  scan.settleLinks(outcome)
  scan.settleOlder()
  scan.settleMoves()
  scan.settleGroups()
  checkWays(scan)
  return scan
}
