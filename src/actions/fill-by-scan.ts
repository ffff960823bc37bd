/**
 * Filling a tree where much is certainly unchanged: that is linked by us, and rsync copies the rest. rsync never
 * sees the links; it writes elsewhere, but for the attributes of directories.
 */
import { setImmediate } from 'node:timers/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import type { LinkOutcome } from '../model/link-block.ts'
import { showLife } from '../model/sign-of-life.ts'
import { moveIntoTree } from '../repository/fill-tree.ts'
import type { LinkCrew } from '../repository/link-crew.ts'
import { linkBlocks } from '../repository/link-blocks.ts'
import { makeDirectory } from '../repository/make-directory.ts'
import { RsyncLog } from '../repository/rsync-log.ts'
import { emptySummary, type TransferSummary } from '../rsync/transfer-summary.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import { unreadableProblem } from '../scan/unreadable-problem.ts'
import { throwIfInterrupted } from './interruption.ts'
import { prepareBases } from './prepare-bases.ts'
import { listedInput, type Pass, type PassResult, runPass } from './run-pass.ts'
import type { CommonOptions, Filled, TreeTransfer } from './transfer.ts'

/** What of a scan is to be done. */
export type FillPlan = Pick<
  SourceScan,
  | 'directories'
  | 'resumed'
  | 'linkCount'
  | 'linkedCount'
  | 'refused'
  | 'refusal'
  | 'moves'
  | 'suspects'
  | 'provenSame'
  | 'copies'
  | 'sizes'
  | 'undecided'
  | 'unreadable'
  | 'counts'
  | 'toLink'
  | 'twinsOf'
>

/**
 * What was linked during the scan is in the tree already, so rsync copies into a directory of its own, from which the
 * copies are moved into the tree. The attributes of directories come last, since every name changes the time of its
 * directory.
 */
export async function fillByScan(
  run: TreeTransfer,
  common: CommonOptions,
  scan: FillPlan,
  crew: LinkCrew,
): Promise<Filled> {
  const { staged, signal, progress } = run
  const summary: TransferSummary = { ...emptySummary(), ...scan.counts }
  const log = new RsyncLog(staged.log)
  const toCopy = [...scan.resumed, ...scan.copies, ...scan.undecided]
  const toLink = scan.linkCount - scan.linkedCount - scan.refused.length
  progress.plan({
    compare: { entries: scan.suspects.length, bytes: scan.sizes.suspects },
    copy: { entries: toCopy.length, bytes: scan.sizes.copies },
    link: { entries: toLink, bytes: 0 },
    finish: { entries: scan.counts.entries, bytes: 0 },
  })
  showLife('compare')
  const prepared = await prepareBases(run, common, scan, { log, summary })
  if (prepared.kind === 'too-many-links') return prepared
  showLife('copy')
  const { compared } = prepared
  const passes = compared === undefined ? [] : [compared]
  if (toCopy.length > 0) {
    const pass = await copyListed(run, common, toCopy, {
      bases: [...prepared.bases, ...(scan.undecided.length > 0 ? common.bases : [])],
      log,
      summary,
    })
    if (pass.kind === 'too-many-links') return pass
    passes.push(pass)
  }
  showLife('link')
  const linking = await linkTheRest(run, crew, scan)
  summary.linkedEntries = linking.linked
  await crew.makeDirectories(scan.directories, signal)
  throwIfInterrupted(signal)
  if (toCopy.length > 0) await moveIntoTree(staged.copied, staged.tree, toCopy, signal)
  if (compared !== undefined) {
    await moveIntoTree(staged.checked, staged.tree, scan.suspects, signal)
  }
  const warnings = [...prepared.warnings]
  if (linking.refused.length > 0) {
    // Names of one file must not come apart: those that were linked are copied with those that were not.
    const copied = [...new Set([...linking.refused, ...scan.twinsOf(linking.refused)])]
    const pass = await copyListed(run, common, copied, { bases: [], log, summary })
    if (pass.kind === 'too-many-links') return pass
    await moveIntoTree(staged.copied, staged.tree, copied, signal)
    passes.push(pass)
    takeBackLinks(summary, scan, copied, linking.refused.length)
    warnings.push(
      `${copied.length} unchanged files were copied, since they could not be linked (${linking.reason ?? 'unknown'}).`,
    )
  }
  throwIfInterrupted(signal)
  progress.at('finish', { entries: 0, bytes: 0 })
  passes.push(await finishDirectories(run, common, scan.directories, { log, summary }))
  const unreadable = scan.unreadable.map(unreadableProblem)
  return {
    kind: 'filled',
    result: {
      problems: [...unreadable, ...passes.flatMap(({ problems }) => problems)],
      problemCount: passes.reduce((sum, pass) => sum + pass.problemCount, unreadable.length),
      exitCode: Math.max(...passes.map(({ exitCode }) => exitCode)),
      summary,
      warnings: [...warnings, ...passes.flatMap(({ basisWarnings }) => basisWarnings)],
      log,
      engine: 'scan',
    },
  }
}

