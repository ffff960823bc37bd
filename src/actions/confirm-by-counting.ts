/**
 * After a tree was filled from another machine, where no scan says what should be in it: whether it holds as much
 * as rsync said the source has, and how much of it is linked.
 */
import { bytePathFromText } from '../model/entry-name.ts'
import { countOf } from '../model/figures.ts'
import { type Problem, PROBLEMS_LIMIT } from '../model/manifest.ts'
import { treeDirectory } from '../repository/layout.ts'
import type { TransferSummary } from '../rsync/transfer-summary.ts'
import { countTree, type TreeCount } from '../scan/count-tree.ts'
import type { Confirmed } from './confirm-transfer.ts'
import { judgeLinkage } from './judge-linkage.ts'
import type { RemoteTransferResult } from './transfer-remote-tree.ts'
import type { TransferTask } from './transfer.ts'

/** Counts the tree, and adds the links to the summary. */
export async function confirmByCounting(
  run: TransferTask,
  transfer: RemoteTransferResult,
): Promise<Confirmed & { readonly warnings: readonly string[] }> {
  const { summary, bases } = transfer
  const count = await countTree(
    bytePathFromText(run.staged.tree),
    bases.map(({ id }) => bytePathFromText(treeDirectory(run.place, id))),
    run.signal,
  )
  summary.linkedEntries = count.linked
  const own = run.signal.aborted ? [] : discrepancies(summary, count, transfer.problemCount)
  return {
    problems: [...transfer.problems, ...own].slice(0, PROBLEMS_LIMIT),
    problemCount: transfer.problemCount + own.length,
    warnings: [
      ...judgeLinkage({
        counts: summary,
        againstBasis: transfer.againstBasis,
        basisFiles: bases[0]?.manifest.counts.files,
      }),
      // What is taken from an interrupted run is linked to that, and not to a snapshot.
      ...(bases.length === 0 || run.leftovers.length > 0 ? [] : unlinkedWarnings(summary, count)),
    ],
  }
}

const KINDS = ['files', 'directories', 'symlinks', 'specials'] as const

/**
 * What a tree lacks, or holds beyond what was listed. Each problem that rsync named may stand for one entry that is
 * not there. Pure.
 */
export function discrepancies(
  listed: Pick<TransferSummary, (typeof KINDS)[number]>,
  stored: TreeCount,
  problemCount: number,
): readonly Problem[] {
  if (stored.closed > 0) return []
  const differences = KINDS.map((kind) => ({ kind, difference: stored[kind] - listed[kind] }))
  const lacking = differences.reduce((sum, { difference }) => sum + Math.max(0, -difference), 0)
  const isWhole = lacking <= problemCount && differences.every(({ difference }) => difference <= 0)
  if (isWhole) return []
  const counts = differences
    .filter(({ difference }) => difference !== 0)
    .map(({ kind }) => `${stored[kind]} of ${listed[kind]} ${kind}`)
  return [
    {
      kind: 'other',
      message: `rsync listed another number of entries than were stored, and did not say why: ${counts.join(', ')}`,
    },
  ]
}

/** rsync copies a file that it cannot link without a word, as where an inode has all the links it may have. Pure. */
export function unlinkedWarnings(
  {
    changedFiles,
    attributeOnlyFiles,
  }: Pick<TransferSummary, 'changedFiles' | 'attributeOnlyFiles'>,
  stored: Pick<TreeCount, 'files' | 'linkedFiles'>,
): readonly string[] {
  const unlinked = stored.files - changedFiles - attributeOnlyFiles - stored.linkedFiles
  if (unlinked <= 0) return []
  return [
    `${countOf(unlinked, 'unchanged file')} had to be stored anew: hard links reached the limit of the file system, or rsync could not link for another reason.`,
  ]
}
