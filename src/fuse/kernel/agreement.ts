/** What kernel and server agree on when a mount begins: the most that both know. */
import type { Agreement } from './encode-reply.ts'
import { FLAG, MAJOR, MORE_FLAG, OLDEST_MINOR, PRUNE_MINOR } from './protocol.ts'

/** What a server may do without, as with a kernel that does not know it. */
export const FEATURES = [
  'no-open',
  'no-opendir',
  'readdirplus',
  'cache-symlinks',
  'expire-only',
  'prune',
  'max-pages',
  'passthrough',
] as const
export type Feature = (typeof FEATURES)[number]

export interface Agreed extends Agreement {
  /** Whether files and directories need not be opened. */
  readonly withoutOpen: boolean
  readonly withoutOpendir: boolean
  /** Whether a name can be doubted without taking it from those who are in it. */
  readonly canExpire: boolean
  /** Whether nodes can be forgotten by their numbers. */
  readonly canPrune: boolean
  /** Whether what is opened can be read past the server. */
  readonly passthrough: boolean
}

/** What a mount is to have that not every one has. */
export interface Wishes {
  /** The kernel is to look at access control lists. */
  readonly accessLists: boolean
  /** Large files are to be read past the server. Then each file has to be opened by it. */
  readonly passthrough: boolean
}

interface Offer {
  readonly major: number
  readonly minor: number
  readonly readaheadBytes: number
  readonly flags: number
  readonly moreFlags: number
}

/** A read of 1 MiB. */
const PAGES = 256
/** Of a kernel that does not know the number. */
const FEWEST_PAGES = 32
const BACKGROUND = 64

const FLAG_OF: Readonly<Partial<Record<Feature, number>>> = {
  'no-open': FLAG.noOpen,
  'no-opendir': FLAG.noOpendir,
  readdirplus: FLAG.readdirplus | FLAG.readdirplusAuto,
  'cache-symlinks': FLAG.cacheSymlinks,
  'max-pages': FLAG.maxPages,
}

const MORE_FLAG_OF: Readonly<Partial<Record<Feature, number>>> = {
  'expire-only': MORE_FLAG.expireOnly,
  passthrough: MORE_FLAG.passthrough,
}

/** @returns undefined when the kernel is too old */
export function agreeOn(
  offer: Offer,
  { accessLists, passthrough }: Wishes,
  without: readonly Feature[],
): Agreed | undefined {
  if (offer.major < MAJOR || (offer.major === MAJOR && offer.minor < OLDEST_MINOR)) return undefined
  let wanted =
    FLAG.asyncRead |
    FLAG.exportSupport |
    FLAG.autoInvalData |
    FLAG.readdirplus |
    FLAG.readdirplusAuto |
    FLAG.noOpen |
    FLAG.parallelDirops |
    FLAG.maxPages |
    FLAG.cacheSymlinks |
    FLAG.noOpendir |
    FLAG.more
  if (accessLists) wanted |= FLAG.posixAcl
  if (passthrough) wanted &= ~FLAG.noOpen
  for (const feature of without) wanted &= ~(FLAG_OF[feature] ?? 0)
  const flags = offer.flags & wanted
  const offered = (flags & FLAG.more) === 0 ? 0 : offer.moreFlags
  let moreWanted: number = MORE_FLAG.expireOnly
  if (passthrough) moreWanted |= MORE_FLAG.passthrough
  for (const feature of without) moreWanted &= ~(MORE_FLAG_OF[feature] ?? 0)
  const moreFlags = offered & moreWanted
  return {
    readaheadBytes: offer.readaheadBytes,
    flags,
    moreFlags,
    // A file that is passed through must not lie in a file system that is stacked itself.
    stackDepth: (moreFlags & MORE_FLAG.passthrough) === 0 ? 0 : 1,
    background: BACKGROUND,
    pages: (flags & FLAG.maxPages) === 0 ? FEWEST_PAGES : PAGES,
    withoutOpen: (flags & FLAG.noOpen) !== 0,
    withoutOpendir: (flags & FLAG.noOpendir) !== 0,
    canExpire: (moreFlags & MORE_FLAG.expireOnly) !== 0,
    canPrune: offer.minor >= PRUNE_MINOR && !without.includes('prune'),
    passthrough: (moreFlags & MORE_FLAG.passthrough) !== 0,
  }
}
