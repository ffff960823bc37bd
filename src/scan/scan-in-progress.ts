/** What a scan has found so far, and what is to become of it. Directories are added in the order of the walk; then all is settled. */
import { joinPath, splitPath } from '../model/entry-name.ts'
import { type LinkOutcome, LINKS_LIMIT } from '../model/link-block.ts'
import { claimUnchanged } from './claim-unchanged.ts'
import {
  type AttemptHere,
  Claims,
  type Comparison,
  type Described,
  Evidence,
  type Found,
} from './evidence.ts'
import { findMoves, type Newcomer } from './find-moves.ts'
import { HardLinkGroups, type Way } from './hard-link-groups.ts'
import { lookQuietly } from './look.ts'
import { SourceDevices } from './source-devices.ts'
import { countEntry, emptyCounts } from './scan-counts.ts'
import type { Link, Move, ScanRequest, SourceScan } from './source-scan.ts'
import type { EntryState } from './source-state.ts'
import { hasTwins, isFile, keptStatus } from './source-status.ts'
import type { StateWriter } from './state-writer.ts'
import { expectedOf, type Look } from './stored-entry.ts'
import { Unchanged } from './unchanged.ts'
import type { Unreadable, WalkedDirectory } from './walk-source.ts'

/** An entry, during the look at its directory. */
interface Entry extends Described {
  readonly name: string
  /** What was remembered of its path. */
  readonly was: EntryState | undefined
}

/** An entry that is not linked where it was. */
interface Left extends Described {
  readonly path: string
  readonly was: EntryState | undefined
  readonly found: Found
}

interface New extends Newcomer {
  /** What the first basis has at its path. */
  readonly first: Look['kind'] | undefined
}

export class ScanInProgress implements SourceScan {
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
  readonly #older: Left[] = []

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

  /** Decides about what lies in a tree that is not the remembered one: it may be there under another name. */
  settleOlder(): void {
    const wanted = this.#older.map(({ status, found }) => ({ status, stored: found.lookalike }))
    claimUnchanged(wanted, {
      request: this.#request,
      evidence: this.#evidence,
      devices: this.devices,
      claims: this.#claims,
    })
    for (const left of this.#older) this.#decide(left)
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
    const { compared, copied: full, apart } = this.#groups.corrections()
    const copied = [...full, ...apart]
    if (compared.length + copied.length === 0) return
    const left = new Set([...this.suspects, ...this.copies, ...this.undecided, ...this.resumed])
    for (const path of [...compared, ...copied]) {
      if (!left.has(path)) this.#unchanged.revoke(path)
    }
    for (const path of full) this.crowded.add(path)
    const isCopied = new Set(copied)
    // Each is taken out of where it was, and put in once.
    const isSettled = new Set([...compared, ...copied])
    const others = (paths: readonly string[]): string[] =>
      paths.filter((path) => !isSettled.has(path))
    this.suspects = [...others(this.suspects), ...compared]
    this.resumed = others(this.resumed)
    this.undecided = others(this.undecided)
    this.copies = [...others(this.copies), ...copied]
    this.moves = this.moves
      .filter(({ path }) => !isCopied.has(path))
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
    const { status } = entry
    const found = this.#evidence.find(path, entry, attempts)
    if (isFile(status)) {
      if (found.first !== undefined) this.againstBasis[found.first] += 1
      if (found.isOnlyBegun) {
        this.inAttempts.files += 1
        this.inAttempts.bytes += Number(status.size)
      }
    }
    const { remembered } = this.#request
    const isOlder = found.lookalike !== undefined && found.tree !== remembered?.tree
    if (isOlder && remembered !== undefined) {
      this.#older.push({ ...entry, path, status: keptStatus(status), found })
    } else this.#decide({ ...entry, path, found })
  }

  #decide(left: Left): void {
    const { path, status, device, was, found } = left
    const way = this.#wayOf(left)
    const mayHaveMoved =
      found.lookalike === undefined &&
      this.#request.remembered !== undefined &&
      was?.inode !== status.ino
    if (mayHaveMoved) {
      this.#newcomers.push({ path, status: keptStatus(status), device, first: found.first })
    } else if (hasTwins(status)) this.#groups.add(path, status, found.lookalike, way)
  }

  #wayOf({ path, status, device, found }: Left): Way {
    const { lookalike, isSuspect } = found
    // A full inode has no room for a link; a copy makes a new one that has.
    if (lookalike !== undefined && lookalike.links >= LINKS_LIMIT) {
      this.copies.push(path)
      this.crowded.add(path)
    } else if (found.isResumed) {
      this.resumed.push(path)
      return 'resumed'
    } else if (isSuspect && lookalike !== undefined && this.#claims.take(lookalike, status)) {
      this.suspects.push(path)
      if (isFile(status)) this.sizes.suspects += Number(status.size)
      return 'compared'
    } else if (isSuspect || lookalike === undefined || this.#evidence.isStable(device)) {
      this.copies.push(path)
      if (isFile(status)) this.sizes.copies += Number(status.size)
      if (isSuspect && lookalike !== undefined) return 'contested'
    } else this.undecided.push(path)
    return 'other'
  }
}
