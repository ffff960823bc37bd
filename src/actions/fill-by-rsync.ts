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
    bases: [
      // What was compared here, and could not be read, this run cannot read either, and says so.
      ...(prepared.compared === undefined ? [] : [run.staged.checked]),
      ...prepared.bases,
      ...(scan.undecided.length > 0 ? common.bases : []),
    ],
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
  const warnings = [...prepared.warnings, ...basisWarnings]
  return {
    kind: 'filled',
    result: { problems, problemCount, exitCode, summary, warnings, log, engine: 'rsync' },
  }
}
