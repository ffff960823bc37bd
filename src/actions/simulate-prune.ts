/** `snapfs prune --simulate`: what the policy of a profile will keep over time. */
import { SnapfsError } from '../errors/snapfs-error.ts'
import { type KeepPolicy, keepsEverything } from '../model/keep-policy.ts'
import type { Profile } from '../model/profile.ts'
import type { World } from '../model/world.ts'
import type { SeriesPlace } from '../repository/layout.ts'
import { openRepository } from '../repository/open-repository.ts'
import { inRepository } from '../repository/storage-error.ts'
import { simulate, type Simulation } from '../retention/simulate.ts'
import { readCandidates } from './plan-prune.ts'

export interface SimulationReport extends Simulation {
  readonly profile: string
}

/**
 * What the policy will keep, should snapshots be made as often as lately; nothing is written.
 * @throws SnapfsError USAGE when it cannot be told
 */
export async function simulatePrune(
  { profile, spanMs }: { readonly profile: Profile; readonly spanMs: number },
  world: World,
): Promise<SimulationReport> {
  const repository = await openRepository(profile.repository)
  const place = { repository: repository.path, profile: profile.name }
  const simulated = (): SimulationReport => simulateSeries(place, profile.keep, spanMs, world)
  return inRepository(repository.path, () => Promise.resolve().then(simulated))
}

function simulateSeries(
  place: SeriesPlace,
  policy: KeepPolicy | undefined,
  spanMs: number,
  { clock, timeZone }: World,
): SimulationReport {
  if (policy === undefined || keepsEverything(policy)) {
    throw new SnapfsError('USAGE', `Nothing says what to keep of ${place.profile}.`, {
      hint: 'All is kept then. See keep in "snapfs prune --help".',
    })
  }
  const nowMs = clock.now()
  const { candidates } = readCandidates(place)
  const until = { timeZone, nowMs, untilMs: nowMs + spanMs }
  const simulated = simulate(candidates, policy, until)
  if (simulated !== undefined) return { profile: place.profile, ...simulated }
  throw new SnapfsError(
    'USAGE',
    `What will be kept of ${place.profile} by then cannot be told from its snapshots.`,
    {
      hint: 'It takes two of them to tell how often they are made; and fewer than 200,000 until then.',
    },
  )
}
