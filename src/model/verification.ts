/**
 * That a source was found equal to a snapshot at a later time, by a backup that made no other one. The records of one
 * snapshot are lines of one file: nothing that was written is written again, and a line that was cut off by a power
 * cut is the last one.
 */
import * as v from 'valibot'
import { parseSnapshotId, type SnapshotId } from './snapshot-id.ts'
import type { Snapshot } from './snapshot.ts'

export const VERIFICATION_FORMAT = 1

/** Some thirty thousand lines, or three years of every hour. A file as long as this gets no more. */
export const VERIFICATIONS_LIMIT_BYTES = 8 * 1024 * 1024

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

const verificationSchema = v.object({
  format: v.literal(VERIFICATION_FORMAT),
  /** Its time in UTC, unique among those of the snapshots and verifications of the series. */
  id: v.pipe(
    v.string(),
    v.check((text) => parseSnapshotId(text) !== undefined),
    v.transform((text) => text as SnapshotId),
  ),
  snapshot: v.string(),
  /** `startedAt` of its manifest: an id can be used again after a removal. */
  snapshotStartedAt: v.string(),
  /** RFC 3339 in UTC with milliseconds. */
  startedAt: v.string(),
  finishedAt: v.string(),
  /** What was compared beside the content (ACLs, xattrs, owners). */
  fidelity: v.string(),
  entries: count,
  totalBytes: count,
  snapfsVersion: v.string(),
})
export type Verification = v.InferOutput<typeof verificationSchema>

/** A line with its end. */
export function encodeVerification(verification: Verification): string {
  return `${JSON.stringify(verification)}\n`
}

export interface VerificationsReading {
  /** In the order in which they were written. */
  readonly verifications: readonly Verification[]
  /** How many lines are something else. */
  readonly damagedLines: number
}

/**
 * Reads the file of a snapshot. Never throws: the text is foreign. What follows the last end of a line was never
 * finished, and what speaks of another snapshot with the same id is no business of this one.
 */
export function decodeVerifications(
  text: string,
  { id, manifest }: Pick<Snapshot, 'id' | 'manifest'>,
): VerificationsReading {
  const verifications: Verification[] = []
  let damagedLines = 0
  for (const line of text.split('\n').slice(0, -1)) {
    const verification = decodeLine(line)
    if (verification === undefined || verification.snapshot !== id) damagedLines += 1
    else if (verification.snapshotStartedAt === manifest.startedAt) verifications.push(verification)
  }
  return { verifications, damagedLines }
}

function decodeLine(line: string): Verification | undefined {
  try {
    const parsed = v.safeParse(verificationSchema, JSON.parse(line))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
