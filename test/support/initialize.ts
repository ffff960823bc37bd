/** What `snapfs init` leaves behind, for tests of what comes after it. */
import type { Profile } from '../../src/model/profile.ts'
import { writeConfigIfAbsent } from '../../src/config/write-config.ts'
import { repositoryAt } from './back-up-once.ts'

/**
 * Makes a repository and the configuration of one profile. Hundreds of tests begin with them: to start the program
 * for each would take more than a minute of every run.
 */
export async function initialize(
  configFile: string,
  profile: Omit<Profile, 'exclude'>,
): Promise<void> {
  await repositoryAt(profile.repository)
  await writeConfigIfAbsent(configFile, { ...profile, exclude: [] })
}
