/**
 * One snapshot of one profile: lock, check the world, choose bases, copy, compare, publish. Nothing is
 * shown under a snapshot's name before it is whole and on the disk, and nothing published is touched.
 */
import { mkdir } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { pathBelow } from '../model/absolute-path.ts'
import { bytePathFromText } from '../model/entry-name.ts'
import type { Counts, Manifest, Outcome, Problem } from '../model/manifest.ts'
import { MANIFEST_FORMAT } from '../model/manifest.ts'
import type { Profile } from '../model/profile.ts'
import { epochMsOf, nextFreeId, type SnapshotId } from '../model/snapshot-id.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { World } from '../model/world.ts'
import { readSeries, snapshotIdsIn } from '../catalog/read-series.ts'
import { MOUNT_TYPE } from '../fuse/driver.ts'
import { readMountTable } from '../fuse/mount-table.ts'
import { type Capabilities, probeCapabilities } from '../repository/capabilities.ts'
import { type SeriesPlace, snapshotDirectory, treeDirectory } from '../repository/layout.ts'
import { takeLock } from '../repository/lock.ts'
import { openRepository, type Repository } from '../repository/open-repository.ts'
import { RsyncLog } from '../repository/rsync-log.ts'
import {
  discardSnapshot,
  prepareSeries,
  publishSnapshot,
  removeLeftovers,
  stageSnapshot,
  type StagedSnapshot,
} from '../repository/staged-snapshot.ts'
import { withStorageErrors } from '../repository/storage-error.ts'
import { rsyncArguments, type TransferRequest } from '../rsync/arguments.ts'
import { excludePathRule, excludeRule } from '../rsync/filter-rules.ts'
import { type TransferOutcome, transferOutcome } from '../rsync/outcome.ts'
import { parseOutputLine } from '../rsync/output-line.ts'
import { probeXattrs } from '../rsync/probe-xattrs.ts'
import { probeRsync, runRsync } from '../rsync/run-rsync.ts'
import { addLine, emptySummary, type TransferSummary } from '../rsync/transfer-summary.ts'
import type { RsyncVersion } from '../rsync/version.ts'
import { findSuspects } from '../scan/find-suspects.ts'
import { checkSource, refuseSuddenlyEmpty } from './check-source.ts'
import { chooseBases } from './choose-bases.ts'
import { throwIfInterrupted } from './interruption.ts'

