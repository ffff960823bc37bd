/** What a backup would do with an entry of its source, and why, in sentences. */
import type { BytePath } from '../model/entry-name.ts'
import { joinPath, printableName, splitPath } from '../model/entry-name.ts'
import { bytesText } from '../model/figures.ts'
import { type Described, type Evidence, isSettled, looksLike } from './evidence.ts'
import { findLeftOut, type LeftOutReason } from './find-left-out.ts'
import type { RememberedTree, ScanRequest, SourceScan } from './source-scan.ts'
import type { EntryState, SourceState, StateHeader } from './source-state.ts'
import { entryKind, isFile, type SourceStatus } from './source-status.ts'
import { compareWith } from './stored-entry.ts'
import type { SourceWalk } from './walk-source.ts'

export type Decision =
  | 'link'
  | 'move'
  | 'compare'
  | 'resume'
  | 'copy'
  /** rsync decides, by size and time. */
  | 'quick-check'
  | 'make-directory'
  | 'leave-out'
  | 'absent'
  | 'unreadable'

export interface Explanation {
  readonly decision: Decision
  /** Sentences without a full stop; paths in them are below the source, in a form that can be printed. */
  readonly reasons: readonly string[]
}

export interface ExplainRequest extends Pick<ScanRequest, 'keeps' | 'compareBy'> {
  readonly walk: SourceWalk
  readonly scan: SourceScan
  /** What the scan saw. */
  readonly present: SourceState
  readonly evidence: Evidence
  /** Undefined: nothing of the source is remembered. */
  readonly remembered: RememberedTree | undefined
  /** Best first, each with its snapshot. */
  readonly bases: readonly { readonly snapshot: string; readonly tree: BytePath }[]
}

/** @param path below the source, bytes as characters; empty for the source itself */
export function explainEntry(request: ExplainRequest, path: string): Explanation {
  const { walk, scan } = request
  const standing = findLeftOut(walk, scan.repositories, path)
  switch (standing.kind) {
    case 'absent':
      return { decision: 'absent', reasons: [] }
    case 'unreadable':
      return { decision: 'unreadable', reasons: [`${quoted(standing.at)}: ${standing.code}`] }
    case 'left-out': {
      const { at, reason } = standing
      const where = at === path ? [] : [`the directory ${quoted(at)} above it is left out`]
      return { decision: 'leave-out', reasons: [...where, leftOutText(reason)] }
    }
    case 'kept':
      return standing.status.isDirectory()
        ? {
            decision: 'make-directory',
            reasons: ['a directory cannot be linked; it gets the attributes it has in the source'],
          }
        : explainKept(request, path, standing.status)
  }
}

function leftOutText(reason: LeftOutReason): string {
  switch (reason.kind) {
    case 'rule':
      return `the rule ${JSON.stringify(reason.rule.text)} matches it first`
    case 'ignore-file':
      return `the line ${JSON.stringify(reason.rule.text.slice(2))} of ${quoted(reason.file)} matches it`
    case 'mark':
      return `${quoted(reason.name)} lies beside it, and nothing else of that directory is stored`
    case 'larger-than':
      return `it is larger than ${bytesText(reason.limitBytes)}`
    case 'nodump':
      return 'it has the attribute "d" of chattr'
    case 'own':
      return 'it is the repository, or a mount of snapfs'
    case 'repository':
      return 'it is a repository of snapfs'
    case 'file-system':
      return 'another file system is mounted there, and one_file_system is set'
  }
}

function explainKept(request: ExplainRequest, path: string, status: SourceStatus): Explanation {
  const { scan, present, remembered, bases } = request
  const [directory, name] = splitPath(path)
  const scanned = present.entriesOf(directory)?.get(name)
  if (scanned === undefined) return { decision: 'copy', reasons: ['it appeared just now'] }
  const device = scan.devices.indexOf(status.dev, directory)
  const entry: Described = { status, device }
  const doubts = doubtsOf(request, path, entry)
  const move = scan.moves.find((one) => one.path === path)
  if (move !== undefined && remembered !== undefined) {
    const was = `it was ${quoted(move.lies.slice(remembered.tree.length + 1))} in ${remembered.state.header.snapshot}`
    return move.proof === 'state'
      ? {
          decision: 'move',
          reasons: [was, 'inode, ctime, modification time and size are the same'],
        }
      : {
          decision: 'compare',
          reasons: [`as it seems, ${was}`, 'that is proven by its content alone, so both are read'],
        }
  }
  if (scan.resumed.includes(path)) {
    return {
      decision: 'resume',
      reasons: ['a backup that was interrupted copied it, and it was not touched since', ...doubts],
    }
  }
  if (scan.suspects.includes(path)) {
    const like = firstAlike(request, path, status)
    const alike =
      like === undefined ? [] : [`it has the size and modification time it has in ${like}`]
    return { decision: 'compare', reasons: [...alike, ...doubts] }
  }
  if (scan.undecided.includes(path)) return { decision: 'quick-check', reasons: doubts }
  if (scan.copies.includes(path)) {
    if (scan.crowded.has(path)) {
      const why = 'what is stored of it has as many links as the file system can be trusted with'
      return { decision: 'copy', reasons: [why] }
    }
    return { decision: 'copy', reasons: copyReasons(request, path, status, doubts) }
  }
  const since = remembered?.state.header.snapshot ?? bases[0]?.snapshot ?? ''
  return {
    decision: 'link',
    reasons: [`inode, ctime, modification time and size are those it had when ${since} was made`],
  }
}

