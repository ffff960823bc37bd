/** `snapfs list`: what snapshots there are. Reads only, and takes no lock. */
import type { Outcome } from '../model/manifest.ts'
import { profilesIn, readLabels, readSeries } from '../catalog/read-series.ts'
import { readVerifications } from '../catalog/read-verifications.ts'
import { seriesDirectory, type SeriesPlace, snapshotDirectory } from '../repository/layout.ts'
import { openRepository } from '../repository/open-repository.ts'
import { storageError } from '../repository/storage-error.ts'
import { systemErrorCode } from '../errors/system-error.ts'
import { epochMsOf } from '../model/snapshot-id.ts'
import type { LockVerdict } from '../repository/decide-lock.ts'
import { type Activity, observeSeries } from './observe-series.ts'

export interface ListedSnapshot {
  readonly id: string
  /** The instant its name stands for, in milliseconds since 1970. */
  readonly timeMs: number
  /** When the source was found unchanged since, in the order of the looks; in milliseconds since 1970. */
  readonly verifiedMs: readonly number[]
  readonly outcome: Outcome
  readonly files: number
  readonly totalBytes: number
  readonly changedFiles: number
  readonly changedBytes: number
  /** Entries that had another name before. */
  readonly movedEntries: number
  readonly problemCount: number
  readonly pinned: boolean
  readonly tags: readonly string[]
  readonly comment: string | undefined
  readonly path: string
}

export interface SeriesListing extends Activity {
  readonly profile: string
  readonly repository: string
  /** Oldest first. */
  readonly snapshots: readonly ListedSnapshot[]
  readonly damaged: readonly { readonly id: string; readonly reason: string }[]
  readonly warnings: readonly string[]
}

/** The names of the series of a repository. @throws SnapfsError when it cannot be read */
export async function seriesIn(repositoryPath: string): Promise<readonly string[]> {
  return profilesIn((await openRepository(repositoryPath)).path)
}

/**
 * @param profile its series; one that has none yet is listed as empty
 * @throws SnapfsError when the repository cannot be read
 */
export async function listSnapshots(
  repositoryPath: string,
  profile: string,
): Promise<SeriesListing> {
  const repository = await openRepository(repositoryPath)
  const place = { repository: repository.path, profile }
  try {
    const { verdict, ...activity } = await observeSeries(place)
    const { snapshots, damaged } = readSeries(place)
    const labels = readLabels(place)
    const verified = readVerifications(place, snapshots)
    return {
      profile,
      repository: repository.path,
      snapshots: snapshots.map(({ id, manifest }) => ({
        id,
        timeMs: epochMsOf(id),
        verifiedMs: (verified.bySnapshot.get(id) ?? []).map((one) => epochMsOf(one.id)),
        outcome: manifest.outcome,
        files: manifest.counts.files,
        totalBytes: manifest.counts.totalBytes,
        changedFiles: manifest.counts.changedFiles + manifest.counts.attributeOnlyFiles,
        changedBytes: manifest.counts.changedBytes,
        movedEntries: manifest.counts.movedEntries ?? 0,
        problemCount: manifest.problemCount,
        pinned: labels?.get(id)?.pinned ?? false,
        tags: labels?.get(id)?.tags ?? [],
        comment: labels?.get(id)?.comment,
        path: snapshotDirectory(place, id),
      })),
      damaged,
      warnings: [
        ...(labels === undefined
          ? [`${seriesDirectory(place)}/labels.json cannot be read; pins are not shown.`]
          : []),
        ...verified.warnings,
        ...(await lockWarnings(verdict, place)),
      ],
      ...activity,
    }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') {
      return {
        profile,
        repository: repository.path,
        snapshots: [],
        damaged: [],
        warnings: [],
        unfinished: [],
        running: undefined,
      }
    }
    throw storageError(error, repository.path)
  }
}

/** One that belongs to another user is that user's business. */
async function lockWarnings(verdict: LockVerdict, place: SeriesPlace): Promise<readonly string[]> {
  if (verdict.kind !== 'unknown' || verdict.because === 'forbidden') return []
  const { illegibleLockSentence } = await import('./describe-lock.ts')
  return [illegibleLockSentence(verdict, place)]
}
