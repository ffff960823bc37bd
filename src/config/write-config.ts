/** The first configuration file: what `snapfs init` writes when there is none. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Profile } from '../model/profile.ts'

/** TOML text for one profile, with a word on what else may be said. */
export function renderConfig(profile: Profile): string {
  return `# snapfs configuration. "snapfs backup" makes a snapshot of every profile below.
repository = ${JSON.stringify(profile.repository)}

[profile.${profile.name.includes('.') ? JSON.stringify(profile.name) : profile.name}]
source = ${JSON.stringify(profile.source)}
# What not to back up, in rsync's exclude patterns: a trailing "/" means directories only, a leading
# "/" means directly below the source, "*" stops at a slash and "**" does not. The first that matches
# decides, and "+ PATTERN" keeps. A .snapfsignore leaves out what its lines match, there and below.
exclude = [${profile.exclude.map((pattern) => JSON.stringify(pattern)).join(', ')}]
# Which snapshots "snapfs prune" keeps: the newest of each of so many hours, days and so on. It removes
# none before the "#" of the next line is gone; "snapfs prune --simulate 2y" shows what comes of it.
# keep = { hourly = 24, daily = 30, weekly = 12, monthly = 24, yearly = 10 }
# With this line, too, each backup is followed by a prune:
# prune = "after backup"
`
}

/**
 * Writes the file unless there is one, readable by the owner alone.
 * @returns whether it was written
 */
export async function writeConfigIfAbsent(file: string, profile: Profile): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  try {
    await writeFile(file, renderConfig(profile), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}
