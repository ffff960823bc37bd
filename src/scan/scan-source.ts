/**
 * The source as it is now against the source as it was: for each entry whether it is linked from an
 * earlier snapshot, compared with one by content, or copied. Walking and comparing is all that happens
 * here; nothing is written.
 *
 * Evidence, strongest first:
 *  1. Remembered state: equal device, inode, ctime, modification time, size and kind. Certain; such an entry
 *     is linked without a byte being read.
 *  2. A copy in a basis with equal size and time but without such proof. rsync would believe it; unpacked
 *     archives whose files all carry one time, and tools that set the time back, make it wrong. It is
 *     compared by content.
 *  3. A copy in a run that was interrupted, from which the source did not change since it was scanned then, and
 *     that is on the disk for certain. Its content is right; whether its attributes are, rsync looks.
 *  4. On file systems whose inode numbers or ctimes prove nothing, rsync's own quick check decides, but for
 *     what has a ctime not older than the basis: that is compared by content.
 */
import type { BigIntStats } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { joinPath } from '../model/entry-name.ts'
import { checkWays } from './check-ways.ts'
import { HardLinkGroups, LINKS_LIMIT, type Way } from './hard-link-groups.ts'
import { isSameDevice, SourceDevices } from './source-devices.ts'
import type {
  Attempt,
  LinkBlock,
  RememberedTree,
  ScanCounts,
  ScanRequest,
  SourceScan,
} from './source-scan.ts'
import { entryKind, type EntryState, type SourceState, StateWriter } from './source-state.ts'
import { compareWith, type StoredEntry, storedAsItWas } from './stored-entry.ts'
import { type WalkedDirectory, type WalkedEntry, walkSource } from './walk-source.ts'

/** ctime comes from a clock that ticks with the kernel's timer, and the second of a FAT is two long. */
const CLOCK_GRAIN_MS = 3000
/** So often the event loop gets its turn, for signals and progress. */
const ENTRIES_PER_TURN = 2000

/** Scans a source. @throws the operating system's error when the source itself cannot be read */
export async function scanSource(request: ScanRequest): Promise<SourceScan> {
  const scan = new Scan(request)
  let sinceTurn = 0
  for (const found of walkSource(request)) {
    if ('repository' in found) {
      scan.repositories.push(found.repository)
      continue
    }
    scan.add(found)
    sinceTurn += found.entries.length + 1
    if (sinceTurn <= ENTRIES_PER_TURN) continue
    sinceTurn = 0
    request.onProgress(scan.counts.entries)
    await setImmediate()
    if (request.signal.aborted) break
  }
  scan.settleGroups()
  checkWays(scan)
  return scan
}

type Described = WalkedEntry & { readonly device: number }

/** One of the trees that entries may be linked from, during the look at one directory. */
interface Candidate extends RememberedTree {
  readonly entries: ReadonlyMap<string, EntryState> | undefined
  readonly names: string[]
}

/** An attempt, during the look at one directory. */
interface AttemptHere extends Attempt {
  readonly entries: ReadonlyMap<string, EntryState> | undefined
}

/** What is known of a directory from before, during the look at it. */
interface Past {
  readonly candidates: readonly Candidate[]
  readonly attempts: readonly AttemptHere[]
}

class Scan implements SourceScan {
  readonly directories: string[] = []
  readonly links: LinkBlock[] = []
  readonly revoked = new Set<string>()
  linkCount = 0
  suspects: string[] = []
  copies: string[] = []
  undecided: string[] = []
  resumed: string[] = []
  readonly sizes = { suspects: 0, copies: 0 }
  readonly inAttempts = { files: 0, bytes: 0 }
  readonly provenSame = new Set<string>()
  readonly againstBasis = { alike: 0, otherTime: 0, otherSize: 0, absent: 0 }
  readonly crowded = new Set<string>()
  readonly repositories: string[] = []
  readonly unreadable: { path: string; code: string }[] = []
  readonly counts: ScanCounts = {
    entries: 0,
    files: 0,
    directories: 0,
    symlinks: 0,
    specials: 0,
    totalBytes: 0,
  }
  readonly state = new StateWriter()
  readonly devices: SourceDevices
  readonly #request: ScanRequest
  readonly #groups = new HardLinkGroups()

