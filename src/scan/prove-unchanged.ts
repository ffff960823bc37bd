/**
 * Whether a source is, down to the last entry, what it was when a snapshot was made of it. Nothing is taken from what
 * looks alike: each entry must be unchanged for certain, as for a link, and so must every directory, in what it holds
 * and in itself. The first thing that is not so ends it.
 */
import { setImmediate } from 'node:timers/promises'
import { joinPath } from '../model/entry-name.ts'
import type { KeptAttributes } from '../model/link-block.ts'
import { type DirectoryTrail, DirectoryTrailWriter } from './directory-trail.ts'
import { Evidence, type EvidenceRequest, isSettled } from './evidence.ts'
import { lookQuietly } from './look.ts'
import { countEntry, emptyCounts } from './scan-counts.ts'
import { SourceDevices, type SourceMount } from './source-devices.ts'
import type { RememberedTree, ScanCounts } from './source-scan.ts'
import type { SourceStatus } from './source-status.ts'
import { storedAsItWas } from './stored-entry.ts'
import { type SourceWalk, type WalkedDirectory, walkSource } from './walk-source.ts'

/** So often the event loop gets its turn, for signals and progress. */
const ENTRIES_PER_TURN = 2000

export interface ProofRequest extends SourceWalk, EvidenceRequest {
  readonly mounts: readonly SourceMount[]
  readonly remembered: RememberedTree
  readonly signal: AbortSignal
  readonly onProgress: (entries: number) => void
}

/** What an unchanged source holds. */
export interface Proof {
  readonly counts: ScanCounts
  /** Repositories of others that are left out, their paths below the source. */
  readonly repositories: readonly string[]
}

/**
 * Undefined: not proven, or a signal ended it.
 * @throws the operating system's error when the source itself cannot be read
 */
export async function proveUnchanged(request: ProofRequest): Promise<Proof | undefined> {
  const { header } = request.remembered.state
  const trail = header.directories
  // A path that was not stored is one that the snapshot lacks.
  if (trail === undefined || header.missing.length > 0) return undefined
  if (!isSettled(BigInt(trail.newestNs), header)) return undefined
  const look = new Look(request, trail)
  const repositories: string[] = []
  let sinceTurn = 0
  for (const found of walkSource(request)) {
    if ('repository' in found) {
      repositories.push(found.repository)
      continue
    }
    if (!look.isUnchanged(found)) return undefined
    sinceTurn += found.entries.length + 1
    if (sinceTurn <= ENTRIES_PER_TURN) continue
    sinceTurn = 0
    request.onProgress(look.counts.entries)
    await setImmediate()
    if (request.signal.aborted) return undefined
  }
  return look.isWhole() ? { counts: look.counts, repositories } : undefined
}

/** One look at a source, directory by directory. */
class Look {
  readonly counts = emptyCounts()
  readonly #request: ProofRequest
  readonly #past: DirectoryTrail
  readonly #newestNs: bigint
  readonly #present = new DirectoryTrailWriter()
  readonly #devices: SourceDevices
  readonly #evidence: Evidence

  constructor(request: ProofRequest, past: DirectoryTrail) {
    this.#request = request
    this.#past = past
    this.#newestNs = BigInt(past.newestNs)
    this.#devices = new SourceDevices(request.source, request.mounts)
    this.#evidence = new Evidence(request, this.#devices)
  }

  /** Whether nothing that was found in a directory speaks against it. */
  isUnchanged({ path, status, entries, unreadable }: WalkedDirectory): boolean {
    const { remembered, keeps } = this.#request
    const { tree, state } = remembered
    if (unreadable.length > 0 || status.ctimeNs > this.#newestNs) return false
    const lies = path === '' ? tree : joinPath(tree, path)
    if (!isStoredDirectory(lookQuietly(lies), status, keeps)) return false
    const device = this.#devices.indexOf(status.dev, path)
    this.#present.add(path, { status, device }, entries.length)
    this.counts.entries += 1
    this.counts.directories += 1
    const before = state.entriesOf(path)
    return entries.every(({ name, status: entry }) => {
      countEntry(this.counts, entry)
      const was = before?.get(name)
      const on = entry.dev === status.dev ? device : this.#devices.indexOf(entry.dev, path)
      return (
        was !== undefined &&
        this.#evidence.isUnchanged({ status: entry, device: on }, was, state.header) &&
        storedAsItWas(joinPath(lies, name), entry, keeps) !== undefined
      )
    })
  }

  /** Whether all directories are those there were, with so many entries, on the devices they were on. */
  isWhole(): boolean {
    const { header } = this.#request.remembered.state
    const now = this.#devices.all()
    return (
      this.#present.trail().digest === this.#past.digest &&
      now.length === header.devices.length &&
      now.every((_device, index) => this.#evidence.isSamePlace(index, index, header))
    )
  }
}

/** Whether a directory of the snapshot is what was stored; its size is a matter of its file system. */
function isStoredDirectory(
  stored: SourceStatus | undefined,
  source: SourceStatus,
  keeps: KeptAttributes,
): boolean {
  if (stored === undefined) return false
  const grainNs = keeps.nanoseconds ? 1n : 1_000_000_000n
  const kind = (mode: bigint): bigint => (keeps.modes ? mode : mode & 0o170_000n)
  return (
    kind(stored.mode) === kind(source.mode) &&
    stored.mtimeNs / grainNs === source.mtimeNs / grainNs &&
    (!keeps.owners || (stored.uid === source.uid && stored.gid === source.gid))
  )
}
