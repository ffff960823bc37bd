/**
 * Copying a source into a staged tree. What is unchanged becomes links to the bases; rsync writes only
 * into directories that were empty before.
 */
import { mkdir } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { MOUNT_TYPE } from '../fuse/driver.ts'
import { readMountTable } from '../fuse/mount-table.ts'
import { pathBelow } from '../model/absolute-path.ts'
import { bytePathFromText } from '../model/entry-name.ts'
import { epochMsOf } from '../model/snapshot-id.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { type Capabilities, probeCapabilities } from '../repository/capabilities.ts'
import { type SeriesPlace, treeDirectory } from '../repository/layout.ts'
import { RsyncLog } from '../repository/rsync-log.ts'
import type { StagedSnapshot } from '../repository/staged-snapshot.ts'
import { rsyncArguments, type TransferRequest } from '../rsync/arguments.ts'
import { excludePathRule, excludeRule } from '../rsync/filter-rules.ts'
import { type TransferOutcome, transferOutcome } from '../rsync/outcome.ts'
import { parseOutputLine } from '../rsync/output-line.ts'
import { probeXattrs } from '../rsync/probe-xattrs.ts'
import { runRsync } from '../rsync/run-rsync.ts'
import { addLine, emptySummary, type TransferSummary } from '../rsync/transfer-summary.ts'
import type { RsyncVersion } from '../rsync/version.ts'
import { findSuspects } from '../scan/find-suspects.ts'
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
  const skipped = await pathsToSkip(source, repository)
  const bases = chooseBases(run.snapshots)
  const filters = [...skipped.map((path) => excludePathRule(path)), ...run.exclude.map(excludeRule)]
  const transfer: TransferRequest = {
    source,
    destination: staged.tree,
    bases: bases.map((basis) => treeDirectory(place, basis.id)),
    filters,
    scope: 'everything',
    comparesNanoseconds: capabilities.nanoseconds,
    comparesContent: false,
    copiesAcls: rsync.acls && xattrs,
    copiesXattrs: xattrs,
  }
  const summary = emptySummary()
  const log = new RsyncLog(staged.log)
  const suspects = await findSuspectsOf(run, capabilities, bases, skipped)
  const checked = suspects.length === 0 ? [] : [staged.checked]
  if (suspects.length > 0) await compareByContent(run, transfer, suspects, summary, log)
  const end = await runRsync({
    arguments: rsyncArguments({ ...transfer, bases: [...checked, ...transfer.bases] }),
    signal,
    onLine: (text) => {
      const line = parseOutputLine(text)
      if (line.kind === 'progress') run.onProgress(line)
      else if (text !== '') log.add(text)
      addLine(summary, line)
    },
  })
  throwIfInterrupted(signal)
  for (const message of end.messages) log.add(message)
  const usable = usableOrThrow(transferOutcome(end))
  return {
    usable,
    exitCode: end.exitCode ?? 0,
    summary,
    bases,
    filters,
    warnings: usable.basisWarnings,
    notes: xattrs ? [] : ['Extended attributes and access control lists were not stored.'],
    log,
  }
}

/** What only looks unchanged, as paths below the source. */
async function findSuspectsOf(
  run: TreeTransfer,
  capabilities: Capabilities,
  bases: readonly Snapshot[],
  skipped: readonly string[],
): Promise<readonly string[]> {
  const { place, source } = run
  const suspects = await findSuspects({
    source: bytePathFromText(source),
    bases: bases.map((basis) => ({
      tree: bytePathFromText(treeDirectory(place, basis.id)),
      startedMs: Math.min(Date.parse(basis.manifest.startedAt), epochMsOf(basis.id)),
    })),
    skipped: new Set(
      skipped.map((path) => bytePathFromText(source === '/' ? path : source + path)),
    ),
    comparesNanoseconds: capabilities.nanoseconds,
    nowMs: run.startedMs,
    signal: run.signal,
  })
  throwIfInterrupted(run.signal)
  return suspects
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
): Promise<void> {
  await mkdir(run.staged.checked, { mode: 0o700 })
  const end = await runRsync({
    arguments: rsyncArguments({
      ...transfer,
      destination: run.staged.checked,
      scope: 'listed-by-content',
    }),
    input: Buffer.from(suspects.map((path) => `${path}\0`).join(''), 'latin1'),
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
  usableOrThrow(transferOutcome(end))
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

function usableOrThrow(outcome: TransferOutcome): TransferOutcome & { readonly kind: 'usable' } {
  if (outcome.kind === 'usable') return outcome
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