  constructor(request: ScanRequest) {
    this.#request = request
    this.devices = new SourceDevices(request.source, request.mounts)
  }

  add(directory: WalkedDirectory): void {
    const { path, entries, status } = directory
    if (path !== '') this.directories.push(path)
    this.unreadable.push(...directory.unreadable)
    this.counts.entries += 1 + entries.length
    this.counts.directories += 1
    const device = this.devices.indexOf(status.dev, path)
    const described = entries.map((entry): Described => {
      const isHere = entry.status.dev === status.dev
      return { ...entry, device: isHere ? device : this.devices.indexOf(entry.status.dev, path) }
    })
    this.state.addDirectory(path, described)
    const candidates = this.#request.remembered.map((tree): Candidate => ({
      ...tree,
      entries: tree.state.entriesOf(path),
      names: [],
    }))
    const attempts = this.#request.attempts.map((attempt): AttemptHere => ({
      ...attempt,
      entries: attempt.state?.entriesOf(path),
    }))
    for (const entry of described) {
      this.#count(entry.status)
      const below = path === '' ? entry.name : `${path}/${entry.name}`
      this.#decide(below, entry, { candidates, attempts })
    }
    for (const { tree, names } of candidates) {
      if (names.length > 0) this.links.push({ from: tree, directory: path, names })
      this.linkCount += names.length
    }
  }

  /** Brings the names of each hard-linked file onto one way. */
  settleGroups(): void {
    const { compared, copied } = this.#groups.corrections()
    if (compared.length + copied.length === 0) return
    const left = new Set([...this.suspects, ...this.copies, ...this.undecided, ...this.resumed])
    for (const path of [...compared, ...copied]) {
      if (left.has(path)) continue
      this.revoked.add(path)
      this.linkCount -= 1
    }
    for (const path of copied) this.crowded.add(path)
    // Each is taken out of where it was, and put in once.
    const isSettled = new Set([...compared, ...copied])
    const others = (paths: readonly string[]): string[] =>
      paths.filter((path) => !isSettled.has(path))
    this.suspects = [...others(this.suspects), ...compared]
    this.resumed = others(this.resumed)
    this.undecided = others(this.undecided)
    this.copies = [...others(this.copies), ...copied]
  }

  twinsOf(paths: readonly string[]): readonly string[] {
    return this.#groups.linkedWith(paths)
  }

  #count(status: BigIntStats): void {
    const kind = entryKind(status)
    if (kind === 'file') this.counts.files += 1
    else if (kind === 'symlink') this.counts.symlinks += 1
    else this.counts.specials += 1
    // As rsync counts: symbolic links have a size too.
    if (kind !== 'special') this.counts.totalBytes += Number(status.size)
  }

  #decide(path: string, entry: Described, past: Past): void {
    const { status } = entry
    const hasTwins = status.nlink > 1n && status.isFile()
    for (const candidate of past.candidates) {
      const was = candidate.entries?.get(entry.name)
      if (was === undefined || !this.#isUnchanged(entry, was, candidate.state)) continue
      const stored = storedAsItWas(joinPath(candidate.tree, path), status, this.#request.keeps)
      if (stored === undefined || stored.links >= LINKS_LIMIT) continue
      if (this.#request.compareBy === 'content') {
        this.provenSame.add(path)
        break
      }
      candidate.names.push(entry.name)
      if (hasTwins) this.#groups.add(path, status, stored, 'linked')
      return
    }
    const { lookalike, way } = this.#leaveToRsync(path, entry, past.attempts)
    if (hasTwins) this.#groups.add(path, status, lookalike, way)
  }

  #isUnchanged({ status, device }: Described, past: EntryState, state: SourceState): boolean {
    const { header } = state
    const { machineId, bootId } = this.#request
    const now = this.devices.at(device)
    if (now?.isStable !== true || header.machineId !== machineId) return false
    const boot = header.bootId === bootId ? 'same boot' : 'another boot'
    if (!isSameDevice(header.devices[past.device], now, boot)) return false
    // What changed while that scan looked at it may have changed again without its ctime moving.
    const isSettled = past.changedNs < BigInt(header.scannedMs - CLOCK_GRAIN_MS) * 1_000_000n
    return (
      isSettled &&
      past.changedNs === status.ctimeNs &&
      past.inode === status.ino &&
      past.modifiedNs === status.mtimeNs &&
      past.sizeBytes === status.size &&
      past.kind === entryKind(status)
    )
  }

  #leaveToRsync(
    path: string,
    entry: Described,
    attempts: readonly AttemptHere[],
  ): { readonly lookalike: StoredEntry | undefined; readonly way: Way } {
    const { status, device } = entry
    const isStable = this.devices.at(device)?.isStable === true
    const { bases, nowMs, keeps, compareBy } = this.#request
    let seen: StoredEntry | undefined
    let isSuspect = false
    for (const [index, basis] of bases.entries()) {
      const look = compareWith(joinPath(basis.tree, path), status, keeps)
      if (index === 0 && status.isFile()) this.againstBasis[look.kind] += 1
      if (look.kind !== 'alike') continue
      const { stored } = look
      seen ??= stored
      const clockWentBack = nowMs < basis.startedMs
      const isOlder = !clockWentBack && status.ctimeMs < basis.startedMs - CLOCK_GRAIN_MS
      if (isStable || !isOlder || compareBy === 'content') isSuspect = true
    }
    const begun = this.#inAttempts(path, entry, attempts)
    if (begun !== undefined && seen === undefined) {
      this.inAttempts.files += 1
      this.inAttempts.bytes += Number(status.size)
    }
    seen ??= begun
    if (begun?.isCertain === false) isSuspect = true
    // A full inode has no room for a link; a copy makes a new one that has.
    if (seen !== undefined && seen.links >= LINKS_LIMIT) {
      this.copies.push(path)
      this.crowded.add(path)
    } else if (begun?.isCertain === true) {
      this.resumed.push(path)
      return { lookalike: seen, way: 'resumed' }
    } else if (isSuspect) {
      this.suspects.push(path)
      if (status.isFile()) this.sizes.suspects += Number(status.size)
    } else if (isStable || seen === undefined) {
      this.copies.push(path)
      if (status.isFile()) this.sizes.copies += Number(status.size)
    } else this.undecided.push(path)
    return { lookalike: seen, way: 'other' }
  }

  /**
   * What interrupted runs have at a path. It is certain only when all that look like the source are: rsync takes
   * the first. Only of a file: for everything else an entry may be there without its attributes.
   */
  #inAttempts(
    path: string,
    entry: Described,
    attempts: readonly AttemptHere[],
  ): (StoredEntry & { readonly isCertain: boolean }) | undefined {
    const { status } = entry
    if (!status.isFile()) return undefined
    let found: StoredEntry | undefined
    let isCertain = true
    for (const { trees, state, entries, durableNs } of attempts) {
      const was = entries?.get(entry.name)
      const isUnchanged =
        state !== undefined && was !== undefined && this.#isUnchanged(entry, was, state)
      for (const tree of trees) {
        const look = compareWith(joinPath(tree, path), status, this.#request.keeps)
        if (look.kind !== 'alike') continue
        const { stored } = look
        found ??= stored
        isCertain &&= isUnchanged && stored.changedNs < durableNs
        isCertain &&= this.#request.compareBy === 'state'
      }
    }
    return found === undefined ? undefined : { ...found, isCertain }
  }
}
