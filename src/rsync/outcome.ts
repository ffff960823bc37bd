/**
 * What an rsync run means. Its exit code is necessary and never sufficient: 23 covers an unreadable
 * file as well as a destination without inodes, so the lines of standard error decide, by the role
 * rsync puts in brackets (native-notes/rsync.md, "Exit codes").
 */
import type { ErrorCode } from '../errors/snapfs-error.ts'
import { formatDuration } from '../model/duration.ts'
import { type Outcome, type Problem, PROBLEMS_LIMIT } from '../model/manifest.ts'

export interface RsyncEnd {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  /** When it was ended since nothing had moved: for so long. */
  readonly stalledMs?: number
  /** It did not even end by SIGKILL, so neither code nor signal is known. */
  readonly isUndying?: true
  /** Standard error, line by line, bounded by the runner. */
  readonly messages: readonly string[]
}

export type TransferOutcome =
  | {
      readonly kind: 'usable'
      readonly outcome: Outcome
      readonly problems: readonly Problem[]
      readonly problemCount: number
      /** Lines that say a basis was not used: the snapshot is right, but may hold full copies. */
      readonly basisWarnings: readonly string[]
    }
  /** A group of hard links does not fit on the inode of a basis any more: it must be copied once. */
  | { readonly kind: 'too-many-links'; readonly message: string }
  | {
      readonly kind: 'failed'
      readonly code: ErrorCode
      readonly message: string
      readonly hint: string
      readonly details: readonly string[]
      /** Whether rsync lives on, waiting for a disk that does not answer, which may be that of the repository. */
      readonly isUndying: boolean
    }

/** rsync's own names for its exit codes, from its manual page, where they help a reader. */
const MEANINGS: ReadonlyMap<number, string> = new Map([
  [1, 'syntax or usage error'],
  [2, 'protocol incompatibility'],
  [3, 'errors selecting input or output files'],
  [4, 'the requested action is not supported'],
  [5, 'error starting the client-server protocol'],
  [10, 'error in socket input or output'],
  [11, 'error in file input or output'],
  [12, 'error in the protocol data stream'],
  [13, 'errors with program diagnostics'],
  [14, 'error in communication between processes'],
  [19, 'received SIGUSR1'],
  [20, 'received SIGINT, SIGTERM or SIGHUP'],
  [22, 'error allocating memory'],
  [30, 'timeout in sending or receiving data'],
])

const DETAILS_LIMIT = 10

/** Decides what a finished run means. Pure. */
export function transferOutcome(end: RsyncEnd): TransferOutcome {
  const lines = end.messages.filter((line) => line.trim() !== '')
  const { exitCode } = end
  if (end.stalledMs !== undefined || end.isUndying) return stalled(end, lines)
  if (exitCode === 0 || exitCode === 24) return usable(lines)
  const full = lines.find((line) => FULL.test(ownWords(line)))
  if (full !== undefined) return destinationFull(full, lines)
  const crowded = lines.find((line) => /Too many links/u.test(ownWords(line)))
  if (crowded !== undefined) return { kind: 'too-many-links', message: crowded }
  if (exitCode === 23) {
    const fatal = lines.find(isFatal)
    if (fatal === undefined) return usable(lines.some(isProblem) ? lines : [...lines, UNEXPLAINED])
    return failed(`rsync could not complete the snapshot: ${fatal}`, lines)
  }
  if (exitCode === undefined) {
    return failed(`rsync was ended by ${end.signal ?? 'an unknown cause'}.`, lines)
  }
  const meaning = MEANINGS.get(exitCode)
  return failed(
    `rsync failed with code ${exitCode}${meaning === undefined ? '' : ` (${meaning})`}.`,
    lines,
  )
}

function usable(lines: readonly string[]): TransferOutcome {
  const problems = lines.map(problemOf).filter((problem) => problem !== undefined)
  return {
    kind: 'usable',
    outcome: problems.some((problem) => problem.kind !== 'vanished') ? 'partial' : 'complete',
    problems: problems.slice(0, PROBLEMS_LIMIT),
    problemCount: problems.length,
    basisWarnings: lines.filter(isAboutBasis),
  }
}

