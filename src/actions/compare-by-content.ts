/** Telling by content what only looks unchanged. */
import { mkdir } from 'node:fs/promises'
import type { RsyncLog } from '../repository/rsync-log.ts'
import type { TransferSummary } from '../rsync/transfer-summary.ts'
import { listedInput, type PassResult, runPass } from './run-pass.ts'
import type { CommonOptions, TreeTransfer } from './transfer.ts'

/**
 * Compares suspects by content in a directory of their own, which the main run then takes as its first
 * basis. Never a second pass over the staged tree: its inodes are shared by then.
 */
export async function compareByContent(
  run: TreeTransfer,
  common: CommonOptions,
  suspects: readonly string[],
  summary: TransferSummary,
  log: RsyncLog,
): Promise<
  | { readonly kind: 'compared'; readonly basis: readonly string[] }
  | (PassResult & { readonly kind: 'too-many-links' })
> {
  if (suspects.length === 0) return { kind: 'compared', basis: [] }
  const { staged, signal } = run
  await mkdir(staged.checked, { mode: 0o700 })
  // What could not be read here cannot be read by the main run either, which reports it.
  const pass = await runPass({
    request: {
      ...common,
      destination: staged.checked,
      filters: [],
      scope: 'listed-by-content',
    },
    input: listedInput(suspects),
    signal,
    log,
    summary,
    // What changed is copied here; the main run only links it, and says nothing of it.
    counts: 'changes',
    onProgress: () => undefined,
  })
  return pass.kind === 'too-many-links' ? pass : { kind: 'compared', basis: [staged.checked] }
}
