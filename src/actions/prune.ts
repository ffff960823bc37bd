/**
 * `snapfs prune`: removes the snapshots of a series that its policy does not keep. Decided anew under the lock; what is removed
 * leaves the series whole, and is deleted after that.
 */
import { readSeries } from '../catalog/read-series.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import type { World } from '../model/world.ts'
import type { SeriesPlace } from '../repository/layout.ts'
import { writeConfirmedSequence } from '../repository/confirmed-clock.ts'
import type { Lock } from '../repository/lock.ts'
import { openRepository } from '../repository/open-repository.ts'
import { removeStates } from '../repository/state-store.ts'
import { inRepository } from '../repository/storage-error.ts'
import { deleteTrashed, isFull, moveToTrash, trashedIds } from '../repository/trash.ts'
import { throwIfInterrupted } from './interruption.ts'
import { lockSeries, type LockRequest, thenRelease } from './lock-series.ts'
import { hasCounted } from './measure-space.ts'
import { goingIds, planIn, type PlanRequest, type PrunePlan } from './plan-prune.ts'

export interface PruneRequest extends LockRequest, PlanRequest {}

export interface PruneReport extends PrunePlan {
  readonly removed: readonly SnapshotId[]
}

/** Mounts are told within this time, and open what is in use before its last name goes (native-notes/fuse.md). */
const MOUNTS_MS = 500

/** How it is after a signal. */
const INTERRUPTED = {
  outcome: 'what was removed by then is gone',
  hint: 'All other snapshots are whole. The next "snapfs prune" goes on.',
}

/**
 * @throws SnapfsError LOCKED, PRUNE_REFUSED, or what keeps the repository from being written; what was removed by then is
 *   gone, and the rest whole
 */
export async function prune(request: PruneRequest, world: World): Promise<PruneReport> {
  const { profile, signal } = request
  const repository = await openRepository(profile.repository)
  const place = { repository: repository.path, profile: profile.name }
  return inRepository(repository.path, async () => {
    // A first count may take minutes, in which a backup may begin. What was counted is not counted again under the lock.
    const counts = request.goalBytes !== undefined || profile.keep?.deletedMs !== undefined
    if (counts && !(await hasCounted(repository, place, world))) {
      await planIn(repository, request, world)
    }
    const lock = await lockOnFullDisk(request, world, place)
    return thenRelease(lock, async () => {
      const planned = await planIn(repository, request, world)
      const removed = [...goingIds(planned)]
      // First, so that nothing lies there under an id that is to come.
      await emptyTrash(place, request, world)
      for (const id of removed) {
        throwIfInterrupted(signal, INTERRUPTED)
        await moveToTrash(place, id)
      }
      if (removed.length > 0) await world.clock.sleep(MOUNTS_MS, signal)
      await emptyTrash(place, request, world)
      // Last: by now there is room for it, also on a disk that was full.
      if (request.acceptsClock) await confirmClock(place)
      return { ...planned, removed }
    })
  })
}

async function emptyTrash(
  place: SeriesPlace,
  { signal }: PruneRequest,
  { removeWorker: worker }: World,
): Promise<void> {
  for (const id of await trashedIds(place)) {
    await deleteTrashed(place, id, { worker, signal })
    throwIfInterrupted(signal, INTERRUPTED)
  }
}

/** Whoever says that the clock is right need not say it again of the snapshots there are. */
async function confirmClock(place: SeriesPlace): Promise<void> {
  const newest = Math.max(0, ...readSeries(place).snapshots.map(({ sequence }) => sequence))
  await writeConfirmedSequence(place, newest)
}

/** On a full disk a cache gives its blocks for the lock: what is to be removed needs one. */
async function lockOnFullDisk(
  request: PruneRequest,
  world: World,
  place: SeriesPlace,
): Promise<Lock> {
  const lock = (): Promise<Lock> =>
    lockSeries({ ...request, command: 'snapfs prune' }, world, place)
  try {
    return await lock()
  } catch (error) {
    if (!isFull(error)) throw error
    await removeStates(place)
    return lock()
  }
}