/** Why it is not certain that an entry is what was stored under its name. */
function doubtsOf(
  { remembered, evidence, compareBy }: ExplainRequest,
  path: string,
  entry: Described,
): string[] {
  const all = compareBy === 'content' ? ['all files are to be read and compared'] : []
  if (!evidence.isStable(entry.device)) {
    return [...all, 'it lies on a file system whose inodes and ctimes prove nothing']
  }
  if (remembered === undefined) {
    return [
      ...all,
      'nothing is remembered of the source, as before the first backup or with other rights',
    ]
  }
  const { header } = remembered.state
  const [directory, name] = splitPath(path)
  const was = remembered.state.entriesOf(directory)?.get(name)
  if (was === undefined)
    return [...all, `nothing is remembered of this name from ${header.snapshot}`]
  return [...all, ...changesSince(was, entry, evidence, header)]
}

function changesSince(
  was: EntryState,
  entry: Described,
  evidence: Evidence,
  header: StateHeader,
): string[] {
  const { status, device } = entry
  const then = `when ${header.snapshot} was made`
  if (!evidence.isSamePlace(was.device, device, header)) {
    return [`it lies on another file system than ${then}`]
  }
  const changes: string[] = []
  if (was.kind !== entryKind(status)) changes.push(`it was a ${was.kind} ${then}`)
  if (was.inode !== status.ino) changes.push(`its inode is another than ${then}: it was replaced`)
  if (was.sizeBytes !== status.size) {
    changes.push(`its size is ${status.size} bytes, and was ${was.sizeBytes}`)
  }
  if (was.modifiedNs !== status.mtimeNs) {
    changes.push(
      `its modification time is ${timeText(status.mtimeNs)}, and was ${timeText(was.modifiedNs)}`,
    )
  }
  if (was.changedNs !== status.ctimeNs) {
    const what = looksLike(status, was) ? ': its content or its attributes were written' : ''
    changes.push(
      `its ctime is ${timeText(status.ctimeNs)}, and was ${timeText(was.changedNs)}${what}`,
    )
  } else if (!isSettled(was.changedNs, header)) {
    changes.push(`it changed within three seconds before ${header.snapshot} was made`)
  }
  return changes.length === 0 ? ['what is stored of it was altered since'] : changes
}

function firstAlike({ bases, keeps }: ExplainRequest, path: string, status: SourceStatus) {
  const alike = bases.find(
    ({ tree }) => compareWith(joinPath(tree, path), status, keeps).kind === 'alike',
  )
  return alike?.snapshot
}

function copyReasons(
  request: ExplainRequest,
  path: string,
  status: SourceStatus,
  doubts: readonly string[],
): readonly string[] {
  const { bases, keeps, remembered } = request
  const [basis] = bases
  if (basis === undefined) return ['it would be in the first snapshot']
  // What was remembered of it tells more than what is stored.
  const [directory, name] = splitPath(path)
  if (remembered?.state.entriesOf(directory)?.has(name) === true) return doubts
  const like = firstAlike(request, path, status)
  if (like !== undefined) {
    return isFile(status)
      ? [`what looks like it in ${like} is linked for another file already`]
      : [`it is made anew`]
  }
  const { kind } = compareWith(joinPath(basis.tree, path), status, keeps)
  switch (kind) {
    case 'absent':
      return [`${basis.snapshot} has nothing of its kind under this name`]
    case 'otherSize':
      return [`its size is another than in ${basis.snapshot}`]
    case 'otherTime':
    case 'alike':
      return [`its modification time is another than in ${basis.snapshot}`]
  }
}

function quoted(path: string): string {
  return `"${printableName(path)}"`
}

function timeText(ns: bigint): string {
  const second = 1_000_000_000n
  const fraction = ((ns % second) + second) % second
  const whole = new Date(Number((ns - fraction) / 1_000_000n)).toISOString().slice(0, 19)
  return `${whole}.${String(fraction).padStart(9, '0')}Z`
}