/** Links what the scan had to wait with. @returns what came of all links, those of the scan included */
async function linkTheRest(
  { signal, progress }: TreeTransfer,
  crew: LinkCrew,
  scan: FillPlan,
): Promise<Pick<LinkOutcome, 'linked' | 'refused' | 'reason'>> {
  let added = 0
  for (const block of linkBlocks(scan.toLink())) {
    crew.add(block)
    added += block.names.length
    progress.at('link', { entries: added, bytes: 0 })
    await setImmediate()
    throwIfInterrupted(signal)
  }
  const late = await crew.settle()
  throwIfInterrupted(signal)
  const linked = scan.linkedCount + late.linked
  // What lies there is not what was stored: copied like what cannot be linked.
  const refused = [...scan.refused, ...late.refused, ...late.altered]
  if (linked + refused.length !== scan.linkCount) {
    throw new Error(`${scan.linkCount} entries were to be linked, and ${linked} were`)
  }
  const altered = late.altered.length > 0 ? 'altered in the repository' : undefined
  return { linked, refused, reason: scan.refusal ?? late.reason ?? altered }
}

/** Counts as copied what was planned or made as a link. @param neverLinked how many of them */
function takeBackLinks(
  summary: TransferSummary,
  { moves }: FillPlan,
  copied: readonly string[],
  neverLinked: number,
): void {
  summary.linkedEntries = (summary.linkedEntries ?? 0) - (copied.length - neverLinked)
  const paths = new Set(copied)
  const notMoved = moves.filter(({ path }) => paths.has(path)).length
  if (notMoved > 0) summary.movedEntries = (summary.movedEntries ?? 0) - notMoved
}

/** Gives the directories of a filled tree the attributes they have in the source. */
async function finishDirectories(
  run: TreeTransfer,
  common: CommonOptions,
  directories: readonly string[],
  collected: { readonly log: RsyncLog; readonly summary: TransferSummary },
): Promise<PassResult & { readonly kind: 'usable' }> {
  const { staged, signal } = run
  const pass = await runPass({
    request: {
      ...common,
      destination: staged.tree,
      bases: [],
      // The list brings the source itself with it. An empty one must name it, but nothing that is in it.
      filters: directories.length === 0 ? ['- *'] : [],
      scope: 'listed-directories',
    },
    input: listedInput(directories.length === 0 ? ['.'] : directories),
    signal,
    ...collected,
    counts: 'nothing',
  })
  if (pass.kind === 'usable') return pass
  // Directories have no links of their own; something else is wrong with the disk.
  throw new SnapfsError('RSYNC_FAILED', `rsync could not finish the directories: ${pass.message}`, {
    hint: 'Nothing was published; earlier snapshots are untouched.',
  })
}

/** Copies into a directory of its own what is listed: rsync writes nothing into a tree that holds links. */
async function copyListed(
  run: TreeTransfer,
  common: CommonOptions,
  paths: readonly string[],
  { bases, ...collected }: { readonly bases: readonly string[] } & Pick<Pass, 'log' | 'summary'>,
): Promise<PassResult> {
  const { staged, signal, progress } = run
  await makeDirectory(staged.copied)
  return runPass({
    // The scan has applied the filters; a list needs none.
    request: { ...common, destination: staged.copied, bases, filters: [], scope: 'listed' },
    input: listedInput(paths),
    signal,
    ...collected,
    counts: 'changes',
    onProgress: (line) =>
      progress.at('copy', { entries: line.checkedEntries, bytes: line.transferredBytes }),
  })
}