function failed(
  message: string,
  lines: readonly string[],
): TransferOutcome & { readonly kind: 'failed' } {
  return {
    kind: 'failed',
    code: 'RSYNC_FAILED',
    message,
    hint: 'Nothing was published; earlier snapshots are untouched. Remove the cause and run again.',
    details: lines.slice(-DETAILS_LIMIT),
    isUndying: false,
  }
}

function stalled({ stalledMs, isUndying }: RsyncEnd, lines: readonly string[]): TransferOutcome {
  const quiet =
    stalledMs === undefined
      ? ''
      : `Nothing moved for ${formatDuration(stalledMs)}: rsync read, wrote, computed and said nothing. `
  return {
    ...failed(
      isUndying
        ? `${quiet}rsync could not be ended, not even by SIGKILL: it waits for a disk that does not answer.`
        : `${quiet}It was ended.`,
      lines,
    ),
    hint: isUndying
      ? 'Nothing was published. Look at the disks of the source and the repository, and at the end of: dmesg.'
      : 'Nothing was published. Does a disk or a network file system hang, or the other machine? "stall_timeout" in the configuration says how long to wait.',
    isUndying: isUndying === true,
  }
}

function destinationFull(line: string, lines: readonly string[]): TransferOutcome {
  const quota = line.includes('quota')
  return {
    kind: 'failed',
    code: 'DESTINATION_FULL',
    message: quota
      ? 'The quota of the repository is used up.'
      : 'The file system of the repository has no space or no inodes left.',
    hint: 'Nothing was published; what this run had copied was removed. Make room and run again.',
    details: lines.slice(0, DETAILS_LIMIT),
    isUndying: false,
  }
}

/** What rsync prints at the end of a run, or in passing, that names no entry of its own. */
const REMARK =
  /^rsync error: |^rsync warning: |^IO error encountered|^\(.*\)$|^WARNING: .* will try again|^cannot delete/u

const FULL = /No space left on device|Disk quota exceeded/u
const UNEXPLAINED = 'rsync ended with code 23 and did not say why'

/**
 * A message without the path in it, since a file can be called "[receiver]" or "No space left on device".
 * Paths are in quotes, and the words after the last quote are rsync's again.
 */
export function ownWords(line: string): string {
  const first = line.indexOf('"')
  return first === -1 ? line : `${line.slice(0, first)}"${line.slice(line.lastIndexOf('"'))}`
}

function isProblem(line: string): boolean {
  return problemOf(line) !== undefined
}

function isAboutBasis(line: string): boolean {
  return /--(?:link|copy|compare)-dest\b/u.test(ownWords(line))
}

/** Could not be set, but the content is there: marked, not fatal. */
const ATTRIBUTE =
  /\b(?:chown|chgrp|lchown|set_acl|sys_acl_set|acl_set|rsync_xal_set|l?setxattr|l?removexattr|set_times|chmod|chattr)\b/iu

/** Devices and the like, which only root can make. */
const UNMAKEABLE =
  /\bmknod\b.*(?:Operation not permitted|Function not implemented|not supported)|skipping non-regular file/u

function isFatal(line: string): boolean {
  const words = ownWords(line)
  if (/^rsync: \[sender\] change_dir "/u.test(words)) return true
  if (!/^rsync: \[(?:receiver|generator)\]/iu.test(words)) return false
  return !ATTRIBUTE.test(words) && !UNMAKEABLE.test(words)
}

/** The second form comes for a path that was listed and is gone when rsync looks for it. */
const VANISHED =
  /^(?:file|directory) has vanished: |^rsync: \[sender\] link_stat ".* failed: No such file or directory/u

function problemOf(line: string): Problem | undefined {
  const words = ownWords(line)
  if (REMARK.test(words) || isAboutBasis(line)) return undefined
  const message = line.replace(/^rsync: /u, '')
  if (VANISHED.test(words)) return { kind: 'vanished', message }
  if (ATTRIBUTE.test(words)) return { kind: 'attribute', message }
  if (/\[sender\]|Permission denied/iu.test(words)) return { kind: 'unreadable', message }
  return { kind: 'other', message }
}
