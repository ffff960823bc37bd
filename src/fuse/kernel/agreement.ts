/** What kernel and server agree on when a mount begins: the most that both know. */
import type { Agreement } from './encode-reply.ts'
import { FLAG, MAJOR, MORE_FLAG, OLDEST_MINOR } from './protocol.ts'

/** What a server may do without, as with a kernel that does not know it. */
export const FEATURES = [
  'no-open',
  'no-opendir',
  'readdirplus',
  'cache-symlinks',
  'expire-only',
  'max-pages',
] as const
export type Feature = (typeof FEATURES)[number]

export interface Agreed extends Agreement {
  /** Whether files and directories need not be opened. */
  readonly withoutOpen: boolean
  readonly withoutOpendir: boolean
  /** Whether a name can be doubted without taking it from those who are in it. */
  readonly canExpire: boolean
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

/**
 * @param accessLists whether the kernel is to look at access control lists
 * @returns undefined when the kernel is too old
 */
export function agreeOn(
  offer: Offer,
  accessLists: boolean,
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
  for (const feature of without) wanted &= ~(FLAG_OF[feature] ?? 0)
  const flags = offer.flags & wanted
  const hasMore = (flags & FLAG.more) !== 0
  const canExpire =
    hasMore && (offer.moreFlags & MORE_FLAG.expireOnly) !== 0 && !without.includes('expire-only')
  return {
    readaheadBytes: offer.readaheadBytes,
    flags,
    moreFlags: canExpire ? MORE_FLAG.expireOnly : 0,
    background: BACKGROUND,
    pages: (flags & FLAG.maxPages) === 0 ? FEWEST_PAGES : PAGES,
    withoutOpen: (flags & FLAG.noOpen) !== 0,
    withoutOpendir: (flags & FLAG.noOpendir) !== 0,
    canExpire,
  }
}
