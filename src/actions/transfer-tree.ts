/**
 * Copying a source into a staged tree. The scan decides: what is certainly unchanged is linked by us, what only
 * looks unchanged is compared by content, and rsync copies the rest. rsync writes files only into directories
 * that hold no link to a published inode.
 */
import { SnapfsError } from '../errors/snapfs-error.ts'
import type { KeptAttributes } from '../model/link-block.ts'
import { type Capabilities, probeCapabilities } from '../repository/capabilities.ts'
import { treeDirectory } from '../repository/layout.ts'
import { LinkCrew } from '../repository/link-crew.ts'
import { restageTree } from '../repository/staged-snapshot.ts'
import { probeXattrs } from '../rsync/probe-xattrs.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import { chooseBases } from './choose-bases.ts'
import { fillAnew } from './fill-anew.ts'
import { fillByContent, isForComparison } from './fill-by-content.ts'
import { fillByRsync } from './fill-by-rsync.ts'
import { fillByScan } from './fill-by-scan.ts'
import { rememberScan } from './go-on.ts'
import { judgeLinkage } from './judge-linkage.ts'
import { scanForBackup } from './scan-for-backup.ts'
import { plainRules, rulesInForce } from './source-walk.ts'
import type { CommonOptions, Filled, TransferResult, TreeTransfer } from './transfer.ts'

/**
 * Finds out what a run can copy and keep, by trying.
 * @throws SnapfsError when the repository cannot hold snapshots any more
 */
export async function probeMeans(run: TreeTransfer): Promise<Means> {
  const { place, staged, rsync, signal } = run
  // Both have ended, also when one failed: what they make in the staged directory must be gone by then.
  const [tried, triedXattrs] = await Promise.allSettled([
    probeCapabilities(staged.directory, run.asRoot),
    rsync.xattrs ? probeXattrs(staged.directory, signal, run.stallMs) : false,
  ])
  if (tried.status === 'rejected') throw tried.reason
  if (triedXattrs.status === 'rejected') throw triedXattrs.reason
  const [capabilities, xattrs] = [tried.value, triedXattrs.value]
  if (!capabilities.hardLinks) throw lostHardLinks(place.repository)
  const fidelity = fidelityOf({ xattrs, acls: rsync.acls, asRoot: run.asRoot })
  const keeps = { ...capabilities, owners: capabilities.owners === true }
  return { capabilities, keeps, xattrs, fidelity }
}

/** @throws SnapfsError when the tree cannot be published; the staged directory is the caller's to remove */
export async function transferTree(run: TreeTransfer, means: Means): Promise<TransferResult> {
  const tree = run.staged.tree
  const crew = new LinkCrew({ tree, keeps: means.keeps, worker: run.linkWorker })
  try {
    return await transferWith(crew, run, means)
  } finally {
    await crew.close()
  }
}

/** What the two file systems and rsync can do. */
export interface Means {
  readonly capabilities: Capabilities
  readonly keeps: KeptAttributes
  readonly xattrs: boolean
  /** As the remembered state of the source names it. */
  readonly fidelity: string
}

