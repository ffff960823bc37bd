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
 *  3. What has another name than before: see `find-moves.ts`.
 *  4. A copy in a run that was interrupted, from which the source did not change since it was scanned then, and
 *     that is on the disk for certain. Its content is right; whether its attributes are, rsync looks.
 *  5. On file systems whose inode numbers or ctimes prove nothing, rsync's own quick check decides, but for
 *     what has a ctime not older than the basis: that is compared by content.
 */
import { setImmediate } from 'node:timers/promises'
import { joinPath } from '../model/entry-name.ts'
import { checkWays } from './check-ways.ts'
import { type AttemptHere, Claims, type Comparison, type Described, Evidence } from './evidence.ts'
import { findMoves, type Newcomer } from './find-moves.ts'
import { HardLinkGroups, LINKS_LIMIT, type Way } from './hard-link-groups.ts'
import { SourceDevices } from './source-devices.ts'
import type { Link, Move, ScanCounts, ScanRequest, SourceScan } from './source-scan.ts'
import { type EntryState, StateWriter } from './source-state.ts'
import { entryKind, isFile, keptStatus, type SourceStatus } from './source-status.ts'
import { type Look, type StoredEntry, storedAsItWas } from './stored-entry.ts'
import { type WalkedDirectory, walkSource } from './walk-source.ts'

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
  scan.settleMoves()
  scan.settleGroups()
  checkWays(scan)
  return scan
}

/** An entry, during the look at its directory. */
interface Entry extends Described {
  readonly name: string
  /** What was remembered of its path. */
  readonly was: EntryState | undefined
}

/** What is to become of an entry that is not linked where it was. */
interface Left {
  /** What it may be linked to, by rsync. */
  readonly lookalike: StoredEntry | undefined
  readonly way: Way
  readonly isNew: boolean
}

interface New extends Newcomer {
  /** What the first basis has at its path. */
  readonly first: Look['kind'] | undefined
}

/** Entries of one directory to be linked. */
interface LinkBlock {
  readonly directory: string
  readonly names: readonly string[]
}

class Scan implements SourceScan {
  readonly directories: string[] = []
  linkCount = 0
  suspects: string[] = []
  copies: string[] = []
  undecided: string[] = []
  resumed: string[] = []
  moves: Move[] = []
  readonly sizes = { suspects: 0, copies: 0 }
  readonly inAttempts = { files: 0, bytes: 0 }
  readonly provenSame = new Set<string>()
  readonly againstBasis: Comparison = { alike: 0, otherTime: 0, otherSize: 0, absent: 0 }
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
  readonly #evidence: Evidence
  readonly #groups = new HardLinkGroups()
  readonly #claims = new Claims()
  readonly #newcomers: New[] = []
  readonly #links: LinkBlock[] = []
  readonly #revoked = new Set<string>()

  constructor(request: ScanRequest) {
    this.#request = request
    this.devices = new SourceDevices(request.source, request.mounts)
    this.#evidence = new Evidence(request, this.devices)
  }

