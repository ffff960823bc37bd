/**
 * Copying a source into a staged tree. What is unchanged becomes links to the bases; rsync writes only
 * into directories that were empty before.
 */
import { mkdir } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { compileRules } from '../filter/compile-rules.ts'
import { parseRule } from '../filter/parse-rule.ts'
import { MOUNT_TYPE } from '../fuse/driver.ts'
import { readMountTable } from '../fuse/mount-table.ts'
import { pathBelow } from '../model/absolute-path.ts'
import { bytePathFromText } from '../model/entry-name.ts'
import { epochMsOf } from '../model/snapshot-id.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { type Capabilities, probeCapabilities } from '../repository/capabilities.ts'
import { type SeriesPlace, treeDirectory } from '../repository/layout.ts'
import { decodeMarker } from '../repository/marker.ts'
import { RsyncLog } from '../repository/rsync-log.ts'
import { restageTree, type StagedSnapshot } from '../repository/staged-snapshot.ts'
import { rsyncArguments, type TransferRequest } from '../rsync/arguments.ts'
import { excludePathRule, excludeRule } from '../rsync/filter-rules.ts'
import { type TransferOutcome, transferOutcome } from '../rsync/outcome.ts'
import { parseOutputLine } from '../rsync/output-line.ts'
import { probeXattrs } from '../rsync/probe-xattrs.ts'
import { runRsync } from '../rsync/run-rsync.ts'
import { addLine, emptySummary, type TransferSummary } from '../rsync/transfer-summary.ts'
import type { RsyncVersion } from '../rsync/version.ts'
import { scanForSuspects, type SourceScan } from '../scan/scan-for-suspects.ts'
import { chooseBases } from './choose-bases.ts'
import { throwIfInterrupted } from './interruption.ts'

export interface Progress {
  readonly checkedEntries: number
  readonly knownEntries: number
  /** Whether `knownEntries` is final. */
  readonly listComplete: boolean
  readonly transferredBytes: number
}

