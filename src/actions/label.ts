/** `snapfs pin`, `unpin`, `tag` and `comment`: what is said of a snapshot after it was made. */
import { readLabels, readSeries, snapshotIdsIn } from '../catalog/read-series.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { changeLabel, type Label, type LabelChange, objectionToTag } from '../model/labels.ts'
import type { Profile } from '../model/profile.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import type { World } from '../model/world.ts'
import { writeLabels } from '../repository/labels-file.ts'
import { seriesDirectory } from '../repository/layout.ts'
import { openRepository } from '../repository/open-repository.ts'
import { inRepository } from '../repository/storage-error.ts'
import { lockSeries, type LockRequest, thenRelease } from './lock-series.ts'
import { namedSnapshot } from './named-snapshot.ts'

export interface LabelRequest extends LockRequest {
  readonly profile: Pick<Profile, 'name' | 'repository'>
  /** The snapshot, as it was written. */
  readonly snapshot: string
  readonly change: LabelChange
}

export interface LabelReport {
  readonly profile: string
  readonly id: SnapshotId
  /** As it is now. */
  readonly label: Label
  readonly warnings: readonly string[]
}

/** @throws SnapfsError USAGE for a snapshot that there is none of, or a tag that cannot be one */
export async function labelSnapshot(request: LabelRequest, world: World): Promise<LabelReport> {
  const { profile, change } = request
  refuseTags(change)
  const repository = await openRepository(profile.repository)
  const place = { repository: repository.path, profile: profile.name }
  return inRepository(repository.path, async () => {
    const lock = await lockSeries({ ...request, command: 'snapfs label' }, world, place)
    return thenRelease(lock, async () => {
      const labels = readLabels(place)
      if (labels === undefined) {
        throw new SnapfsError(
          'REPOSITORY_UNUSABLE',
          `The labels of ${profile.name} cannot be read.`,
          {
            hint: `Repair or remove ${seriesDirectory(place)}/labels.json; nothing was changed.`,
          },
        )
      }
      const { snapshots } = readSeries(place)
      const { id } = namedSnapshot(request.snapshot, snapshots, labels, {
        ...{ profile: profile.name, world },
      })
      const label = changeLabel(labels.get(id), change)
      // Those of snapshots that are gone go with this. One that cannot be read now may be pinned, and be read tomorrow.
      const known = new Set<string>(snapshotIdsIn(place))
      const kept = [...labels].filter(([labelled]) => known.has(labelled))
      await writeLabels(place, new Map([...kept, [id, label]]))
      return { profile: profile.name, id, label, warnings: [] }
    })
  })
}

function refuseTags(change: LabelChange): void {
  if (change.kind !== 'tag') return
  for (const tag of change.tags) {
    const objection = objectionToTag(tag)
    if (objection === undefined) continue
    throw new SnapfsError('USAGE', `"${tag}" cannot be a tag: it ${objection}.`, {
      hint: 'Nothing was changed.',
    })
  }
}
