/** Looking at entries past Node, which makes eighteen numbers of 64 bits of each, and what they are kept in. */
import { lookAt, type LookAt } from '../../catalog/entry-status.ts'
import { type ListDirectory, listsTrueNumbers, RawListing } from '../../catalog/raw-listing.ts'
import { RawStatus } from '../../catalog/raw-status.ts'
import { ENOENT, ENOTDIR } from '../errno.ts'
import type { StatusCalls, SystemLibrary } from './system-library.ts'

/** Looks into one place, over and over. */
export interface QuickLook extends StatusCalls {
  /** What was found last. */
  readonly status: RawStatus
}

export function quickLook({ statusInto }: Pick<SystemLibrary, 'statusInto'>): QuickLook {
  const status = new RawStatus()
  return { status, ...statusInto(status.bytes) }
}

/** The same for a catalog. */
export function lookQuickly({ status, at }: QuickLook): LookAt {
  return (place) => {
    const errno = at(place)
    if (errno === 0) return status.entry()
    if (errno === ENOENT || errno === ENOTDIR) return undefined
    // What is wrong is said by Node, and a kernel that does not know the call is asked as of old.
    return lookAt(place)
  }
}

/** Listings for a catalog. @returns undefined where there are none but Node's */
export function listQuickly(
  { listingsInto }: Pick<SystemLibrary, 'listingsInto'>,
  repository: string,
): ListDirectory | undefined {
  if (listingsInto === undefined) return undefined
  const listing = new RawListing(listingsInto, listsTrueNumbers(repository))
  return (directory) => listing.list(directory)
}
