/**
 * Making sure of what is not certain, before the tree is filled. Whatever is found right lies in a directory of its
 * own afterwards, to which the filling run may link without looking: its bases. Never a second pass over the staged
 * tree, whose inodes are shared by then.
 */
import { mkdir } from 'node:fs/promises'
import { makeCheckpoint } from '../repository/checkpoint.ts'
import { linkForComparison } from '../repository/fill-tree.ts'
import { removeLeftovers } from '../repository/leftovers.ts'
import { escapeAsRsync } from '../rsync/output-line.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import type { Work } from './backup-progress.ts'
import { listedInput, type Pass, type PassResult, runPass } from './run-pass.ts'
import type { CommonOptions, TreeTransfer } from './transfer.ts'

type TooManyLinks = PassResult & { readonly kind: 'too-many-links' }
type Listed = { readonly kind: 'prepared'; readonly bases: readonly string[] } | TooManyLinks

export type Prepared =
  | {
      readonly kind: 'prepared'
      /** Directories for the filling run to link to. */
      readonly bases: readonly string[]
      /** Paths, in rsync's escaping, whose content changed although nothing says that they were written. */
      readonly contradictions: readonly string[]
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
  const proven = new Set([...scan.provenSame].map(escapeAsRsync))
  const contradictions: string[] = []
  const { summary } = collected
  const moved = await linkMoved(run, scan.moves)
  if (scan.moves.length > 0) summary.movedEntries = scan.moves.length
  const compared = await runListed(
    run,
    scan.suspects,
    {
      ...collected,
      onCopied: ({ name }) => {
        if (proven.has(name)) contradictions.push(name)
        if (moved.paths.has(name)) summary.movedEntries = (summary.movedEntries ?? 0) - 1
      },
      // rsync says nothing until it has read everything on both sides.
      ...(progress.isWatched
        ? { onRead: (bytes) => progress.at('compare', shareOf(scan, bytes / 2)) }
        : {}),
    },
    {
      ...common,
      destination: staged.checked,
      // rsync takes so many; what looks moved is in no other, so it comes before the last of them.
      bases: [...common.bases, ...moved.bases, ...attempts],
      scope: 'listed-by-content',
    },
  )
  if (compared.kind === 'too-many-links') return compared
  // Their content is right for certain. rsync looks at their owners, ACLs and xattrs.
  const taken = await runListed(run, scan.resumed, collected, {
    ...common,
    destination: staged.resumed,
    bases: attempts,
    scope: 'listed',
  })
  if (taken.kind === 'too-many-links') return taken
  await endAttempts(run)
  return { kind: 'prepared', bases: [...compared.bases, ...taken.bases], contradictions }
}

/** Puts what may have another name now where rsync looks for it: under that name. */
async function linkMoved(
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

/** What could not be read here cannot be read by the filling run either, which reports it. */
async function runListed(
  run: TreeTransfer,
  paths: readonly string[],
  collected: Pick<Pass, 'log' | 'summary' | 'onCopied' | 'onRead'>,
  request: Pass['request'],
): Promise<Listed> {
  if (paths.length === 0) return { kind: 'prepared', bases: [] }
  await mkdir(request.destination, { mode: 0o700 })
  const pass = await runPass({
    request: { ...request, filters: [] },
    input: listedInput(paths),
    signal: run.signal,
    ...collected,
    // What changed is copied here; the filling run only links it, and says nothing of it.
    counts: 'changes',
  })
  return pass.kind === 'too-many-links' ? pass : { kind: 'prepared', bases: [request.destination] }
}