async function transferWith(
  crew: LinkCrew,
  run: TreeTransfer,
  { capabilities, keeps, xattrs, fidelity }: Means,
): Promise<TransferResult> {
  const { place, source, staged, rsync } = run
  const bases = chooseBases(run.snapshots)
  const { scan, skipped } = await scanForBackup(
    run,
    keeps,
    crew,
    (other) => other === fidelity,
    bases,
  )
  const common: CommonOptions = {
    source,
    bases: bases.map((basis) => treeDirectory(place, basis.id)),
    // Not the one of ignore files, which the scan has obeyed: rsync would wait for ever for a FIFO of that name.
    filters: plainRules(skipped, run),
    comparesNanoseconds: capabilities.nanoseconds,
    copiesAcls: rsync.acls && xattrs,
    copiesXattrs: xattrs,
    ...profileOptions(run),
    stallMs: run.stallMs,
  }
  const always = {
    filters: rulesInForce(skipped, run),
    notes: xattrs ? [] : ['Extended attributes and access control lists were not stored.'],
    scan,
    fidelity,
    capabilities,
  }
  await rememberScan(run, scan, fidelity)
  const filled = await fillTree(run, common, scan, crew)
  if (filled.kind === 'filled') {
    const { result } = filled
    if (scan.inAttempts.files > 0) {
      result.summary.resumedFiles = scan.inAttempts.files
      result.summary.resumedBytes = scan.inAttempts.bytes
    }
    const linkage = judgeLinkage({
      counts: result.summary,
      againstBasis: scan.againstBasis,
      basisFiles: bases[0]?.manifest.counts.files,
    })
    const warnings = [...result.warnings, ...crowdedWarnings(scan), ...linkage]
    return { ...result, ...always, warnings, bases }
  }
  // The inode of a hard-linked group is full. A fresh tree without a basis starts a new inode for it.
  await crew.close()
  await restageTree(staged)
  const copied = await fillAnew(run, { ...common, bases: [] }, scan, { keeps, fidelity })
  if (copied.kind !== 'filled') throw new Error(`links to spare, yet: ${copied.message}`)
  const warning = `Hard links reached the limit of the file system, so everything was copied anew: ${filled.message}`
  const { result } = copied
  return { ...result, ...always, warnings: [...result.warnings, warning], bases: [] }
}

/** What a run copies with the content, as the remembered state of the source names it. */
export function fidelityOf(copied: {
  readonly xattrs: boolean
  readonly acls: boolean
  readonly asRoot: boolean
}): string {
  return [
    ...(copied.xattrs ? ['xattrs'] : []),
    ...(copied.xattrs && copied.acls ? ['acls'] : []),
    ...(copied.asRoot ? ['owners'] : []),
  ].join(' ')
}

/** What of the profile every run of rsync is told. */
export function profileOptions({
  profile: { fileSystems, rsyncOptions = [], bandwidth, ionice },
}: Pick<TreeTransfer, 'profile'>): Pick<CommonOptions, 'fileSystems' | 'options' | 'ionice'> {
  return {
    ...(fileSystems === undefined ? {} : { fileSystems }),
    ...(ionice === undefined ? {} : { ionice }),
    // A number without a unit is KiB to rsync, and 0 would be no limit.
    options: [
      ...rsyncOptions,
      ...(bandwidth === undefined ? [] : [`--bwlimit=${Math.max(1, Math.ceil(bandwidth / 1024))}`]),
    ],
  }
}

async function fillTree(
  run: TreeTransfer,
  common: CommonOptions,
  scan: SourceScan,
  crew: LinkCrew,
): Promise<Filled> {
  // Where the crew was at work the tree is not empty, and rsync would copy what only the scan leaves out.
  if (scan.linkCount > 0 || crew.hasBegun || scan.isThinned) {
    return fillByScan(run, common, scan, crew)
  }
  return isForComparison(scan) ? fillByContent(run, common, scan) : fillByRsync(run, common, scan)
}

/** Worth knowing, since it costs space: the next links begin at the copy. */
function crowdedWarnings({ crowded }: SourceScan): string[] {
  if (crowded.size === 0) return []
  const files = crowded.size === 1 ? '1 file was' : `${crowded.size} files were`
  return [
    `${files} copied and not linked, since hard links reached the limit of the file system; from now on the copy is linked.`,
  ]
}

/** The disk of the repository is another one than when it was made. */
export function lostHardLinks(repository: string): SnapfsError {
  return new SnapfsError(
    'REPOSITORY_UNUSABLE',
    `The file system of the repository ${repository} has no hard links.`,
    { hint: 'Is the right disk mounted there? Every snapshot would be a full copy.' },
  )
}
