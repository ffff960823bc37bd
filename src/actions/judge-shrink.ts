/**
 * Whether a source is so much smaller than at its last snapshot that something must have happened to it: a disk
 * inside it that is not mounted, a directory emptied by mistake. Pure; others have counted.
 */
import { SnapfsError } from '../errors/snapfs-error.ts'
import { bytesText, countText } from '../model/figures.ts'
import type { MaxShrink } from '../model/max-shrink.ts'
import type { Snapshot } from '../model/snapshot.ts'

/** Fewer than these say nothing: who keeps twenty letters may well throw fifteen away. */
const FEW_ENTRIES = 100
/** The same of bytes, for a source whose files were all cut to nothing. */
const FEW_BYTES = 1024 * 1024
/**
 * Bytes lie unevenly: one film or one virtual machine is often most of them, and deleting it is ordinary. So
 * nine tenths must be missing, however little of the entries may be.
 */
const BYTES_SHARE = 0.9

export interface CountedSource {
  /** Everything that would be in the tree, its root included. */
  readonly entries: number
  readonly totalBytes: number
  /** What could not be looked at. */
  readonly unreadable: number
}

export interface Shrink {
  readonly what: 'entries' | 'bytes'
  readonly now: CountedSource
  readonly past: Snapshot
}

/**
 * The snapshot to hold a source against: the newest that is complete, or that was accepted as it was. A partial one
 * lacks what could not be read, so it proves nothing about what there is.
 */
export function shrinkBasis(snapshots: readonly Snapshot[]): Snapshot | undefined {
  const isWhole = ({ manifest }: Snapshot): boolean =>
    manifest.outcome === 'complete' || manifest.accepted?.includes('shrink') === true
  return snapshots.findLast(isWhole) ?? snapshots.at(-1)
}

/**
 * The shrink of a source beyond what is allowed, if there is one.
 * @param countStillThere how much of what that snapshot holds is in the source, also of what is to be left out from
 *   now on: that is no shrinking. It may take its time, and is asked only where there seems to be a shrink
 */
export function findShrink(
  past: Snapshot | undefined,
  now: CountedSource,
  maxShrink: MaxShrink,
  countStillThere: (past: Snapshot) => Pick<CountedSource, 'entries' | 'totalBytes'>,
): Shrink | undefined {
  if (past === undefined) return undefined
  const what = shrunken(past, now, maxShrink)
  if (what === undefined) return undefined
  return shrunken(past, countStillThere(past), maxShrink) === undefined
    ? undefined
    : { what, now, past }
}

function shrunken(
  past: Snapshot,
  now: Pick<CountedSource, 'entries' | 'totalBytes'>,
  maxShrink: MaxShrink,
): Shrink['what'] | undefined {
  const { entries, totalBytes } = past.manifest.counts
  if (entries < FEW_ENTRIES) return undefined
  if (lostShare(entries, now.entries) > maxShrink) return 'entries'
  const isMuch = totalBytes >= FEW_BYTES
  const bytesLimit = Math.max(maxShrink, BYTES_SHARE)
  return isMuch && lostShare(totalBytes, now.totalBytes) > bytesLimit ? 'bytes' : undefined
}

function lostShare(past: number, now: number): number {
  return past === 0 ? 0 : 1 - now / past
}

/** The sentence about it, with the figures. */
export function shrinkSentence(source: string, { what, now, past }: Shrink): string {
  const { counts } = past.manifest
  const figures =
    what === 'entries'
      ? `has ${countText(now.entries)} of the ${countText(counts.entries)} files and directories`
      : `has ${bytesText(now.totalBytes)} of the ${bytesText(counts.totalBytes)}`
  const unread =
    now.unreadable === 0 ? '' : `; ${countText(now.unreadable)} of it could not be looked at`
  return `The source ${source} ${figures} of its last snapshot ${past.id}${unread}.`
}

export function shrinkError(source: string, shrink: Shrink): SnapfsError {
  return new SnapfsError('SOURCE_REFUSED', shrinkSentence(source, shrink), {
    hint: 'Nothing was copied. Is every disk mounted, and was nothing removed by mistake? If the source is meant to be so, run once with --accept-shrink.',
  })
}
