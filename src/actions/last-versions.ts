/**
 * Files that were deleted: which snapshots have to stay so that the last version of each is kept for a time, although the policy would
 * have them go.
 */
import { setImmediate } from 'node:timers/promises'
import { DiskCatalog } from '../catalog/disk-catalog.ts'
import { nameFromBytes } from '../model/entry-name.ts'
import { showLife } from '../model/sign-of-life.ts'
import type { SeriesPlace } from '../repository/layout.ts'
import type { Decision } from '../retention/plan-retention.ts'
import type { SpaceTable } from '../space/space-table.ts'
import { throwIfInterrupted } from './interruption.ts'

/** Of a snapshot: how many deleted files it is kept for. */
export type LastVersions = ReadonlyMap<string, number>

interface Keeping {
  /** How long, counted back from now. */
  readonly keptMs: number
  readonly nowMs: number
  readonly signal: AbortSignal
}

/** So often the event loop gets its turn, for signals. */
const PAUSE_EVERY = 2000
const WORK = { outcome: 'nothing was removed', hint: 'Nothing was changed.' }

/**
 * A file counts as deleted when its content is in no newer snapshot, nor anything else under its path; its time begins with the
 * first snapshot that lacks it. One snapshot that has its last version is enough, so where one stays anyhow no other has to.
 * @param decisions those of the policy, the oldest first
 * @throws SnapfsError after a signal, or the operating system's error
 */
export async function neededForDeleted(
  place: SeriesPlace,
  table: SpaceTable,
  decisions: readonly Decision[],
  { keptMs, nowMs, signal }: Keeping,
): Promise<LastVersions> {
  const catalog = new DiskCatalog(place)
  const snapshots = table.snapshots.map(({ key }) =>
    catalog.snapshots().find(({ id }) => id === key.id),
  )
  const decided = new Map(decisions.map((decision) => [decision.snapshot.id, decision]))
  const decisionAt = (number: number): Decision | undefined =>
    decided.get(table.snapshots[number]?.key.id ?? '')
  const stays = table.snapshots.map((_snapshot, number) => {
    const decision = decisionAt(number)
    return decision === undefined || decision.reasons.length > 0
  })
  const isStill = (place: number, from: number): boolean => {
    const path = table.pathOf(place).split('/').map(nameFromBytes)
    // Mostly it is in the newest one, where it only has other content by now.
    for (let number = snapshots.length - 1; number >= from; number -= 1) {
      const snapshot = snapshots[number]
      if (snapshot !== undefined && catalog.entryAt(snapshot, path) !== undefined) return true
    }
    return false
  }
  const needed = new Map<string, number>()
  let looks = 0
  const newest = table.snapshots.length - 1
  const ended = [...table.to.keys()].filter(
    (place) => (table.to[place] ?? newest) < newest && table.isOfSource(place),
  )
  // From the newest on, so that what one is kept for serves the others, whatever was removed before.
  for (const place of ended.sort((one, other) => (table.to[other] ?? 0) - (table.to[one] ?? 0))) {
    const last = table.to[place] ?? 0
    const deletedMs = decisionAt(last + 1)?.snapshot.takenMs ?? nowMs
    if (nowMs - deletedMs > keptMs) continue
    const isKept = table
      .runsOf(place)
      .some(({ from, to }) => stays.slice(from, to + 1).includes(true))
    const id = table.snapshots[last]?.key.id
    if (id === undefined || (isKept && !needed.has(id))) continue
    looks += 1
    showLife()
    if (looks % PAUSE_EVERY === 0) await setImmediate()
    throwIfInterrupted(signal, WORK)
    if (isStill(place, last + 1)) continue
    if (!isKept) stays[last] = true
    needed.set(id, (needed.get(id) ?? 0) + 1)
  }
  return needed
}
