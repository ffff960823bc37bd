/**
 * The source as it is now against the source as it was: for each entry whether it is linked from an
 * earlier snapshot, compared with one by content, or copied. Walking and comparing is all that happens
 * here; whoever links is told meanwhile what can be linked.
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
import { joinPath, splitPath } from '../model/entry-name.ts'
import { type LinkOutcome, LINKS_LIMIT } from '../model/link-block.ts'
import { checkWays } from './check-ways.ts'
import { type AttemptHere, Claims, type Comparison, type Described, Evidence } from './evidence.ts'
import { findMoves, type Newcomer } from './find-moves.ts'
import { HardLinkGroups, type Way } from './hard-link-groups.ts'
import { lookQuietly } from './look.ts'
import { SourceDevices } from './source-devices.ts'
import { countEntry, emptyCounts } from './scan-counts.ts'
import type { Link, Move, ScanRequest, SourceScan } from './source-scan.ts'
import type { EntryState } from './source-state.ts'
import { hasTwins, isFile, keptStatus } from './source-status.ts'
import type { StateWriter } from './state-writer.ts'
import { expectedOf, type Look, type StoredEntry } from './stored-entry.ts'
import { Unchanged } from './unchanged.ts'
import { type Unreadable, type WalkedDirectory, walkSource } from './walk-source.ts'

/** So often the event loop gets its turn, for signals and progress. */
const ENTRIES_PER_TURN = 2000

/**
 * Scans a source.
 * @throws the operating system's error when the source itself cannot be read, or when linking fails
 */
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
  const outcome = await request.linker.settle()
  if (request.signal.aborted) return scan
  scan.settleLinks(outcome)
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

class Scan implements SourceScan {
  readonly directories: string[] = []
  suspects: string[] = []
  copies: string[] = []
  undecided: string[] = []
  resumed: string[] = []
  moves: Move[] = []
  linkedCount = 0
  refused: readonly string[] = []
  refusal: string | undefined
  readonly sizes = { suspects: 0, copies: 0 }
  readonly inAttempts = { files: 0, bytes: 0 }
  readonly againstBasis: Comparison = { alike: 0, otherTime: 0, otherSize: 0, absent: 0 }
  readonly crowded = new Set<string>()
  readonly repositories: string[] = []
  readonly unreadable: Unreadable[] = []
  isThinned = false
  readonly counts = emptyCounts()
  readonly state: StateWriter
  readonly devices: SourceDevices
  readonly #request: ScanRequest
  readonly #evidence: Evidence
  readonly #groups = new HardLinkGroups()
  readonly #unchanged: Unchanged
  readonly #claims = new Claims()
  readonly #newcomers: New[] = []

  constructor(request: ScanRequest) {
    this.#request = request
    this.state = request.state
    this.devices = new SourceDevices(request.source, request.mounts)
    this.#evidence = new Evidence(request, this.devices)
    this.#unchanged = new Unchanged(request, this.#evidence, this.#groups)
  }

  get linkCount(): number {
    return this.#unchanged.count
  }

  get isContested(): boolean {
    return this.#claims.isContested
  }

  get provenSame(): ReadonlySet<string> {
    return this.#unchanged.provenSame
  }

  add(directory: WalkedDirectory): void {
    const { path, entries, status } = directory
    const { remembered } = this.#request
    if (path !== '') this.directories.push(path)
    this.unreadable.push(...directory.unreadable)
    this.isThinned ||= directory.isThinned
    this.counts.entries += 1
    this.counts.directories += 1
    const device = this.devices.indexOf(status.dev, path)
    const before = remembered?.state.entriesOf(path)
    const described = entries.map(({ name, status: own }): Entry => {
      const on = own.dev === status.dev ? device : this.devices.indexOf(own.dev, path)
      return { name, status: own, device: on, was: before?.get(name) }
    })
    this.state.addDirectory(path, described, { status, device })
    const attempts = this.#attemptsAt(path)
    for (const entry of described) {
      countEntry(this.counts, entry.status)
      const below = path === '' ? entry.name : `${path}/${entry.name}`
      if (!this.#unchanged.take(below, entry)) this.#leave(below, entry, attempts)
    }
    this.#unchanged.pass(path)
  }

  /** Decides anew about what could not be linked. */
  settleLinks({ linked, altered, refused, reason }: LinkOutcome): void {
    this.linkedCount = linked
    this.refused = refused
    this.refusal = reason
    const { source, remembered } = this.#request
    for (const path of altered) {
      this.#unchanged.revoke(path)
      const [directory, name] = splitPath(path)
      const status = lookQuietly(joinPath(source, path))
      // It went, or became a directory, since it was scanned: rsync finds that, too.
      if (status === undefined || status.isDirectory()) this.copies.push(path)
      else {
        const device = this.devices.indexOf(status.dev, directory)
        const was = remembered?.state.entriesOf(directory)?.get(name)
        this.#leave(path, { name, status, device, was }, this.#attemptsAt(directory))
      }
    }
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
        const way: Way = isLinked ? 'linked' : move === undefined ? 'other' : 'compared'
        this.#groups.add(path, status, move?.stored, way)
      }
      if (move === undefined) continue
      const size = isFile(status) ? Number(status.size) : 0
      this.sizes.copies -= size
      if (isFile(status) && first !== undefined) this.againstBasis[first] -= 1
      const lies = joinPath(remembered.tree, move.from)
      const { proof, stored } = move
      const unseen = stored === undefined ? { expected: expectedOf(status) } : {}
      this.moves.push({ path, lies, proof, ...unseen })
      if (isLinked) this.#unchanged.count += 1
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
      if (!left.has(path)) this.#unchanged.revoke(path)
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

  *toLink(): Generator<Link> {
    yield* this.#unchanged.postponed()
    for (const move of this.moves) if (move.proof === 'state') yield move
  }

  twinsOf(paths: readonly string[]): readonly string[] {
    return this.#groups.linkedWith(paths)
  }

  #attemptsAt(directory: string): readonly AttemptHere[] {
    return this.#request.attempts.map((attempt) => ({
      ...attempt,
      entries: attempt.state?.entriesOf(directory),
    }))
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
      return { lookalike, way: 'compared', isNew: false }
    } else if (isSuspect || lookalike === undefined || this.#evidence.isStable(entry.device)) {
      this.copies.push(path)
      if (isFile(status)) this.sizes.copies += Number(status.size)
      return { lookalike, way: 'other', isNew: lookalike === undefined }
    } else this.undecided.push(path)
    return { lookalike, way: 'other', isNew: false }
  }
}