  add(directory: WalkedDirectory): void {
    const { path, entries, status } = directory
    const { remembered } = this.#request
    if (path !== '') this.directories.push(path)
    this.unreadable.push(...directory.unreadable)
    this.counts.entries += 1 + entries.length
    this.counts.directories += 1
    const device = this.devices.indexOf(status.dev, path)
    const before = remembered?.state.entriesOf(path)
    const described = entries.map((entry): Entry => {
      const isHere = entry.status.dev === status.dev
      const on = isHere ? device : this.devices.indexOf(entry.status.dev, path)
      return { ...entry, device: on, was: before?.get(entry.name) }
    })
    this.state.addDirectory(path, described)
    const attempts = this.#request.attempts.map((attempt): AttemptHere => ({
      ...attempt,
      entries: attempt.state?.entriesOf(path),
    }))
    const names: string[] = []
    for (const entry of described) {
      this.#count(entry.status)
      const below = path === '' ? entry.name : `${path}/${entry.name}`
      if (this.#isLinked(below, entry)) names.push(entry.name)
      else this.#leave(below, entry, attempts)
    }
    if (names.length > 0) this.#links.push({ directory: path, names })
    this.linkCount += names.length
  }

  /** Looks for new entries among what was there before. */
  settleMoves(): void {
    const { remembered } = this.#request
    if (remembered === undefined || this.#newcomers.length === 0) return
    const found = findMoves(this.#newcomers, {
      request: this.#request,
      remembered,
      evidence: this.#evidence,
      claims: this.#claims,
    })
    for (const newcomer of this.#newcomers) {
      const { path, status, first } = newcomer
      const move = found.get(newcomer)
      const isLinked = move?.proof === 'state'
      if (hasTwins(status)) {
        this.#groups.add(path, status, move?.stored, isLinked ? 'linked' : 'other')
      }
      if (move === undefined) continue
      const size = isFile(status) ? Number(status.size) : 0
      this.sizes.copies -= size
      if (isFile(status) && first !== undefined) this.againstBasis[first] -= 1
      const lies = joinPath(remembered.tree, move.from)
      this.moves.push({ path, lies, proof: move.proof })
      if (isLinked) this.linkCount += 1
      else {
        this.suspects.push(path)
        this.sizes.suspects += size
      }
    }
    const moved = new Set(this.moves.map(({ path }) => path))
    this.copies = this.copies.filter((path) => !moved.has(path))
  }

  /** Brings the names of each hard-linked file onto one way. */
  settleGroups(): void {
    const { compared, copied } = this.#groups.corrections()
    if (compared.length + copied.length === 0) return
    const left = new Set([...this.suspects, ...this.copies, ...this.undecided, ...this.resumed])
    for (const path of [...compared, ...copied]) {
      if (left.has(path)) continue
      this.#revoked.add(path)
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
    this.moves = this.moves
      .filter(({ path }) => !this.crowded.has(path))
      .map((move) => (isSettled.has(move.path) ? { ...move, proof: 'content' } : move))
  }

  *linked(): Generator<Link> {
    const { remembered } = this.#request
    if (remembered === undefined) return
    for (const { directory, names } of this.#links) {
      for (const name of names) {
        const path = directory === '' ? name : `${directory}/${name}`
        if (!this.#revoked.has(path)) yield { path, lies: joinPath(remembered.tree, path) }
      }
    }
    for (const { path, lies, proof } of this.moves) if (proof === 'state') yield { path, lies }
  }

  twinsOf(paths: readonly string[]): readonly string[] {
    return this.#groups.linkedWith(paths)
  }

  #count(status: SourceStatus): void {
    const kind = entryKind(status)
    if (kind === 'file') this.counts.files += 1
    else if (kind === 'symlink') this.counts.symlinks += 1
    else this.counts.specials += 1
    // As rsync counts: symbolic links have a size too.
    if (kind !== 'special') this.counts.totalBytes += Number(status.size)
  }

  /** Whether an entry is unchanged for certain, and can be linked from where it was stored. */
  #isLinked(path: string, entry: Entry): boolean {
    const { status, was } = entry
    const { remembered, keeps, compareBy } = this.#request
    if (remembered === undefined || was === undefined) return false
    if (!this.#evidence.isUnchanged(entry, was, remembered.state.header)) return false
    const stored = storedAsItWas(joinPath(remembered.tree, path), status, keeps)
    if (stored === undefined || stored.links >= LINKS_LIMIT) return false
    if (compareBy === 'content') {
      this.provenSame.add(path)
      return false
    }
    if (hasTwins(status)) this.#groups.add(path, status, stored, 'linked')
    return true
  }

  #leave(path: string, entry: Entry, attempts: readonly AttemptHere[]): void {
    const { status, was, device } = entry
    const { seen, isSuspect, first } = this.#evidence.inBases(path, entry)
    if (isFile(status) && first !== undefined) this.againstBasis[first] += 1
    const left = this.#leaveToRsync(path, entry, { seen, isSuspect }, attempts)
    const mayHaveMoved =
      left.isNew && this.#request.remembered !== undefined && was?.inode !== status.ino
    if (mayHaveMoved) {
      this.#newcomers.push({ path, status: keptStatus(status), device, first })
    } else if (hasTwins(status)) this.#groups.add(path, status, left.lookalike, left.way)
  }

  #leaveToRsync(
    path: string,
    entry: Entry,
    inBases: { readonly seen: StoredEntry | undefined; readonly isSuspect: boolean },
    attempts: readonly AttemptHere[],
  ): Left {
    const { status, name } = entry
    const begun = this.#evidence.inAttempts(path, name, entry, attempts)
    if (begun !== undefined && inBases.seen === undefined) {
      this.inAttempts.files += 1
      this.inAttempts.bytes += Number(status.size)
    }
    const lookalike = inBases.seen ?? begun
    const isSuspect = inBases.isSuspect || begun?.isCertain === false
    // A full inode has no room for a link; a copy makes a new one that has.
    if (lookalike !== undefined && lookalike.links >= LINKS_LIMIT) {
      this.copies.push(path)
      this.crowded.add(path)
    } else if (begun?.isCertain === true) {
      this.resumed.push(path)
      return { lookalike, way: 'resumed', isNew: false }
    } else if (isSuspect && lookalike !== undefined && this.#claims.take(lookalike, status)) {
      this.suspects.push(path)
      if (isFile(status)) this.sizes.suspects += Number(status.size)
    } else if (isSuspect || lookalike === undefined || this.#evidence.isStable(entry.device)) {
      this.copies.push(path)
      if (isFile(status)) this.sizes.copies += Number(status.size)
      return { lookalike, way: 'other', isNew: lookalike === undefined }
    } else this.undecided.push(path)
    return { lookalike, way: 'other', isNew: false }
  }
}

function hasTwins(status: SourceStatus): boolean {
  return status.nlink > 1n && isFile(status)
}
