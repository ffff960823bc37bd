/** The words that the steps of filling a tree share: what is asked, how it goes, what came of it. */
import type { Problem } from '../model/manifest.ts'
import type { OnUnchanged, Profile } from '../model/profile.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Capabilities } from '../repository/capabilities.ts'
import type { SeriesPlace } from '../repository/layout.ts'
import type { Leftover } from '../repository/leftovers.ts'
import type { RsyncLog } from '../repository/rsync-log.ts'
import type { StagedSnapshot } from '../repository/staged-snapshot.ts'
import type { TransferRequest } from '../rsync/arguments.ts'
import type { TransferSummary } from '../rsync/transfer-summary.ts'
import type { RsyncVersion } from '../rsync/version.ts'
import type { SourceScan } from '../scan/source-scan.ts'
import type { StateWriter } from '../scan/state-writer.ts'
import type { BackupProgress } from './backup-progress.ts'

/** What of a transfer does not depend on where the source is. */
export type TransferTask = Omit<TreeTransfer, 'source' | 'state'>

export interface TreeTransfer {
  readonly place: SeriesPlace
  /** Absolute, without symbolic links. */
  readonly source: string
  readonly rsync: RsyncVersion
  readonly staged: StagedSnapshot
  /** All that the series holds, oldest first. */
  readonly snapshots: readonly Snapshot[]
  /** What interrupted runs have copied; it is removed as soon as nothing more is to be taken from it. */
  readonly leftovers: readonly Leftover[]
  /** Patterns of the user, in rsync's language. */
  readonly exclude: readonly string[]
  readonly compareBy: 'content' | 'state'
  /** `skip`: where nothing has changed there is to be no snapshot. */
  readonly onUnchanged: OnUnchanged
  /** What of the profile rsync and the scan are told. */
  readonly profile: Pick<
    Profile,
    'fileSystems' | 'leaveOut' | 'rsyncOptions' | 'bandwidth' | 'ionice'
  >
  readonly asRoot: boolean
  /** Is written to the disk while the source is scanned. */
  readonly state: StateWriter
  /** See `World`. */
  readonly linkWorker: URL | undefined
  /** When the run began, in milliseconds since 1970. */
  readonly startedMs: number
  /** For how long nothing may move, in milliseconds; Infinity: for ever. */
  readonly stallMs: number
  readonly signal: AbortSignal
  readonly progress: BackupProgress
  /** Called with the scan before anything is copied. @throws SnapfsError when it must not be */
  readonly judgeScan: (scan: SourceScan) => void
}

/** What is known of every filled tree. */
export interface CopyResult {
  readonly problems: readonly Problem[]
  /** Those beyond the limit included. */
  readonly problemCount: number
  readonly exitCode: number
  readonly summary: TransferSummary
  readonly bases: readonly Snapshot[]
  readonly filters: readonly string[]
  readonly warnings: readonly string[]
  readonly notes: readonly string[]
  readonly log: RsyncLog
  /** How the tree was filled: with links of our own, or by rsync alone. */
  readonly engine: 'scan' | 'rsync'
}

/** Of a local source there is a scan. */
export interface TransferResult extends CopyResult {
  readonly scan: SourceScan
  /** What was copied with the content; a later run that copies more cannot rely on this one. */
  readonly fidelity: string
  readonly capabilities: Capabilities
}

/** What all runs of rsync for one backup have in common. */
export type CommonOptions = Omit<TransferRequest, 'destination' | 'scope'>

/** How the filling of a tree ended. */
export type Filled =
  | {
      readonly kind: 'filled'
      readonly result: Pick<
        CopyResult,
        'problems' | 'problemCount' | 'exitCode' | 'summary' | 'warnings' | 'log' | 'engine'
      >
    }
  | { readonly kind: 'too-many-links'; readonly message: string }