export interface TreeTransfer {
  readonly place: SeriesPlace
  /** Absolute, without symbolic links. */
  readonly source: string
  readonly rsync: RsyncVersion
  readonly staged: StagedSnapshot
  /** All that the series holds, oldest first. */
  readonly snapshots: readonly Snapshot[]
  /** Patterns of the user, in rsync's language. */
  readonly exclude: readonly string[]
  readonly asRoot: boolean
  /** When the run began, in milliseconds since 1970. */
  readonly startedMs: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export interface TransferResult {
  readonly usable: TransferOutcome & { readonly kind: 'usable' }
  readonly exitCode: number
  readonly summary: TransferSummary
  readonly bases: readonly Snapshot[]
  readonly filters: readonly string[]
  readonly warnings: readonly string[]
  readonly notes: readonly string[]
  readonly log: RsyncLog
}

/** @throws SnapfsError when the tree cannot be published; the staged directory is the caller's to remove */
export async function transferTree(run: TreeTransfer): Promise<TransferResult> {
  const { place, source, staged, rsync, signal } = run
  const { repository } = place
  const capabilities = await probeCapabilities(staged.directory, run.asRoot)
  if (!capabilities.hardLinks) throw lostHardLinks(repository)
  const xattrs = rsync.xattrs && (await probeXattrs(staged.directory, signal))
  const known = await pathsToSkip(source, repository)
  const bases = chooseBases(run.snapshots)
  const scan = await scanSource(run, capabilities, bases, known)
  const skipped = [...known, ...scan.repositories]
  const transfer: TransferRequest = {
    source,
    destination: staged.tree,
    bases: bases.map((basis) => treeDirectory(place, basis.id)),
    filters: [...skipped.map((path) => excludePathRule(path)), ...run.exclude.map(excludeRule)],
    scope: 'everything',
    comparesNanoseconds: capabilities.nanoseconds,
    comparesContent: false,
    copiesAcls: rsync.acls && xattrs,
    copiesXattrs: xattrs,
  }
  const notes = xattrs ? [] : ['Extended attributes and access control lists were not stored.']
  const linked = await attempt(run, transfer, scan.suspects)
  if (linked.kind === 'usable') return { ...linked, bases, filters: transfer.filters, notes }
  // The inode of a hard-linked group is full. A fresh tree without a basis starts a new inode for it.
  await restageTree(staged)
  const copied = await attempt(run, { ...transfer, bases: [] }, [])
  if (copied.kind !== 'usable') throw new Error(`links to spare, yet rsync says: ${copied.message}`)
  const warning = `Hard links reached the limit of the file system, so everything was copied anew: ${linked.message}`
  return {
    ...copied,
    warnings: [...copied.warnings, warning],
    bases: [],
    filters: transfer.filters,
    notes,
  }
}

type Attempt =
  | ({ readonly kind: 'usable' } & Omit<TransferResult, 'bases' | 'filters' | 'notes'>)
  | { readonly kind: 'too-many-links'; readonly message: string }

/** One try to fill the staged tree, which is empty. */
async function attempt(
  run: TreeTransfer,
  transfer: TransferRequest,
  suspects: readonly string[],
): Promise<Attempt> {
  const summary = emptySummary()
  const log = new RsyncLog(run.staged.log)
  const skippedEntries: string[] = []
  const checked = suspects.length === 0 ? [] : [run.staged.checked]
  if (suspects.length > 0) {
    const comparison = await compareByContent(run, transfer, suspects, summary, log)
    if (comparison.kind === 'too-many-links') return comparison
  }
  const end = await runRsync({
    arguments: rsyncArguments({ ...transfer, bases: [...checked, ...transfer.bases] }),
    signal: run.signal,
    onLine: (text) => {
      const line = parseOutputLine(text)
      if (line.kind === 'progress') run.onProgress(line)
      else if (text !== '') log.add(text)
      if (line.kind === 'skipped') skippedEntries.push(line.message)
      addLine(summary, line)
    },
  })
  throwIfInterrupted(run.signal)
  for (const message of end.messages) log.add(message)
  const messages = [...skippedEntries, ...end.messages]
  const outcome = unlessFailed(transferOutcome({ ...end, messages }))
  if (outcome.kind === 'too-many-links') return outcome
  return {
    kind: 'usable',
    usable: outcome,
    exitCode: end.exitCode ?? 0,
    summary,
    warnings: outcome.basisWarnings,
    log,
  }
}

/** What only looks unchanged, and the repositories that lie in the source. */
async function scanSource(
  run: TreeTransfer,
  capabilities: Capabilities,
  bases: readonly Snapshot[],
  skipped: readonly string[],
): Promise<SourceScan> {
  const { place, source } = run
  const scan = await scanForSuspects({
    source: bytePathFromText(source),
    bases: bases.map((basis) => ({
      tree: bytePathFromText(treeDirectory(place, basis.id)),
      startedMs: Math.min(Date.parse(basis.manifest.startedAt), epochMsOf(basis.id)),
    })),
    skipped: new Set(
      skipped.map((path) => bytePathFromText(source === '/' ? path : source + path)),
    ),
    decide: compileRules(run.exclude.map((pattern) => parseRule(excludeRule(pattern)))),
    isRepositoryMarker: (text) => decodeMarker(text).kind !== 'damaged',
    comparesNanoseconds: capabilities.nanoseconds,
    nowMs: run.startedMs,
    signal: run.signal,
  })
  throwIfInterrupted(run.signal)
  return scan
}

/**
 * Compares suspects by content in a directory of their own, which the main run then takes as its first
 * basis. Never a second pass over the staged tree: its inodes are shared by then.
 */
async function compareByContent(
  run: TreeTransfer,
  transfer: TransferRequest,
  suspects: readonly string[],
  summary: TransferSummary,
  log: RsyncLog,
): Promise<Exclude<TransferOutcome, { readonly kind: 'failed' }>> {
  await mkdir(run.staged.checked, { mode: 0o700 })
  const end = await runRsync({
    arguments: rsyncArguments({
      ...transfer,
      destination: run.staged.checked,
      scope: 'listed-by-content',
    }),
    // In --files-from a line that begins with # or ; is a comment, even with --from0 (rsync 3.5.0).
    input: Buffer.from(suspects.map((path) => `./${path}\0`).join(''), 'latin1'),
    signal: run.signal,
    onLine: (text) => {
      const line = parseOutputLine(text)
      if (line.kind !== 'change') return
      // What changed is copied here; the main run only links it, and says nothing of it.
      addLine(summary, line)
      log.add(text)
    },
  })
  throwIfInterrupted(run.signal)
  // What could not be read here cannot be read by the main run either, which reports it.
  return unlessFailed(transferOutcome(end))
}

/** Paths below the source, from its root, that no backup of it may enter. */
async function pathsToSkip(source: string, repository: string): Promise<readonly string[]> {
  const mounts = (await readMountTable())
    .filter((mount) => mount.type === MOUNT_TYPE)
    .map((mount) => Buffer.from(mount.mountpoint, 'latin1').toString('utf8'))
  return [repository, ...mounts]
    .map((path) => pathBelow(source, path))
    .filter((path) => path !== undefined)
}

function unlessFailed(
  outcome: TransferOutcome,
): Exclude<TransferOutcome, { readonly kind: 'failed' }> {
  if (outcome.kind !== 'failed') return outcome
  throw new SnapfsError(outcome.code, outcome.message, {
    hint: outcome.hint,
    details: outcome.details,
  })
}

function lostHardLinks(repository: string): SnapfsError {
  return new SnapfsError(
    'REPOSITORY_UNUSABLE',
    `The file system of the repository ${repository} has no hard links.`,
    { hint: 'Is the right disk mounted there? Every snapshot would be a full copy.' },
  )
}
