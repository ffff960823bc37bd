/** One run of rsync as a step of a backup: its lines counted and logged, its end judged. */
import { SnapfsError } from '../errors/snapfs-error.ts'
import type { Problem } from '../model/manifest.ts'
import type { RsyncLog } from '../repository/rsync-log.ts'
import { rsyncArguments, type TransferRequest } from '../rsync/arguments.ts'
import { transferOutcome } from '../rsync/outcome.ts'
import { remoteOutcome } from '../rsync/remote-failure.ts'
import { type OutputLine, parseOutputLine } from '../rsync/output-line.ts'
import { runRsync } from '../rsync/run-rsync.ts'
import { addLine, type TransferSummary } from '../rsync/transfer-summary.ts'
import { OutOfReach } from './out-of-reach.ts'
import { throwIfInterrupted } from './interruption.ts'

type ProgressLine = OutputLine & { readonly kind: 'progress' }

export interface Pass {
  readonly request: TransferRequest
  /** For a listed scope. */
  readonly input?: Uint8Array
  readonly signal: AbortSignal
  readonly log: RsyncLog
  readonly summary: TransferSummary
  /** What of rsync's lines goes into the summary. */
  readonly counts: 'changes and totals' | 'changes' | 'nothing'
  /** Called with what rsync says of its progress; absent where nobody looks. */
  readonly onProgress?: (line: ProgressLine) => void
  /** Called now and then with how many bytes its processes have read. */
  readonly onRead?: (bytes: number) => void
  /** Called for each file whose data was copied. */
  readonly onCopied?: (change: OutputLine & { readonly kind: 'change' }) => void
}

export type PassResult =
  | {
      readonly kind: 'usable'
      readonly problems: readonly Problem[]
      /** Those beyond the limit included. */
      readonly problemCount: number
      readonly exitCode: number
      readonly basisWarnings: readonly string[]
    }
  /** A group of hard links does not fit on the inode of a basis any more: it must be copied once. */
  | { readonly kind: 'too-many-links'; readonly message: string }

/** @throws SnapfsError when rsync failed, or a signal ended it */
export async function runPass(pass: Pass): Promise<PassResult> {
  const { log, summary, signal } = pass
  const skipped: string[] = []
  const end = await runRsync({
    arguments: rsyncArguments(pass.request),
    ...(pass.input === undefined ? {} : { input: pass.input }),
    signal,
    stallMs: pass.request.stallMs,
    ...(pass.onRead === undefined ? {} : { onRead: pass.onRead }),
    ...(pass.request.ionice === undefined ? {} : { ionice: pass.request.ionice }),
    onLine: (text) => {
      const line = parseOutputLine(text)
      if (line.kind === 'progress') {
        pass.onProgress?.(line)
        return
      }
      if (text !== '' && pass.counts !== 'nothing') log.add(text)
      if (line.kind === 'skipped') skipped.push(line.message)
      if (line.kind === 'change' && line.code.startsWith('>f')) pass.onCopied?.(line)
      if (pass.counts === 'nothing') return
      if (line.kind === 'change' || pass.counts === 'changes and totals') addLine(summary, line)
    },
  })
  throwIfInterrupted(signal)
  for (const message of end.messages) log.add(message)
  const whole = { ...end, messages: [...skipped, ...end.messages] }
  const { remote } = pass.request
  const outcome =
    remote === undefined ? transferOutcome(whole) : remoteOutcome(whole, remote.location)
  if (outcome.kind === 'failed') {
    throw new SnapfsError(outcome.code, outcome.message, {
      hint: outcome.hint,
      details: outcome.details,
      ...(outcome.isUndying ? { cause: new OutOfReach() } : {}),
    })
  }
  if (outcome.kind === 'too-many-links') return outcome
  const { problems, problemCount, basisWarnings } = outcome
  return { kind: 'usable', problems, problemCount, exitCode: end.exitCode ?? 0, basisWarnings }
}

/** How many entries there are, once rsync knows. */
export function knownOf(line: ProgressLine): number | undefined {
  return line.listComplete ? line.knownEntries : undefined
}

/**
 * Paths as rsync reads them with `--files-from=- --from0`. A line that begins with # or ; would be a comment
 * even there (rsync 3.5.0), so each begins with a dot.
 */
export function listedInput(paths: readonly string[]): Uint8Array {
  return Buffer.from(paths.map((path) => `./${path}\0`).join(''), 'latin1')
}
