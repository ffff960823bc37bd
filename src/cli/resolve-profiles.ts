/** From what was typed and what is configured to the profiles a command works on. */
import { join, resolve } from 'node:path'
import { configFile, type ConfigPlace, loadConfig } from '../config/load-config.ts'
import type { Config } from '../config/parse-config.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { checkProfileName, type Profile, profileNameFor } from '../model/profile.ts'
import { formatRemoteLocation, parseSourceLocation } from '../model/source-location.ts'
import type { Context } from './context.ts'

/** Where the configuration is for this user, with the options of this command line. */
export function configPlace(context: Context, option: string | undefined): ConfigPlace {
  return {
    option,
    variable: context.environment.config,
    configHome: context.environment.configHome,
    homeDirectory: context.world.homeDirectory,
    isRoot: context.world.userId === 0,
  }
}

/** Where snapfs keeps what it knows of this user's mounts; empty counts as unset (XDG base directories). */
export function stateDirectory({ environment, world }: Context): string {
  return join(environment.stateHome || join(world.homeDirectory, '.local/state'), 'snapfs')
}

/** @throws SnapfsError USAGE when there is no configuration */
export async function requireConfig(context: Context, option: string | undefined): Promise<Config> {
  const place = configPlace(context, option)
  const config = await loadConfig(place)
  if (config !== undefined) return config
  throw new SnapfsError('USAGE', `There is no configuration at ${configFile(place)}.`, {
    hint: 'Make a repository and a configuration with: snapfs init REPO. The help of each command tells which can do without.',
  })
}

/** The named profiles, or all of them. @throws SnapfsError USAGE for an unknown one */
export function selectProfiles(config: Config, names: readonly string[]): readonly Profile[] {
  if (names.length === 0) return config.profiles
  return [...new Set(names)].map((name) => {
    const profile = config.profiles.find((candidate) => candidate.name === name)
    if (profile !== undefined) return profile
    throw new SnapfsError('USAGE', `There is no profile "${name}" in ${config.file}.`, {
      hint: `It has: ${config.profiles.map((known) => known.name).join(', ')}.`,
    })
  })
}

/**
 * A source as it was typed: a remote one as it is, a local one made absolute.
 * @throws SnapfsError USAGE
 */
export function sourceFromWords(text: string): string {
  const reading = parseSourceLocation(text)
  if (reading.kind === 'refused') {
    throw new SnapfsError('USAGE', `--source: "${text}" ${reading.objection}.`, {
      hint: 'Correct the command line; nothing was done.',
    })
  }
  const { location } = reading
  return location.kind === 'local' ? resolve(location.path) : formatRemoteLocation(location)
}

/** A profile made of options alone. */
export function profileFromOptions(
  context: Context,
  options: { readonly repository: string; readonly source: string; readonly profile?: string },
): Profile {
  const source = sourceFromWords(options.source)
  return {
    name: checkProfileName(options.profile ?? profileNameFor(source, context.world.homeDirectory)),
    source,
    repository: resolve(options.repository),
    exclude: [],
  }
}
