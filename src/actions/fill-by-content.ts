/**
 * Filling a tree where nothing is certain and most of it looks as it did: rsync walks the source, compares all of it by
 * content, and links what is equal. A list of so many paths would cost it more than the comparison, since it reads
 * lists byte by byte (rsync 3.5.0).
 */
import { showLife } from '../model/sign-of-life.ts'
import { RsyncLog } from '../repository/rsync-log.ts'
import { emptySummary } from '../rsync/transfer-summary.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import { comparison, endAttempts, linkMoved } from './prepare-bases.ts'
import type { FillPlan } from './fill-by-scan.ts'
import { runPass } from './run-pass.ts'
import type { CommonOptions, Filled, TreeTransfer } from './transfer.ts'

/** What is new may be one part in so many of what is compared, in bytes. */
const NEW_SHARE = 4

/** Whether that is the way for a scan by which nothing is linked, and no copy is to be made of what could be linked. */
export function isForComparison({
  suspects,
  counts,
  sizes,
  isContested,
  crowded,
}: Pick<SourceScan, 'suspects' | 'counts' | 'sizes' | 'isContested' | 'crowded'>): boolean {
  if (isContested || crowded.size > 0) return false
  // What is new is read for its checksum, and once more to be copied.
  if (sizes.copies * NEW_SHARE > sizes.suspects) return false
  return suspects.length > 0 && suspects.length * 2 >= counts.entries - counts.directories
}

export async function fillByContent(
  run: TreeTransfer,
  common: CommonOptions,
  scan: Pick<FillPlan, 'suspects' | 'provenSame' | 'sizes' | 'counts' | 'moves'>,
): Promise<Filled> {
  const { staged, leftovers, progress } = run
  const summary = emptySummary()
  const log = new RsyncLog(staged.log)
  const entries = scan.counts.entries - scan.counts.directories
  progress.plan({
    compare: { entries, bytes: scan.counts.totalBytes },
    finish: { entries: scan.counts.entries, bytes: 0 },
  })
  showLife('compare')
  const moved = await linkMoved(run, scan.moves)
  const watch = comparison(scan, moved.paths, summary)
  const pass = await runPass({
    request: {
      ...common,
      destination: staged.tree,
      bases: [...moved.bases, ...common.bases, ...leftovers.flatMap(({ trees }) => trees)],
      scope: 'everything-by-content',
    },
    signal: run.signal,
    log,
    summary,
    counts: 'changes and totals',
    onCopied: watch.onCopied,
    onProgress: ({ checkedEntries }) =>
      progress.at('compare', {
        entries: checkedEntries,
        bytes: (scan.counts.totalBytes * checkedEntries) / Math.max(1, entries),
      }),
  })
  if (pass.kind === 'too-many-links') return pass
  await endAttempts(run)
  progress.at('finish', { entries: 0, bytes: 0 })
  const { problems, problemCount, exitCode, basisWarnings } = pass
  const warnings = [...watch.warnings(), ...basisWarnings]
  return {
    kind: 'filled',
    result: { problems, problemCount, exitCode, summary, warnings, log, engine: 'rsync' },
  }
}
