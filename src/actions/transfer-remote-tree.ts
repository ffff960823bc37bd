/**
 * Copying a source of another machine into a staged tree. There is no scan of it: rsync walks the source itself and
 * links against the bases what looks unchanged by size and time.
 */
import type { RemoteAccess } from '../model/remote-access.ts'
import type { RemoteLocation } from '../model/source-location.ts'
import { probeCapabilities } from '../repository/capabilities.ts'
import { treeDirectory } from '../repository/layout.ts'
import { keepDurable } from '../repository/leftovers.ts'
import { RsyncLog } from '../repository/rsync-log.ts'
import { restageTree } from '../repository/staged-snapshot.ts'
import type { TransferRequest } from '../rsync/arguments.ts'
import { probeXattrs } from '../rsync/probe-xattrs.ts'
import { comparisonOf } from '../rsync/output-line.ts'
import { emptySummary } from '../rsync/transfer-summary.ts'
import type { BasisComparison } from '../scan/source-scan.ts'
import { chooseBases } from './choose-bases.ts'
import { endAttempts } from './prepare-bases.ts'
import { remoteRequest } from './remote-request.ts'
import { knownOf, type Pass, runPass } from './run-pass.ts'
import type { CopyResult, Filled, TransferTask } from './transfer.ts'
import { lostHardLinks } from './transfer-tree.ts'

export interface RemoteTransferResult extends CopyResult {
  readonly againstBasis: BasisComparison
}

/** @throws SnapfsError when the tree cannot be published; the staged directory is the caller's to remove */
export async function transferRemoteTree(
  run: TransferTask,
  location: RemoteLocation,
  access: RemoteAccess,
): Promise<RemoteTransferResult> {
  const { place, staged, rsync } = run
  const capabilities = await probeCapabilities(staged.directory, run.asRoot)
  if (!capabilities.hardLinks) throw lostHardLinks(place.repository)
  const xattrs = rsync.xattrs && (await probeXattrs(staged.directory, run.signal, run.stallMs))
  const bases = chooseBases(run.snapshots)
  const attempts = await keepDurable(run.leftovers)
  const request = remoteRequest(run, location, access, {
    destination: staged.tree,
    // First the interrupted runs: a part of a file in them is worth more than an old version of it.
    bases: [
      ...attempts.flatMap(({ trees }) => trees),
      ...bases.map((basis) => treeDirectory(place, basis.id)),
    ],
    keeps: { nanoseconds: capabilities.nanoseconds, xattrs },
  })
  const againstBasis = { alike: 0, otherTime: 0, otherSize: 0, absent: 0 }
  const always = {
    filters: request.filters,
    againstBasis,
    notes: xattrs ? [] : ['Extended attributes and access control lists were not stored.'],
  }
  const filled = await fill(run, request, ({ code }) => (againstBasis[comparisonOf(code)] += 1))
  await endAttempts(run)
  if (filled.kind === 'filled') return { ...filled.result, ...always, bases }
  // The inode of a hard-linked group is full. A fresh tree without a basis starts a new inode for it.
  await restageTree(staged)
  const copied = await fill(run, { ...request, bases: [] }, () => undefined)
  if (copied.kind !== 'filled') throw new Error(`links to spare, yet: ${copied.message}`)
  const warning = `Hard links reached the limit of the file system, so everything was copied anew: ${filled.message}`
  const { result } = copied
  return { ...result, ...always, warnings: [...result.warnings, warning], bases: [] }
}

async function fill(
  { staged, signal, progress }: TransferTask,
  request: TransferRequest,
  onCopied: NonNullable<Pass['onCopied']>,
): Promise<Filled> {
  const summary = emptySummary()
  const log = new RsyncLog(staged.log)
  const counts = 'changes and totals'
  const pass = await runPass({
    request,
    signal,
    log,
    summary,
    counts,
    onCopied,
    onProgress: (line) =>
      progress.copied(line.checkedEntries, knownOf(line), line.transferredBytes),
  })
  if (pass.kind === 'too-many-links') return pass
  const { problems, problemCount, exitCode, basisWarnings: warnings } = pass
  return {
    kind: 'filled',
    result: { problems, problemCount, exitCode, summary, warnings, log, engine: 'rsync' },
  }
}
