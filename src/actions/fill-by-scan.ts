/**
 * Filling a tree where much is certainly unchanged: that is linked by us, and rsync copies the rest. rsync never
 * sees the links; it is done with the tree before they come into it, but for the attributes of directories.
 */
import { mkdir } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { showLife } from '../model/sign-of-life.ts'
import { linkEntries, makeDirectories, moveIntoTree } from '../repository/fill-tree.ts'
import { RsyncLog } from '../repository/rsync-log.ts'
import { emptySummary, type TransferSummary } from '../rsync/transfer-summary.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import { unreadableProblem } from '../scan/unreadable-problem.ts'
import { throwIfInterrupted } from './interruption.ts'
import { prepareBases } from './prepare-bases.ts'
import { listedInput, type PassResult, runPass } from './run-pass.ts'
import type { CommonOptions, Filled, TreeTransfer } from './transfer.ts'

/**
 * Directories, copies by rsync, then links, then the directories' attributes. In this order, since a link
 * changes the time of its directory, and rsync must be done with a tree before shared inodes come into it.
 */
export async function fillByScan(
  run: TreeTransfer,
  common: CommonOptions,
  scan: SourceScan,
): Promise<Filled> {
  const { staged, signal, progress } = run
  const summary: TransferSummary = { ...emptySummary(), ...scan.counts }
  const log = new RsyncLog(staged.log)
  const toCopy = [...scan.resumed, ...scan.suspects, ...scan.copies, ...scan.undecided]
  progress.plan({
    compare: { entries: scan.suspects.length, bytes: scan.sizes.suspects },
    copy: { entries: toCopy.length, bytes: scan.sizes.copies },
    link: { entries: scan.linkCount, bytes: 0 },
    finish: { entries: scan.counts.entries, bytes: 0 },
  })
  showLife('compare')
  const prepared = await prepareBases(run, common, scan, { log, summary })
  if (prepared.kind === 'too-many-links') return prepared
  showLife('copy')
  await makeDirectories({ tree: staged.tree, signal }, scan.directories)
  throwIfInterrupted(signal)
  const passes: (PassResult & { readonly kind: 'usable' })[] = []
  if (toCopy.length > 0) {
    const pass = await runPass({
      request: {
        ...common,
        destination: staged.tree,
        bases: [...prepared.bases, ...(scan.undecided.length > 0 ? common.bases : [])],
        // The scan has applied them; a list needs none.
        filters: [],
        scope: 'listed',
      },
      input: listedInput(toCopy),
      signal,
      log,
      summary,
      counts: 'changes',
      onProgress: (line) =>
        progress.at('copy', { entries: line.checkedEntries, bytes: line.transferredBytes }),
    })
    if (pass.kind === 'too-many-links') return pass
    passes.push(pass)
  }
  showLife('link')
  const filling = { tree: staged.tree, signal }
  const linking = await linkEntries(filling, scan.linked(), (linked) =>
    progress.at('link', { entries: linked, bytes: 0 }),
  )
  throwIfInterrupted(signal)
  if (linking.linked + linking.refused.length !== scan.linkCount) {
    throw new Error(`${scan.linkCount} entries were to be linked, and ${linking.linked} were`)
  }
  summary.linkedEntries = linking.linked
  const warnings: string[] = []
  if (linking.refused.length > 0) {
    // Names of one file must not come apart: those that were linked are copied with those that were not.
    const copied = [...new Set([...linking.refused, ...scan.twinsOf(linking.refused)])]
    const pass = await copyInstead(run, common, copied, { log, summary })
    if (pass.kind === 'too-many-links') return pass
    passes.push(pass)
    takeBackLinks(summary, scan, copied, linking.refused.length)
    warnings.push(
      `${copied.length} unchanged files were copied, since they could not be linked (${linking.reason ?? 'unknown'}).`,
    )
  }
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

/** Counts as copied what was planned or made as a link. @param neverLinked how many of them */
function takeBackLinks(
  summary: TransferSummary,
  { moves }: SourceScan,
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

/** Copies what could not be linked: into a directory of its own, and from there into the tree. */
async function copyInstead(
  run: TreeTransfer,
  common: CommonOptions,
  paths: readonly string[],
  collected: { readonly log: RsyncLog; readonly summary: TransferSummary },
): Promise<PassResult> {
  const { staged, signal } = run
  await mkdir(staged.copied, { mode: 0o700 })
  const pass = await runPass({
    request: { ...common, destination: staged.copied, bases: [], filters: [], scope: 'listed' },
    input: listedInput(paths),
    signal,
    ...collected,
    counts: 'changes',
  })
  if (pass.kind === 'usable') await moveIntoTree(staged.copied, staged.tree, paths)
  return pass
}
