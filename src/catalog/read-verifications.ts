/** When the sources of snapshots were found unchanged, read from beside them. What is wrong with it hides no snapshot. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import { countOf } from '../model/figures.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import {
  decodeVerifications,
  type Verification,
  VERIFICATIONS_LIMIT_BYTES,
} from '../model/verification.ts'
import { type SeriesPlace, verificationsFile } from '../repository/layout.ts'

export interface SeriesVerifications {
  /** In the order in which they were written; nothing for a snapshot that has none. */
  readonly bySnapshot: ReadonlyMap<SnapshotId, readonly Verification[]>
  /** Sentences. */
  readonly warnings: readonly string[]
}

/** Those of snapshots that are there; what is left of others is not looked at. */
export function readVerifications(
  place: SeriesPlace,
  snapshots: readonly Snapshot[],
): SeriesVerifications {
  const bySnapshot = new Map<SnapshotId, readonly Verification[]>()
  const warnings: string[] = []
  for (const snapshot of snapshots) {
    const file = verificationsFile(place, snapshot.id)
    const reading = readText(file)
    if (reading.kind === 'absent') continue
    if (reading.kind === 'unreadable') {
      warnings.push(`${file} cannot be read: ${reading.reason}.`)
      continue
    }
    const { verifications, damagedLines } = decodeVerifications(reading.text, snapshot)
    if (verifications.length > 0) bySnapshot.set(snapshot.id, verifications)
    if (damagedLines > 0) {
      const lines = countOf(damagedLines, 'damaged line')
      warnings.push(`${file} holds ${lines}; a time at which nothing had changed may be missing.`)
    }
  }
  return { bySnapshot, warnings }
}

/** The times that are taken by them. */
export function verificationIdsIn({ bySnapshot }: SeriesVerifications): readonly SnapshotId[] {
  return [...bySnapshot.values()].flat().map(({ id }) => id)
}

type TextReading =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly reason: string }

function readText(file: string): TextReading {
  let descriptor: number
  try {
    // Should it be a FIFO, opening it must not wait for a writer.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    descriptor = openSync(file, flags)
  } catch (error) {
    const isAbsent = systemErrorCode(error) === 'ENOENT'
    return isAbsent ? { kind: 'absent' } : { kind: 'unreadable', reason: messageOf(error) }
  }
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile()) return { kind: 'unreadable', reason: 'it is no file' }
    const bytes = Buffer.alloc(Math.min(status.size, VERIFICATIONS_LIMIT_BYTES))
    return { kind: 'text', text: bytes.toString('utf8', 0, readUpTo(descriptor, bytes)) }
  } catch (error) {
    return { kind: 'unreadable', reason: messageOf(error) }
  } finally {
    closeSync(descriptor)
  }
}

function readUpTo(descriptor: number, bytes: Buffer): number {
  let length = 0
  while (length < bytes.length) {
    const read = readSync(descriptor, bytes, length, bytes.length - length, length)
    if (read === 0) break
    length += read
  }
  return length
}
