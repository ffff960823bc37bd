/**
 * The name of a snapshot on disk: an instant in UTC, to the second, without colons, so that names
 * sort as times do and can live on any file system: `2026-11-22T14-30-00Z`.
 */

declare const snapshotId: unique symbol
export type SnapshotId = string & { readonly [snapshotId]: true }

const PATTERN = /^(\d{4})-(\d{2})-(\d{2})T(\d{2})-(\d{2})-(\d{2})Z$/u

/** The id of an instant given in milliseconds since 1970; the part below a second is dropped. */
export function snapshotIdAt(epochMs: number): SnapshotId {
  const text = new Date(Math.floor(epochMs / 1000) * 1000).toISOString()
  return `${text.slice(0, 10)}T${text.slice(11, 19).replaceAll(':', '-')}Z` as SnapshotId
}

/** The id a directory name stands for, or undefined when it is not one of ours. */
export function parseSnapshotId(name: string): SnapshotId | undefined {
  if (!PATTERN.test(name)) return undefined
  // 2026-02-30 matches the pattern; only a real date survives the round trip.
  const epochMs = epochMsOf(name as SnapshotId)
  return !Number.isNaN(epochMs) && snapshotIdAt(epochMs) === name ? (name as SnapshotId) : undefined
}

/** Milliseconds since 1970 of the instant an id names. */
export function epochMsOf(id: SnapshotId): number {
  return Date.parse(`${id.slice(0, 10)}T${id.slice(11, 19).replaceAll('-', ':')}Z`)
}

/**
 * The first id at or after an instant that is not taken. Two runs within one second, or a clock that
 * was set back, so never collide; the manifest keeps the true time.
 */
export function nextFreeId(epochMs: number, taken: ReadonlySet<string>): SnapshotId {
  let candidateMs = epochMs
  while (taken.has(snapshotIdAt(candidateMs))) candidateMs += 1000
  return snapshotIdAt(candidateMs)
}
