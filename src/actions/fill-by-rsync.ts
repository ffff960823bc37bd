/** Filling a tree where nothing is certain: rsync walks the source itself. */
import { showLife } from '../model/sign-of-life.ts'
import { RsyncLog } from '../repository/rsync-log.ts'
import type { TransferRequest } from '../rsync/arguments.ts'
import { emptySummary } from '../rsync/transfer-summary.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import { prepareBases } from './prepare-bases.ts'
import { runPass } from './run-pass.ts'
import type { CommonOptions, Filled, TreeTransfer } from './transfer.ts'

/** It walks once more than the scan did, and may find what is new since then. */
export async function fillByRsync(
  run: TreeTransfer,
  common: CommonOptions,
  scan: Pick<
    SourceScan,
    'suspects' | 'resumed' | 'provenSame' | 'undecided' | 'sizes' | 'counts' | 'moves'
  >,
): Promise<Filled> {
  const summary = emptySummary()
  const log = new RsyncLog(run.staged.log)
  run.progress.plan({
    compare: { entries: scan.suspects.length, bytes: scan.sizes.suspects },
    copy: { entries: scan.counts.entries, bytes: scan.sizes.copies },
    finish: { entries: scan.counts.entries, bytes: 0 },
  })
  showLife('compare')
  const prepared = await prepareBases(run, common, scan, { log, summary })
  showLife('copy')
  if (prepared.kind === 'too-many-links') return prepared
  const request: TransferRequest = {
    ...common,
    destination: run.staged.tree,
    bases: [...prepared.bases, ...(scan.undecided.length > 0 ? common.bases : [])],
    scope: 'everything',
  }
  const pass = await runPass({
    request,
    signal: run.signal,
    log,
    summary,
    counts: 'changes and totals',
    onProgress: (line) =>
      run.progress.at('copy', { entries: line.checkedEntries, bytes: line.transferredBytes }),
  })
  if (pass.kind === 'too-many-links') return pass
  run.progress.at('finish', { entries: 0, bytes: 0 })
  const { problems, problemCount, exitCode, basisWarnings } = pass
  const warnings = [...contradictionWarnings(prepared.contradictions), ...basisWarnings]
  return {
    kind: 'filled',
    result: { problems, problemCount, exitCode, summary, warnings, log, engine: 'rsync' },
  }
}

/** How many paths a warning names. */
const NAMED_PATHS = 5

/** Either the source changed behind the back of its file system, or the copy in the repository did. */
function contradictionWarnings(paths: readonly string[]): string[] {
  if (paths.length === 0) return []
  const named = paths.slice(0, NAMED_PATHS).map((path) => `"${path}"`)
  const more = paths.length > NAMED_PATHS ? ` and ${paths.length - NAMED_PATHS} more` : ''
  return [
    `The content of ${named.join(', ')}${more} is not that of the last snapshot, although it was not written since: a disk is failing, of the source or of the repository, or something wrote past the file system. Both contents are kept; compare them.`,
  ]
}
