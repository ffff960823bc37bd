/**
 * Making sure of what is not certain, before the tree is filled. It lies in directories of their own afterwards: what
 * was compared as it is to be stored, linked or copied; and what is taken from interrupted runs. Never a second pass
 * over the staged tree, whose inodes are shared by then.
 */
import { mkdir } from 'node:fs/promises'
import { makeCheckpoint } from '../repository/checkpoint.ts'
import { linkForComparison } from '../repository/fill-tree.ts'
import { removeLeftovers } from '../repository/leftovers.ts'
import { escapeAsRsync } from '../rsync/output-line.ts'
import type { TransferSummary } from '../rsync/transfer-summary.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import type { Work } from './backup-progress.ts'
import { listedInput, type Pass, type PassResult, runPass } from './run-pass.ts'
import type { CommonOptions, TreeTransfer } from './transfer.ts'

type Usable = PassResult & { readonly kind: 'usable' }
type TooManyLinks = PassResult & { readonly kind: 'too-many-links' }

export type Prepared =
  | {
      readonly kind: 'prepared'
      /** What came of the comparison; all of it lies in `checked/`. Undefined: there was nothing to compare. */
      readonly compared: Usable | undefined
      /** Directories whose entries are right but for their attributes, for the filling run to link to. */
      readonly bases: readonly string[]
      /** Sentences. */
      readonly warnings: readonly string[]
    }
  | TooManyLinks

export async function prepareBases(
  run: TreeTransfer,
  common: CommonOptions,
  scan: Pick<SourceScan, 'suspects' | 'resumed' | 'provenSame' | 'sizes' | 'moves'>,
  collected: Pick<Pass, 'log' | 'summary'>,
): Promise<Prepared> {
  const { staged, leftovers, progress } = run
  const attempts = leftovers.flatMap(({ trees }) => trees)
  const moved = await linkMoved(run, scan.moves)
  const watch = comparison(scan, moved.paths, collected.summary)
  const compared = await runListed(
    run,
    scan.suspects,
    {
      ...collected,
      onCopied: watch.onCopied,
      // rsync says nothing until it has read everything on both sides.
      ...(progress.isWatched
        ? { onRead: (bytes) => progress.at('compare', shareOf(scan, bytes / 2)) }
        : {}),
    },
    {
      ...common,
      destination: staged.checked,
      // rsync looks for each file in one after the other. What looks moved is in no other, so where that is most of it
      // comes first, and else before the last ones: rsync takes so many.
      bases:
        moved.paths.size > scan.suspects.length / 2
          ? [...moved.bases, ...common.bases, ...attempts]
          : [...common.bases, ...moved.bases, ...attempts],
      scope: 'listed-by-content',
    },
  )
  if (compared?.kind === 'too-many-links') return compared
  // Their content is right for certain. rsync looks at their owners, ACLs and xattrs.
  const taken = await runListed(run, scan.resumed, collected, {
    ...common,
    destination: staged.resumed,
    bases: attempts,
    scope: 'listed',
  })
  if (taken?.kind === 'too-many-links') return taken
  await endAttempts(run)
  return {
    kind: 'prepared',
    compared,
    bases: taken === undefined ? [] : [staged.resumed],
    warnings: watch.warnings(),
  }
}

/** Takes note of what a comparison by content copied. @param moved in rsync's escaping: what may have been moved */
export function comparison(
  { provenSame, moves }: Pick<SourceScan, 'provenSame' | 'moves'>,
  moved: ReadonlySet<string>,
  summary: TransferSummary,
): {
  readonly onCopied: NonNullable<Pass['onCopied']>
  readonly warnings: () => readonly string[]
} {
  const proven = new Set([...provenSame].map(escapeAsRsync))
  const contradictions: string[] = []
  if (moves.length > 0) summary.movedEntries = moves.length
  return {
    onCopied: ({ name }) => {
      if (proven.has(name)) contradictions.push(name)
      if (moved.has(name)) summary.movedEntries = (summary.movedEntries ?? 0) - 1
    },
    warnings: () => contradictionWarnings(contradictions),
  }
}

/** Puts what may have another name now where rsync looks for it: under that name. */
export async function linkMoved(
  { staged, signal }: TreeTransfer,
  moves: SourceScan['moves'],
): Promise<{ readonly bases: readonly string[]; readonly paths: ReadonlySet<string> }> {
  const compared = moves.filter(({ proof }) => proof === 'content')
  if (compared.length === 0) return { bases: [], paths: new Set() }
  await linkForComparison(staged.moved, compared, signal)
  const paths = new Set(compared.map(({ path }) => escapeAsRsync(path)))
  return { bases: [staged.moved], paths }
}

/** How many of the files are compared when so many bytes are, if all were of one size. */
function shareOf({ suspects, sizes }: Pick<SourceScan, 'suspects' | 'sizes'>, bytes: number): Work {
  return { bytes, entries: Math.floor((suspects.length * bytes) / Math.max(1, sizes.suspects)) }
}

/** Removes the interrupted runs, when what was taken from them is as safe as it was with them. */
export async function endAttempts({
  staged,
  leftovers,
}: Pick<TreeTransfer, 'staged' | 'leftovers'>): Promise<void> {
  if (leftovers.length === 0) return
  await makeCheckpoint(staged)
  await removeLeftovers(leftovers)
}

async function runListed(
  run: TreeTransfer,
  paths: readonly string[],
  collected: Pick<Pass, 'log' | 'summary' | 'onCopied' | 'onRead'>,
  request: Pass['request'],
): Promise<PassResult | undefined> {
  if (paths.length === 0) return undefined
  await mkdir(request.destination, { mode: 0o700 })
  return runPass({
    request: { ...request, filters: [] },
    input: listedInput(paths),
    signal: run.signal,
    ...collected,
    counts: 'changes',
  })
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
