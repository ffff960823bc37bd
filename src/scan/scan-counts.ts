/** What a scan counts. */
import type { ScanCounts } from './source-scan.ts'
import { entryKind, type SourceStatus } from './source-status.ts'

export function emptyCounts(): ScanCounts {
  return { entries: 0, files: 0, directories: 0, symlinks: 0, specials: 0, totalBytes: 0 }
}

/** Counts what is not a directory. */
export function countEntry(counts: ScanCounts, status: SourceStatus): void {
  const kind = entryKind(status)
  counts.entries += 1
  if (kind === 'file') counts.files += 1
  else if (kind === 'symlink') counts.symlinks += 1
  else counts.specials += 1
  // As rsync counts: symbolic links have a size too.
  if (kind !== 'special') counts.totalBytes += Number(status.size)
}
