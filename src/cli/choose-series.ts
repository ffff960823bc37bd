/** Which series a command is about: those of the configuration, or of a repository that was named. */
import { resolve } from 'node:path'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { checkProfileName, type Profile } from '../model/profile.ts'
import type { Context } from './context.ts'
import { requireConfig, selectProfiles } from './resolve-profiles.ts'

/** What is known of a series, whether a configuration speaks of it or not. */
export type Series = Pick<Profile, 'name' | 'repository' | 'stallMs'>

export interface SeriesOptions {
  readonly repository?: string
  readonly config?: string
}

/**
 * The named ones, or all.
 * @throws SnapfsError USAGE for one that there is not, REPOSITORY_* when a named repository cannot be read
 */
export async function chooseSeries(
  context: Context,
  names: readonly string[],
  { repository, config }: SeriesOptions,
): Promise<readonly Series[]> {
  if (repository === undefined) return selectProfiles(await requireConfig(context, config), names)
  const { seriesIn } = await import('../actions/list-snapshots.ts')
  const path = resolve(repository)
  const known = await seriesIn(path)
  const unknown = names.map(checkProfileName).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new SnapfsError('USAGE', `There is no series "${unknown}" in ${path}.`, {
      hint: known.length === 0 ? 'It has none yet.' : `It has: ${known.join(', ')}.`,
    })
  }
  const chosen = names.length === 0 ? known : [...new Set(names)]
  return chosen.map((name) => ({ name, repository: path }))
}
