/** What may be believed of an entry: whether it is what was remembered, and what earlier trees have of it. */
import { type BytePath, joinPath } from '../model/entry-name.ts'
import { BasisDirectories } from './basis-directories.ts'
import { isSameDevice, type SourceDevices } from './source-devices.ts'
import type { Attempt, BasisComparison, ScanRequest } from './source-scan.ts'
import type { EntryState, StateHeader } from './source-state.ts'
import { entryKind, isFile, type SourceStatus } from './source-status.ts'
import { compareWith, type Look, type StoredEntry } from './stored-entry.ts'

/** ctime comes from a clock that ticks with the kernel's timer, and the second of a FAT is two long. */
const CLOCK_GRAIN_MS = 3000

/** An entry of the source, with the index of its device. */
export interface Described {
  readonly status: SourceStatus
  readonly device: number
}

/** An attempt, during the look at one directory. */
export interface AttemptHere extends Attempt {
  readonly entries: ReadonlyMap<string, EntryState> | undefined
}

/** What earlier trees have of an entry. */
export interface Found {
  /** The first that looks like the source's, snapshots before interrupted runs. */
  readonly lookalike: StoredEntry | undefined
  /** The tree it lies in; undefined also in that of an interrupted run. */
  readonly tree: BytePath | undefined
  /** Whether it must be compared by content. */
  readonly isSuspect: boolean
  /** Whether an interrupted run has it for certain. */
  readonly isResumed: boolean
  /** Whether an interrupted run has it, and no snapshot. */
  readonly isOnlyBegun: boolean
  /** What the first basis has; undefined without one. */
  readonly first: Look['kind'] | undefined
}

/** What the bases have at a path. */
interface InBases {
  readonly seen: StoredEntry | undefined
  readonly tree: BytePath | undefined
  readonly isSuspect: boolean
  readonly first: Look['kind'] | undefined
}

/** What is asked of a scan that evidence depends on. */
export type EvidenceRequest = Pick<
  ScanRequest,
  'bases' | 'nowMs' | 'keeps' | 'compareBy' | 'machineId' | 'bootId'
>

export class Evidence {
  readonly #request: EvidenceRequest
  readonly #devices: SourceDevices
  readonly #directories: BasisDirectories

  constructor(request: EvidenceRequest, devices: SourceDevices) {
    this.#request = request
    this.#devices = devices
    this.#directories = new BasisDirectories(request.bases.map(({ tree }) => tree))
  }

  /** Whether equal inode and ctime mean an unchanged entry on this device. */
  isStable(device: number): boolean {
    return this.#devices.at(device)?.isStable === true
  }

  /** Whether an entry is the one that was remembered, and was not touched since: certain. */
  isUnchanged(entry: Described, was: EntryState, header: StateHeader): boolean {
    const { status } = entry
    return (
      isSettled(was.changedNs, header) &&
      was.changedNs === status.ctimeNs &&
      this.isSameInode(entry, was, header) &&
      looksLike(status, was)
    )
  }

  /** Whether an entry has the inode that was remembered: the same file, or one that was made after it had gone. */
  isSameInode({ status, device }: Described, was: EntryState, header: StateHeader): boolean {
    return was.inode === status.ino && this.isSamePlace(was.device, device, header)
  }

  /** Whether a device of the past is the one met now, and its inode numbers mean something. */
  isSamePlace(past: number, present: number, header: StateHeader): boolean {
    const { machineId, bootId } = this.#request
    const now = this.#devices.at(present)
    if (now?.isStable !== true || header.machineId !== machineId) return false
    const boot = header.bootId === bootId ? 'same boot' : 'another boot'
    return isSameDevice(header.devices[past], now, boot)
  }

  find(
    path: string,
    entry: Described & { readonly name: string },
    attempts: readonly AttemptHere[],
  ): Found {
    const { seen, tree, isSuspect, first } = this.#inBases(path, entry)
    const begun = this.#inAttempts(path, entry, attempts)
    return {
      lookalike: seen ?? begun,
      tree,
      isSuspect: isSuspect || begun?.isCertain === false,
      isResumed: begun?.isCertain === true,
      isOnlyBegun: begun !== undefined && seen === undefined,
      first,
    }
  }

  #inBases(path: string, { status, device }: Described): InBases {
    const { bases, nowMs, keeps, compareBy } = this.#request
    const isStable = this.isStable(device)
    let seen: StoredEntry | undefined
    let tree: BytePath | undefined
    let isSuspect = false
    let first: Look['kind'] | undefined
    for (const [index, basis] of bases.entries()) {
      const look: Look = this.#directories.mayHold(index, path)
        ? compareWith(joinPath(basis.tree, path), status, keeps)
        : { kind: 'absent' }
      if (look.kind === 'absent') this.#directories.missed(index)
      first ??= look.kind
      if (look.kind !== 'alike') continue
      if (seen === undefined) ({ seen, tree } = { seen: look.stored, tree: basis.tree })
      const clockWentBack = nowMs < basis.startedMs
      const grainNs = BigInt(Math.floor(basis.startedMs - CLOCK_GRAIN_MS)) * 1_000_000n
      const isOlder = !clockWentBack && status.ctimeNs < grainNs
      if (isStable || !isOlder || compareBy === 'content') isSuspect = true
    }
    return { seen, tree, isSuspect, first }
  }

  /**
   * What interrupted runs have at a path. It is certain only when all that look like the source are: rsync takes
   * the first. Only of a file: for everything else an entry may be there without its attributes.
   */
  #inAttempts(
    path: string,
    entry: Described & { readonly name: string },
    attempts: readonly AttemptHere[],
  ): (StoredEntry & { readonly isCertain: boolean }) | undefined {
    const { status } = entry
    if (!isFile(status)) return undefined
    let found: StoredEntry | undefined
    let isCertain = true
    for (const { trees, state, entries, durableNs } of attempts) {
      const was = entries?.get(entry.name)
      const isUnchanged =
        state !== undefined && was !== undefined && this.isUnchanged(entry, was, state.header)
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

/** What changed while a scan looked at it may have changed again without its ctime moving. */
export function isSettled(changedNs: bigint, header: Pick<StateHeader, 'scannedMs'>): boolean {
  return changedNs < BigInt(header.scannedMs - CLOCK_GRAIN_MS) * 1_000_000n
}

/** Whether kind, size and modification time are those that were remembered. */
export function looksLike(status: SourceStatus, was: EntryState): boolean {
  return (
    was.modifiedNs === status.mtimeNs &&
    was.sizeBytes === status.size &&
    was.kind === entryKind(status)
  )
}

/** How files compare to the first basis, counted. */
export type Comparison = { -readonly [Key in keyof BasisComparison]: BasisComparison[Key] }

/**
 * Which file of the source each stored file stands for. Two that were names of one file, and are two files of equal
 * content now, must not be tied together again by being linked to what was stored of the one.
 */
export class Claims {
  /** Whether a second file of the source looked like a stored one. */
  isContested = false
  readonly #owners = new Map<bigint, string>()

  get isEmpty(): boolean {
    return this.#owners.size === 0
  }

  /** Whether a stored file is free for this one of the source, which has it from now on. */
  take({ inode }: StoredEntry, { dev, ino }: SourceStatus): boolean {
    const owner = `${dev}:${ino}`
    const known = this.#owners.get(inode)
    if (known === undefined) this.#owners.set(inode, owner)
    const isFree = known === undefined || known === owner
    this.isContested ||= !isFree
    return isFree
  }
}
