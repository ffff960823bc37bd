/** The scan of a source before a backup: what to leave out, and what to hold the source against. */
import { compileRules } from '../filter/compile-rules.ts'
import { parseRule } from '../filter/parse-rule.ts'
import { MOUNT_TYPE } from '../fuse/driver.ts'
import { readMountTable } from '../fuse/mount-table.ts'
import { pathBelow } from '../model/absolute-path.ts'
import type { KeptAttributes, Linker } from '../model/link-block.ts'
import { bytePathFromText } from '../model/entry-name.ts'
import { epochMsOf } from '../model/snapshot-id.ts'
import { showLife } from '../model/sign-of-life.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { treeDirectory } from '../repository/layout.ts'
import { decodeMarker } from '../repository/marker.ts'
import { stateFile, STATES_KEPT } from '../repository/state-store.ts'
import { thisMachine } from '../repository/this-machine.ts'
import { excludeRule } from '../rsync/filter-rules.ts'
import { openState } from '../scan/open-state.ts'
import { scanSource } from '../scan/scan-source.ts'
import type { RememberedTree, SourceScan } from '../scan/source-scan.ts'
import { readAttempts } from './go-on.ts'
import { throwIfInterrupted } from './interruption.ts'
import type { TreeTransfer } from './transfer.ts'

export interface BackupScan {
  readonly scan: SourceScan
  /** Paths below the source, as text with a leading slash, that are left out by themselves. */
  readonly skipped: readonly string[]
}

/** What of a backup its scan must know; a dry run knows no more. */
export type ScanTask = Pick<
  TreeTransfer,
  | 'place'
  | 'source'
  | 'snapshots'
  | 'leftovers'
  | 'exclude'
  | 'compareBy'
  | 'profile'
  | 'startedMs'
  | 'signal'
  | 'progress'
  | 'judgeScan'
  | 'state'
>

/**
 * @param keeps what the repository keeps of an entry
 * @param linker links what is unchanged, while the scan goes on
 * @param isEnough whether this run may rely on one that copied so much with the content
 * @throws SnapfsError when a signal ended it, or the source is judged not to be backed up
 */
export async function scanForBackup(
  run: ScanTask,
  keeps: KeptAttributes,
  linker: Linker,
  isEnough: (fidelity: string) => boolean,
  bases: readonly Snapshot[],
): Promise<BackupScan> {
  const { place, source, signal } = run
  const mounts = await readMountTable()
  const known = [
    place.repository,
    ...mounts
      .filter((mount) => mount.type === MOUNT_TYPE)
      .map((mount) => Buffer.from(mount.mountpoint, 'latin1').toString('utf8')),
  ]
    .map((path) => pathBelow(source, path))
    .filter((path) => path !== undefined)
  showLife('scan')
  const { machineId, bootId } = await thisMachine()
  const remembered = await newestRemembered(run, isEnough)
  const attempts = await readAttempts(run.leftovers, isEnough)
  const scan = await scanSource({
    source: bytePathFromText(source),
    mounts,
    bases: bases.map((basis) => ({
      tree: bytePathFromText(treeDirectory(place, basis.id)),
      startedMs: Math.min(Date.parse(basis.manifest.startedAt), epochMsOf(basis.id)),
    })),
    remembered,
    attempts,
    linker,
    state: run.state,
    keeps,
    skipped: new Set(known.map((path) => bytePathFromText(source === '/' ? path : source + path))),
    ...(run.profile.fileSystems === undefined ? {} : { fileSystems: run.profile.fileSystems }),
    decide: compileRules(run.exclude.map((pattern) => parseRule(excludeRule(pattern)))),
    isRepositoryMarker: (text) => decodeMarker(text).kind !== 'damaged',
    compareBy: run.compareBy,
    machineId,
    bootId,
    nowMs: run.startedMs,
    signal,
    onProgress: (entries) => run.progress.scanned(entries),
  }).finally(() => {
    for (const { state } of [...attempts, ...(remembered === undefined ? [] : [remembered])]) {
      state?.close()
    }
  })
  throwIfInterrupted(signal)
  run.judgeScan(scan)
  const repositories = scan.repositories.map(
    (path) => `/${Buffer.from(path, 'latin1').toString('utf8')}`,
  )
  return { scan, skipped: [...known, ...repositories] }
}

/** The newest snapshot whose source is remembered, if that can be relied on. */
async function newestRemembered(
  run: ScanTask,
  isEnough: (fidelity: string) => boolean,
): Promise<RememberedTree | undefined> {
  for (const snapshot of run.snapshots.toReversed().slice(0, STATES_KEPT)) {
    const reading = await openState(stateFile(run.place, snapshot.id))
    if (reading.kind === 'damaged') continue
    const { header } = reading.state
    const isOfSnapshot =
      header.snapshot === snapshot.id && header.startedAt === snapshot.manifest.startedAt
    if (!isOfSnapshot || !isEnough(header.fidelity)) {
      reading.state.close()
      continue
    }
    const tree = bytePathFromText(treeDirectory(run.place, snapshot.id))
    return { tree, state: reading.state }
  }
  return undefined
}
