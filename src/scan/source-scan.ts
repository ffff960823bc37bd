/** What a scan of the source is asked, and what it answers. */
import type { BytePath } from '../model/entry-name.ts'
import type { ExpectedEntry, KeptAttributes, Linker } from '../model/link-block.ts'
import type { Counts } from '../model/manifest.ts'
import type { SourceDevices, SourceMount } from './source-devices.ts'
import type { SourceState } from './source-state.ts'
import type { StateWriter } from './state-writer.ts'
import type { SourceWalk, Unreadable } from './walk-source.ts'

export interface BasisEvidence {
  readonly tree: BytePath
  /** When the run that made the basis began, in milliseconds since 1970. */
  readonly startedMs: number
}

/** A tree, and what the source was when it was filled. */
export interface RememberedTree {
  readonly tree: BytePath
  readonly state: SourceState
}

/** What a run had copied when it was interrupted. */
export interface Attempt {
  readonly trees: readonly BytePath[]
  /** What it had scanned, if that can be relied on. */
  readonly state: SourceState | undefined
  /** Copies whose ctime is before this are on the disk for certain. */
  readonly durableNs: bigint
}

export interface ScanRequest extends SourceWalk {
  readonly mounts: readonly SourceMount[]
  readonly bases: readonly BasisEvidence[]
  /** What entries may be linked from. */
  readonly remembered: RememberedTree | undefined
  /** Is told what can be linked, while the scan goes on. */
  readonly linker: Linker
  /** Is told what the source is. */
  readonly state: StateWriter
  readonly attempts: readonly Attempt[]
  readonly keeps: KeptAttributes
  readonly machineId: string
  readonly bootId: string
  /** `content`: nothing is believed, and all that looks unchanged is compared. */
  readonly compareBy: 'content' | 'state'
  /** The present, in milliseconds since 1970; before the start of a basis, ctimes prove nothing. */
  readonly nowMs: number
  readonly signal: AbortSignal
  readonly onProgress: (entries: number) => void
}

/** Regular files; those linked at once are not in it. */
export interface BasisComparison {
  /** With equal size and time. */
  readonly alike: number
  /** With equal size and another time. */
  readonly otherTime: number
  readonly otherSize: number
  /** Not there, or something else than a file. */
  readonly absent: number
}

/** An entry to be linked. */
export interface Link {
  /** Below the source, and below the tree that is filled. */
  readonly path: string
  /** Where it lies, absolute. */
  readonly lies: BytePath
  /** What must lie there; absent: it was looked at. */
  readonly expected?: ExpectedEntry
}

/** An entry that has another name than before. `state`: linked at once. `content`: compared first. */
export interface Move extends Link {
  readonly proof: 'state' | 'content'
}

/** What a manifest counts, as far as the source alone tells. */
export type ScanCounts = {
  -readonly [
    Key in Exclude<
      keyof Counts,
      | `changed${string}`
      | `attribute${string}`
      | `linked${string}`
      | `moved${string}`
      | `resumed${string}`
    >
  ]: Counts[Key]
}

/** Paths are below the source, bytes as characters. */
export interface SourceScan {
  /** Without the source itself; each after the one above it. */
  readonly directories: readonly string[]
  /** To be taken from an interrupted run, if rsync finds their attributes equal. */
  readonly resumed: readonly string[]
  /** Files that no snapshot has and an interrupted run may have, whether they are believed or compared. */
  readonly inAttempts: { readonly files: number; readonly bytes: number }
  /** How many are linked without being read, moved ones included. */
  readonly linkCount: number
  /** How many of those are linked already. */
  readonly linkedCount: number
  /** Those that the file system would not link; they are to be copied. */
  readonly refused: readonly string[]
  /** Why it would not, as errno name. */
  readonly refusal: string | undefined
  /** Those to be compared are among the suspects. */
  readonly moves: readonly Move[]
  /** To be compared by content. */
  readonly suspects: readonly string[]
  /** Of those, when all is compared: what would have been linked, being unchanged for certain. */
  readonly provenSame: ReadonlySet<string>
  /** How the files that were not linked compare to the first basis, by what can be seen without reading them. */
  readonly againstBasis: BasisComparison
  /** To be copied. */
  readonly copies: readonly string[]
  /** Bytes of those files; where names of one file go together, about so many. */
  readonly sizes: { readonly suspects: number; readonly copies: number }
  /** To be decided by rsync against the bases. */
  readonly undecided: readonly string[]
  /** Those of the copies that have an entry to link to, but one that has no room for more links. */
  readonly crowded: ReadonlySet<string>
  /** Whether two files of the source look like one stored file: then rsync would tie them together by itself. */
  readonly isContested: boolean
  readonly repositories: readonly string[]
  readonly unreadable: readonly Unreadable[]
  /** Whether something was left out for a reason that is no rule of the user's, or would have been: rsync knows nothing of it. */
  readonly isThinned: boolean
  readonly counts: ScanCounts
  readonly state: StateWriter
  readonly devices: SourceDevices
  /** What is still to be linked. */
  toLink(): Iterable<Link>
  /** All names of the files that have one of these, which were to be linked, among several. */
  twinsOf(paths: readonly string[]): readonly string[]
}
