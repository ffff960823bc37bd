/**
 * What has another name than before. It is looked for among what the source was, and linked from where it was stored:
 *  1. With the inode, ctime, size and time it had: a directory above it was renamed. Certain; nothing is read.
 *  2. With the inode, size and time it had and a ctime that moved: the file was renamed itself, or written to and its
 *     time set back. Compared by content.
 *  3. With last name, size and time of one that is gone from its place: moved to another file system, or copied and
 *     removed. Compared by content.
 * Never on size and time alone.
 */
import { type BytePath, joinPath } from '../model/entry-name.ts'
import { LINKS_LIMIT } from '../model/link-block.ts'
import { type Claims, type Described, type Evidence, looksLike } from './evidence.ts'
import { lookQuietly } from './look.ts'
import type { RememberedTree, ScanRequest } from './source-scan.ts'
import { type EntryState, inodeKey, lookKey } from './source-state.ts'
import { hasTwins, isFile } from './source-status.ts'
import { compareWith, type StoredEntry, storedAsItWas } from './stored-entry.ts'

/** An entry that was not where it is now. */
export interface Newcomer extends Described {
  /** Below the source. */
  readonly path: string
}

export interface FoundMove {
  /** Where it was, below the source; there it lies in the remembered tree. */
  readonly from: string
  /** Undefined: nobody has looked; whoever links must. */
  readonly stored: StoredEntry | undefined
  /** `content`: it is to be compared first. */
  readonly proof: 'state' | 'content'
}

export interface MoveSearch {
  readonly request: Pick<ScanRequest, 'source' | 'keeps' | 'compareBy'>
  readonly remembered: RememberedTree
  readonly evidence: Evidence
  readonly claims: Claims
}

/** So many pairs of one look are held against each other: every file of a tree may have one size and one time. */
const PAIRS_LIMIT = 1_000_000

export function findMoves(
  newcomers: readonly Newcomer[],
  search: MoveSearch,
): ReadonlyMap<Newcomer, FoundMove> {
  const moves = new Map<Newcomer, FoundMove>()
  findByInode(newcomers, search, moves)
  const others = newcomers.filter((newcomer) => !moves.has(newcomer))
  if (others.length === 0) return moves
  // Another file may look like what one of these was stored as.
  lookAtUnseen(moves, search)
  findByLook(
    newcomers.filter((newcomer) => !moves.has(newcomer)),
    search,
    moves,
  )
  return moves
}

function findByInode(
  newcomers: readonly Newcomer[],
  search: MoveSearch,
  moves: Map<Newcomer, FoundMove>,
): void {
  const { request, remembered, evidence, claims } = search
  const { header } = remembered.state
  const byInode = grouped(newcomers, ({ status }) => inodeKey(status.ino))
  for (const { path: from, entry } of remembered.state.find((inode) => byInode.has(inode))) {
    for (const newcomer of byInode.get(inodeKey(entry.inode)) ?? []) {
      if (moves.has(newcomer)) continue
      const { status } = newcomer
      const lies = joinPath(remembered.tree, from)
      const isCertain =
        request.compareBy === 'state' && evidence.isUnchanged(newcomer, entry, header)
      const isSame =
        isCertain ||
        (isFile(status) &&
          evidence.isSameInode(newcomer, entry, header) &&
          looksLike(status, entry))
      if (!isSame) continue
      // As long as nothing else may claim it, who links it can look at it on the way.
      if (isCertain && claims.isEmpty && !hasTwins(status)) {
        moves.set(newcomer, { from, stored: undefined, proof: 'state' })
        continue
      }
      const stored = isCertain
        ? storedAsItWas(lies, status, request.keeps)
        : lookalike(lies, newcomer, search)
      if (stored === undefined || stored.links >= LINKS_LIMIT) continue
      if (claims.take(stored, status)) {
        moves.set(newcomer, { from, stored, proof: isCertain ? 'state' : 'content' })
      }
    }
  }
}

/** Looks at what was left to the links. */
function lookAtUnseen(
  moves: Map<Newcomer, FoundMove>,
  { request, remembered, claims }: MoveSearch,
): void {
  for (const [newcomer, move] of moves) {
    if (move.stored !== undefined) continue
    const { status } = newcomer
    const stored = storedAsItWas(joinPath(remembered.tree, move.from), status, request.keeps)
    const isFree = stored !== undefined && stored.links < LINKS_LIMIT && claims.take(stored, status)
    if (isFree) moves.set(newcomer, { ...move, stored })
    else moves.delete(newcomer)
  }
}

function findByLook(
  newcomers: readonly Newcomer[],
  search: MoveSearch,
  moves: Map<Newcomer, FoundMove>,
): void {
  // Empty files are all alike, and a link saves nothing.
  const files = newcomers.filter(({ status }) => isFile(status) && status.size > 0n)
  const byLook = grouped(files, ({ status }) => lookKey(status.mtimeNs, status.size))
  const pairs = new Map<number, number>()
  const nearest = new Map<Newcomer, string>()
  const isWanted = (_inode: number, look: number): boolean => byLook.has(look)
  for (const { path: from, entry } of search.remembered.state.find(isWanted)) {
    const look = lookKey(entry.modifiedNs, entry.sizeBytes)
    const group = byLook.get(look) ?? []
    const compared = (pairs.get(look) ?? 0) + group.length
    pairs.set(look, compared)
    if (compared > PAIRS_LIMIT) continue
    for (const newcomer of group) {
      if (!isNamesake(newcomer, from, entry)) continue
      const best = nearest.get(newcomer)
      if (best === undefined || sharedEnd(newcomer.path, from) > sharedEnd(newcomer.path, best)) {
        nearest.set(newcomer, from)
      }
    }
  }
  const { request, remembered, claims } = search
  for (const [newcomer, from] of nearest) {
    // What is still in its place is linked there, or was copied.
    if (lookQuietly(joinPath(request.source, from)) !== undefined) continue
    const stored = lookalike(joinPath(remembered.tree, from), newcomer, search)
    if (stored === undefined || stored.links >= LINKS_LIMIT) continue
    if (claims.take(stored, newcomer.status)) {
      moves.set(newcomer, { from, stored, proof: 'content' })
    }
  }
}

function isNamesake({ path, status }: Newcomer, from: string, entry: EntryState): boolean {
  return looksLike(status, entry) && lastName(path) === lastName(from)
}

function lookalike(
  lies: BytePath,
  { status }: Newcomer,
  { request }: MoveSearch,
): StoredEntry | undefined {
  const look = compareWith(lies, status, request.keeps)
  return look.kind === 'alike' ? look.stored : undefined
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** How many characters two paths share at their end. */
function sharedEnd(one: string, other: string): number {
  const longest = Math.min(one.length, other.length)
  let length = 0
  while (length < longest && one.at(-1 - length) === other.at(-1 - length)) length += 1
  return length
}
