/**
 * After the tree is filled: whether it holds what was asked for, what changed meanwhile, and what of the
 * scan may be relied on next time.
 */
import { bytePathFromText, printableName } from '../model/entry-name.ts'
import { type Problem, PROBLEMS_LIMIT } from '../model/manifest.ts'
import { keepStateFile } from '../repository/state-store.ts'
import { escapeAsRsync } from '../rsync/output-line.ts'
import { type Confirmation, confirmStored } from '../scan/confirm-stored.ts'
import type { StateHeader } from '../scan/source-state.ts'
import { stateHeader } from './state-header.ts'
import type { TransferResult, TreeTransfer } from './transfer.ts'

export interface Confirmed {
  readonly problems: readonly Problem[]
  readonly problemCount: number
}

/** The same where the source was scanned. */
export interface ConfirmedTransfer extends Confirmed {
  /** Of the state for the next run. */
  readonly header: StateHeader
}

/** Looks at everything that rsync was to copy. */
export async function confirmTransfer(
  run: TreeTransfer,
  transfer: TransferResult,
): Promise<ConfirmedTransfer> {
  const { scan } = transfer
  const header = await stateHeader(run, scan, transfer.fidelity)
  const copied = [...scan.resumed, ...scan.suspects, ...scan.copies, ...scan.undecided]
  const found = await confirmStored({
    source: bytePathFromText(run.source),
    tree: bytePathFromText(run.staged.tree),
    state: scan.state.read(header),
    comparesNanoseconds: transfer.capabilities.nanoseconds,
    signal: run.signal,
    directories: transfer.engine === 'scan' ? scan.directories : [],
    paths: copied,
  })
  const own = ownProblems(found, transfer.problems)
  const doubtful = mayLackAttributes(transfer.problems) ? copied : []
  const missing = [
    ...found.missing,
    ...found.different,
    ...found.replaced,
    ...found.vanished,
    ...doubtful,
  ]
  return {
    problems: [...transfer.problems, ...own].slice(0, PROBLEMS_LIMIT),
    problemCount: transfer.problemCount + own.length,
    header: { ...header, missing },
  }
}

/** Keeps the state for the next run; without it that takes longer, so a failure is worth a warning only. */
export async function keepState(
  { place, staged, state }: Pick<TreeTransfer, 'place' | 'staged' | 'state'>,
  { header }: ConfirmedTransfer,
): Promise<readonly string[]> {
  if (!state.isOfUse(header)) return []
  try {
    state.seal(header)
    await keepStateFile(place, staged.id, staged.state)
    return []
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [`What the source was could not be remembered; the next run takes longer: ${reason}.`]
  }
}

function ownProblems(found: Confirmation, known: readonly Problem[]): Problem[] {
  const isKnown = (path: string): boolean => {
    const escaped = escapeAsRsync(path)
    return known.some(
      ({ message }) => message.includes(`/${escaped}"`) || message.includes(`"${escaped}"`),
    )
  }
  const problem =
    (kind: Problem['kind'], words: string) =>
    (path: string): Problem => ({ kind, message: `${words}: "${printableName(path)}"` })
  return [
    ...found.missing
      .filter((path) => !isKnown(path))
      .map(problem('other', 'was not stored, and rsync did not say why')),
    ...found.different.map(problem('other', 'was stored with another size or time')),
    ...found.replaced.map(
      problem('other', 'was replaced while the backup ran, and may not be whole'),
    ),
    ...found.changed.map(problem('changed', 'changed while the backup ran')),
    ...found.vanished
      .filter((path) => !isKnown(path))
      .map(problem('vanished', 'vanished while the backup ran')),
  ]
}

/** Then which of the copies is to be made again is not known for certain, since rsync names temporary files. */
function mayLackAttributes(problems: readonly Problem[]): boolean {
  return problems.some(
    ({ kind, message }) => kind === 'attribute' || kind === 'other' || /xattr|acl/iu.test(message),
  )
}
