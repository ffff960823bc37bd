/** What `snapfs backup` is asked for: its options, the profiles they mean, and the request they make. */
import type { PlanRequest } from '../../actions/plan-backup.ts'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import type { Floor } from '../../model/floor.ts'
import type { OnUnchanged, Profile } from '../../model/profile.ts'
import type { Context } from '../context.ts'
import { type FilterOptions, leaveOutWith } from '../filter-options.ts'
import { profileFromOptions, requireConfig, selectProfiles } from '../resolve-profiles.ts'
import { strayWaitLimit } from '../wait-option.ts'

export interface BackupOptions extends FilterOptions {
  readonly repository?: string
  readonly source?: string
  readonly profile?: string
  readonly acceptShrink?: true
  readonly allowEmpty?: true
  readonly checksum?: true
  readonly onUnchanged?: OnUnchanged
  readonly oneFileSystem?: true
  readonly minFree?: Floor
  readonly minFreeInodes?: Floor
  /** Milliseconds. */
  readonly stopAfter?: number
  /** Bytes a second. */
  readonly bwlimit?: number
  /** Milliseconds; Infinity for ever. */
  readonly wait?: number
  readonly dryRun?: true
  readonly verbose?: true
  /** Paths, as they were typed. */
  readonly explain?: readonly string[]
  readonly config?: string
  readonly json?: true
}

/** The profiles to back up, in order. @throws SnapfsError USAGE for options that do not go together */
export async function profilesToBackUp(
  context: Context,
  names: readonly string[],
  options: BackupOptions,
): Promise<readonly Profile[]> {
  if (options.verbose && !options.dryRun) throw usage('--verbose belongs to --dry-run.')
  const { repository, source, profile } = options
  if (repository === undefined && source === undefined) {
    if (profile !== undefined && names.length > 0) throw usage('Name profiles once, not twice.')
    const wanted = profile === undefined ? names : [profile]
    const config = await requireConfig(context, options.config)
    const stray = strayWaitLimit(
      options.wait,
      names,
      config.profiles.map(({ name }) => name),
    )
    if (stray !== undefined) {
      throw usage(`"${stray}" is read as the name of a profile; write --wait=${stray}.`)
    }
    return selectProfiles(config, wanted)
  }
  if (repository === undefined || source === undefined) {
    throw usage('--repository and --source belong together.')
  }
  if (names.length > 0) throw usage('With --repository and --source, name the series by --profile.')
  return [
    profileFromOptions(context, {
      repository,
      source,
      ...(profile === undefined ? {} : { profile }),
    }),
  ]
}

function usage(message: string): SnapfsError {
  return new SnapfsError('USAGE', message, { hint: 'See: snapfs backup --help' })
}

/** What a backup and a dry run of it are asked alike. */
export function requestOf(
  profile: Profile,
  options: BackupOptions,
): Omit<PlanRequest, 'namesFiles' | 'signal' | 'onProgress'> {
  return {
    profile: {
      ...profile,
      leaveOut: leaveOutWith(profile.leaveOut, options),
      ...(options.onUnchanged === undefined ? {} : { onUnchanged: options.onUnchanged }),
      ...(options.oneFileSystem ? { fileSystems: 'one' } : {}),
      ...(options.stopAfter === undefined ? {} : { stopAfterMs: options.stopAfter }),
      ...(options.bwlimit === undefined ? {} : { bandwidth: options.bwlimit }),
    },
    exclude: options.exclude,
    emptySource: options.allowEmpty ? 'allow' : 'refuse',
    checksum: options.checksum ?? false,
    floors: {
      ...profile.floors,
      ...(options.minFree === undefined ? {} : { bytes: options.minFree }),
      ...(options.minFreeInodes === undefined ? {} : { inodes: options.minFreeInodes }),
    },
    changedSource: options.acceptShrink ? 'accept' : 'refuse',
  }
}