export interface BackUpRequest {
  readonly profile: Profile
  /** Patterns beside those of the profile. */
  readonly exclude: readonly string[]
  readonly emptySource: 'refuse' | 'allow'
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export interface Progress {
  readonly checkedEntries: number
  readonly knownEntries: number
  /** Whether `knownEntries` is final. */
  readonly listComplete: boolean
  readonly transferredBytes: number
}

export interface BackUpReport {
  readonly profile: string
  readonly id: SnapshotId
  readonly path: string
  readonly outcome: Outcome
  readonly counts: Counts
  readonly problems: readonly Problem[]
  readonly problemCount: number
  /** Sentences about what went wrong beside the snapshot. */
  readonly warnings: readonly string[]
  /** Sentences about what this repository cannot keep, every time. */
  readonly notes: readonly string[]
  readonly durationMs: number
}

/** @throws SnapfsError; nothing is left behind then but the lock-free series directory */
export async function backUp(request: BackUpRequest, world: World): Promise<BackUpReport> {
  const { profile, signal } = request
  const startedMs = world.clock.now()
  const startedElapsed = world.clock.elapsed()
  const repository = await openRepository(profile.repository)
  const source = await checkSource(profile.source, repository.path)
  const rsync = await probeRsync()
  const place: SeriesPlace = { repository: repository.path, profile: profile.name }
  return withStorageErrors(repository.path, async () => {
    await prepareSeries(place)
    const lock = await takeLock(place, 'snapfs backup', startedMs)
    try {
      const { snapshots, damaged } = readSeries(place)
      const newest = snapshots.at(-1)
      if (request.emptySource === 'refuse') await refuseSuddenlyEmpty(source, newest)
      await removeLeftovers(place)
      throwIfInterrupted(signal)
      const id = nextFreeId(startedMs, new Set(snapshotIdsIn(place)))
      const staged = await stageSnapshot(place, id)
      try {
        const run: Run = { request, world, repository, place, source, rsync, staged, snapshots }
        const transfer = await transferTree(run, startedMs)
        const manifest = describeRun(run, transfer, {
          startedMs,
          durationMs: Math.round(world.clock.elapsed() - startedElapsed),
        })
        await transfer.log.write()
        throwIfInterrupted(signal)
        const late = await publishSnapshot(place, staged, manifest)
        return {
          profile: profile.name,
          id,
          path: snapshotDirectory(place, id),
          outcome: manifest.outcome,
          counts: manifest.counts,
          problems: manifest.problems,
          problemCount: manifest.problemCount,
          warnings: [
            ...damaged.map(({ id: which, reason }) => `Snapshot ${which} is damaged: ${reason}.`),
            ...transfer.warnings,
            ...late,
          ],
          notes: transfer.notes,
          durationMs: manifest.durationMs,
        }
      } catch (error) {
        await discardSnapshot(staged)
        throw error
      }
    } finally {
      await lock.release()
    }
  })
}

interface Run {
  readonly request: BackUpRequest
  readonly world: World
  readonly repository: Repository
  readonly place: SeriesPlace
  readonly source: string
  readonly rsync: RsyncVersion
  readonly staged: StagedSnapshot
  readonly snapshots: readonly Snapshot[]
}

interface Transfer {
  readonly usable: TransferOutcome & { readonly kind: 'usable' }
  readonly exitCode: number
  readonly summary: TransferSummary
  readonly bases: readonly Snapshot[]
  readonly filters: readonly string[]
  readonly warnings: readonly string[]
  readonly notes: readonly string[]
  readonly log: RsyncLog
}

/** Copies the source into the staged tree; what is unchanged becomes links to the bases. */
async function transferTree(run: Run, startedMs: number): Promise<Transfer> {
  const { request, world, place, source, staged, rsync } = run
  const capabilities = await probeCapabilities(staged.directory, world.userId === 0)
  if (!capabilities.hardLinks) throw lostHardLinks(run.repository.path)
  const xattrs = rsync.xattrs && (await probeXattrs(staged.directory, request.signal))
  const skipped = await pathsToSkip(source, run.repository.path)
  const bases = chooseBases(run.snapshots)
  const filters = [
    ...skipped.map((path) => excludePathRule(path)),
    ...[...request.profile.exclude, ...request.exclude].map(excludeRule),
  ]
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
  const checked = await compareSuspects(run, transfer, capabilities, bases, skipped, startedMs)
  throwIfInterrupted(request.signal)

  const summary = emptySummary()
  const log = new RsyncLog(staged.log)
  const end = await runRsync({
    arguments: rsyncArguments({ ...transfer, bases: [...checked, ...transfer.bases] }),
    signal: request.signal,
    onLine: (text) => {
      const line = parseOutputLine(text)
      if (line.kind === 'progress') request.onProgress(line)
      else if (text !== '') log.add(text)
      addLine(summary, line)
    },
  })
  throwIfInterrupted(request.signal)
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

/**
 * Compares by content what only looks unchanged, in a directory of its own, which the main run then takes
 * as its first basis. Never a second pass over the staged tree: its inodes are shared by then.
 * @returns the directory, or nothing when there was nothing to compare
 */
async function compareSuspects(
  run: Run,
  transfer: TransferRequest,
  capabilities: Capabilities,
  bases: readonly Snapshot[],
  skipped: readonly string[],
  startedMs: number,
): Promise<readonly string[]> {
  const { request, place, source, staged } = run
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
    nowMs: startedMs,
    signal: request.signal,
  })
  throwIfInterrupted(request.signal)
  if (suspects.length === 0) return []
  await mkdir(staged.checked, { mode: 0o700 })
  const end = await runRsync({
    arguments: rsyncArguments({
      ...transfer,
      destination: staged.checked,
      scope: 'listed-by-content',
    }),
    input: Buffer.from(suspects.map((path) => `${path}\0`).join(''), 'latin1'),
    signal: request.signal,
    onLine: () => undefined,
  })
  throwIfInterrupted(request.signal)
  // What could not be read here cannot be read by the main run either, which reports it.
  usableOrThrow(transferOutcome(end))
  return [staged.checked]
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

function describeRun(
  run: Run,
  transfer: Transfer,
  time: { readonly startedMs: number; readonly durationMs: number },
): Manifest {
  const { request, world, repository, source, rsync, staged, snapshots } = run
  return {
    format: MANIFEST_FORMAT,
    id: staged.id,
    sequence: snapshots.reduce((last, snapshot) => Math.max(last, snapshot.sequence), 0) + 1,
    profile: request.profile.name,
    repositoryId: repository.id,
    source: { path: request.profile.source, realPath: source, host: world.host },
    startedAt: new Date(time.startedMs).toISOString(),
    finishedAt: new Date(world.clock.now()).toISOString(),
    durationMs: time.durationMs,
    timeZone: world.timeZone,
    outcome: transfer.usable.outcome,
    rsync: { version: rsync.text, exitCode: transfer.exitCode },
    bases: transfer.bases.map((basis) => basis.id),
    filters: [...transfer.filters],
    counts: transfer.summary,
    problemCount: transfer.usable.problemCount,
    problems: [...transfer.usable.problems],
    snapfsVersion: world.version,
  }
}
