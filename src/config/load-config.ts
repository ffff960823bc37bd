/** Which configuration file counts, and reading it. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import { type Config, CONFIG_LIMIT_BYTES, parseConfig } from './parse-config.ts'

export interface ConfigPlace {
  /** From `--config`. */
  readonly option: string | undefined
  /** From the environment variable SNAPFS_CONFIG. */
  readonly variable: string | undefined
  /** From XDG_CONFIG_HOME; empty counts as unset, as its specification says. */
  readonly configHome: string | undefined
  readonly homeDirectory: string
  readonly isRoot: boolean
}

/** The file to read, whether or not it exists. The option wins over the variable. */
export function configFile(place: ConfigPlace): string {
  if (place.option !== undefined) return place.option
  if (place.variable !== undefined && place.variable !== '') return place.variable
  if (place.isRoot) return '/etc/snapfs/config.toml'
  const configHome = place.configHome || join(place.homeDirectory, '.config')
  return join(configHome, 'snapfs/config.toml')
}

/** Whether the user named the file, so that its absence is an error. */
function isNamed(place: ConfigPlace): boolean {
  return place.option !== undefined || (place.variable !== undefined && place.variable !== '')
}

/**
 * The configuration, or undefined when there is none and none was asked for.
 * @throws SnapfsError USAGE when it is wrong or cannot be read
 */
export async function loadConfig(place: ConfigPlace): Promise<Config | undefined> {
  const file = configFile(place)
  let text: string
  try {
    text = await readBounded(file)
  } catch (error) {
    if (error instanceof SnapfsError) throw error
    const missing = systemErrorCode(error) === 'ENOENT'
    if (missing && !isNamed(place)) return undefined
    throw new SnapfsError(
      'USAGE',
      missing
        ? `There is no configuration file ${file}.`
        : `The configuration file ${file} cannot be read: ${messageOf(error)}.`,
      { cause: error },
    )
  }
  return parseConfig(text, file, place.homeDirectory)
}

async function readBounded(file: string): Promise<string> {
  await using handle = await open(file, 'r')
  const { size } = await handle.stat()
  if (size > CONFIG_LIMIT_BYTES) {
    throw new SnapfsError('USAGE', `The configuration file ${file} is larger than 1 MiB.`)
  }
  return await handle.readFile('utf8')
}
