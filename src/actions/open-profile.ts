/** What every run for a profile begins with: its repository, its source and its rsync are there, or a sentence says. */
import { SnapfsError } from '../errors/snapfs-error.ts'
import { onlyOfLocalSources } from '../model/leave-out.ts'
import type { Profile } from '../model/profile.ts'
import type { SourceLocation } from '../model/source-location.ts'
import type { World } from '../model/world.ts'
import type { SeriesPlace } from '../repository/layout.ts'
import { openRepository, type Repository } from '../repository/open-repository.ts'
import { probeRsync } from '../rsync/run-rsync.ts'
import type { RsyncVersion } from '../rsync/version.ts'
import { locateSource } from './locate-source.ts'
import { leaveOutOf } from './source-walk.ts'

export interface OpenProfile {
  readonly repository: Repository
  readonly place: SeriesPlace
  readonly source: SourceLocation
  readonly rsync: RsyncVersion
}

/** Gives way to other programs from here on, if the profile says so. @throws SnapfsError for what is not there */
export async function openProfile(profile: Profile, world: World): Promise<OpenProfile> {
  if (profile.nice !== undefined) world.lowerPriority(profile.nice)
  // Asked for while the rest is looked at; what is wrong with it is told last.
  const probing = Promise.allSettled([probeRsync()])
  const repository = await openRepository(profile.repository)
  const source = await locateSource(profile.source, repository.path)
  if (source.kind !== 'local') refuseWhatNeedsScan(profile)
  const [probed] = await probing
  if (probed.status === 'rejected') throw probed.reason
  const rsync = probed.value
  const place = { repository: repository.path, profile: profile.name }
  return { repository, place, source, rsync }
}

/** @throws SnapfsError USAGE for a profile that leaves something out which only a scan can tell */
function refuseWhatNeedsScan(profile: Profile): void {
  const settings = onlyOfLocalSources(leaveOutOf(profile))
  if (settings.length === 0) return
  throw new SnapfsError(
    'USAGE',
    `The source ${profile.source} is on another machine, and ${settings.join(' and ')} can be told only of a local one.`,
    { hint: 'Use exclude patterns, or .snapfsignore files in the source. Nothing was done.' },
  )
}
