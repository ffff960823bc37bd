/** A backup, and then the removal of what the policy does not keep any more, where the profile says so. */
import { messageOf } from '../errors/system-error.ts'
import type { World } from '../model/world.ts'
import { backUp, type BackUpReport, type BackUpRequest } from './back-up.ts'
import { prune } from './prune.ts'

/**
 * Only a complete snapshot makes room for itself: after a failure, a partial one or none at all nothing is removed. What goes wrong
 * with the removal is a warning; the snapshot is there.
 * @throws SnapfsError as a backup does
 */
export async function backUpAndPrune(request: BackUpRequest, world: World): Promise<BackUpReport> {
  const report = await backUp(request, world)
  const { profile, signal, onWait } = request
  if (profile.prune !== 'after backup' || report.kind !== 'snapshot') return report
  if (report.outcome !== 'complete') return report
  try {
    const measuring = { signal, onProgress: () => undefined }
    const asked = { profile, acceptsClock: false, measuring, waitMs: 0, onWait, signal }
    const { removed } = await prune(asked, world)
    return { ...report, removed }
  } catch (error) {
    const sentence = `Not all that need not be kept was removed: ${messageOf(error).replace(/\.$/u, '')}.`
    return { ...report, warnings: [...report.warnings, sentence] }
  }
}
