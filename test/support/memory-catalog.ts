/** A catalog without a disk: the contract as a plain data structure, for suites and properties. */
import type {
  Catalog,
  ListedName,
  ReadHandle,
  Space,
  VerifiedTime,
} from '../../src/catalog/catalog.ts'
import type { Entry } from '../../src/model/entry.ts'
import {
  type BytePath,
  bytePathFromText,
  type EntryName,
  type EntryPath,
  joinPath,
  nameFromBytes,
} from '../../src/model/entry-name.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import {
  completeTree,
  DEFAULT_DIRECTORY_MODE,
  DEFAULT_FILE_MODE,
  DEFAULT_MODIFIED_MS,
  type DescribedEntry,
  type DescribedHistory,
  idOf,
  manifestFor,
} from './described-history.ts'

interface Stored {
  readonly described: DescribedEntry
  readonly entry: Entry
}

export class MemoryCatalog implements Catalog {
  readonly profile: string
  #generation = 0
  #snapshots: readonly Snapshot[] = []
  #verifiedTimes: readonly VerifiedTime[] = []
  readonly #trees = new Map<string, ReadonlyMap<string, Stored>>()
  readonly #inodes = new Map<string, bigint>()
  #nextInode = 100n

  constructor(history: DescribedHistory, profile = 'home') {
    this.profile = profile
    this.replace(history)
  }

  /** Puts another history in place, as publishing and pruning do. */
  replace(history: DescribedHistory): void {
    this.#generation += 1
    this.#trees.clear()
    this.#snapshots = history.map(({ id, tree, outcome = 'complete' }, index) => {
      const stored = new Map<string, Stored>()
      for (const [path, described] of completeTree(tree)) {
        stored.set(path, { described, entry: this.#entryFor(described, `${id}/${path}`) })
      }
      this.#trees.set(id, stored)
      return {
        id: idOf(id),
        sequence: index + 1,
        manifest: manifestFor(id, index + 1, { outcome }),
      }
    })
    this.#verifiedTimes = this.#snapshots.flatMap((snapshot, index) =>
      (history[index]?.verified ?? []).map((id) => ({ id: idOf(id), snapshot })),
    )
  }

  /** `replace` takes effect at once. */
  refresh(): void {
    return undefined
  }

  get generation(): number {
    return this.#generation
  }

  snapshots(): readonly Snapshot[] {
    return this.#snapshots
  }

  verifiedTimes(): readonly VerifiedTime[] {
    return this.#verifiedTimes
  }

  entryAt(snapshot: Snapshot, path: EntryPath): Entry | undefined {
    return this.#trees.get(snapshot.id)?.get(path.join('/'))?.entry
  }

  namesIn(snapshot: Snapshot, path: EntryPath): readonly ListedName[] | undefined {
    if (this.entryAt(snapshot, path)?.kind !== 'directory') return undefined
    const prefix = path.length === 0 ? '' : `${path.join('/')}/`
    const tree = this.#trees.get(snapshot.id) ?? new Map<string, Stored>()
    return [...tree]
      .filter(([key]) => key !== '' && key.startsWith(prefix))
      .map(([key, stored]) => ({ rest: key.slice(prefix.length), kind: stored.entry.kind }))
      .filter(({ rest }) => rest !== '' && !rest.includes('/'))
      .map(({ rest, kind }) => ({ name: nameFromBytes(rest), kind }))
  }

  bareNamesIn(snapshot: Snapshot, path: EntryPath): readonly EntryName[] | undefined {
    return this.namesIn(snapshot, path)?.map(({ name }) => name)
  }

  /** Nothing lies there. */
  storedPlace(snapshot: Snapshot, path: EntryPath): BytePath | undefined {
    if (this.entryAt(snapshot, path) === undefined) return undefined
    return joinPath(bytePathFromText('/nonexistent'), snapshot.id, ...path)
  }

  linkTarget(snapshot: Snapshot, path: EntryPath): string | undefined {
    const described = this.#trees.get(snapshot.id)?.get(path.join('/'))?.described
    return described?.kind === 'symlink' ? described.target : undefined
  }

  open(snapshot: Snapshot, path: EntryPath): ReadHandle | undefined {
    const described = this.#trees.get(snapshot.id)?.get(path.join('/'))?.described
    if (described?.kind !== 'file') return undefined
    const bytes = Buffer.from(described.content, 'utf8')
    return {
      read: (buffer, offset) => (offset >= bytes.length ? 0 : bytes.copy(buffer, 0, offset)),
      close: () => undefined,
    }
  }

  space(): Space {
    return {
      blockBytes: 4096,
      blocks: 10,
      freeBlocks: 5,
      availableBlocks: 5,
      inodes: 9,
      freeInodes: 4,
    }
  }

  #entryFor(described: DescribedEntry, place: string): Entry {
    const size =
      described.kind === 'file'
        ? Buffer.byteLength(described.content)
        : described.kind === 'symlink'
          ? described.target.length
          : 0
    const modifiedMs =
      described.kind === 'file'
        ? (described.modifiedMs ?? DEFAULT_MODIFIED_MS)
        : DEFAULT_MODIFIED_MS
    const modifiedNs = BigInt(modifiedMs) * 1_000_000n
    return {
      kind: described.kind,
      mode: modeOf(described),
      owner: process.getuid?.() ?? 0,
      group: process.getgid?.() ?? 0,
      sizeBytes: size,
      blocks512: Math.ceil(size / 512),
      linkCount: 1,
      deviceNumber: 0,
      modifiedNs,
      changedNs: modifiedNs,
      device: 1n,
      inode: this.#inodeFor(described.kind === 'directory' ? place : described.inode),
      birthNs: BigInt(described.kind === 'file' ? (described.bornMs ?? 0) : 0) * 1_000_000n,
    }
  }

  #inodeFor(key: string): bigint {
    const known = this.#inodes.get(key)
    if (known !== undefined) return known
    const inode = this.#nextInode
    this.#nextInode += 1n
    this.#inodes.set(key, inode)
    return inode
  }
}

export function modeOf(described: DescribedEntry): number {
  switch (described.kind) {
    case 'file':
      return described.mode ?? DEFAULT_FILE_MODE
    case 'directory':
      return described.mode ?? DEFAULT_DIRECTORY_MODE
    case 'symlink':
      return 0o777
    case 'fifo':
      return DEFAULT_FILE_MODE
  }
}
