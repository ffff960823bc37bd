/** `snapfs backup` */
import { type Command, Option } from 'commander'
import type { BackUpReport } from '../../actions/back-up.ts'
import { throwIfInterrupted } from '../../actions/interruption.ts'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { exitCodeOf } from '../../errors/exit-code.ts'
import { objectionToPattern } from '../../model/exclude-pattern.ts'
import { printableSentence } from '../../model/entry-name.ts'
import type { Floor } from '../../model/floor.ts'
import type { Profile } from '../../model/profile.ts'
import type { Context } from '../context.ts'
import {
  bandwidthOption,
  minFreeInodesOption,
  minFreeOption,
  stopAfterOption,
} from '../worded-options.ts'
import { BACKUP_DESCRIPTION, backupHelp } from './backup-help.ts'
import { errorLines, errorObject, exitCodeFor } from '../render-error.ts'
import { profileFromOptions, requireConfig, selectProfiles } from '../resolve-profiles.ts'
import { strayWaitLimit, waitOption } from '../wait-option.ts'

interface Options {
  readonly repository?: string
  readonly source?: string
  readonly profile?: string
  readonly exclude: readonly string[]
  readonly acceptShrink?: true
  readonly allowEmpty?: true
  readonly checksum?: true
  readonly oneFileSystem?: true
  readonly minFree?: Floor
  readonly minFreeInodes?: Floor
  /** Milliseconds. */
  readonly stopAfter?: number
  /** Bytes a second. */
  readonly bwlimit?: number
  /** Milliseconds; Infinity for ever. */
  readonly wait?: number
  readonly config?: string
  readonly json?: true
}

export function addBackup(
  program: Command,
  context: Context,
  setExitCode: (exitCode: number) => void,
): void {
  program
    .command('backup')
    .summary('make a snapshot of each profile')
    .description(BACKUP_DESCRIPTION)
    .argument('[PROFILE...]', 'profiles of the configuration')
    .option('--repository <REPO>', 'the repository, instead of a configured profile')
    .option(
      '--source <DIR>',
      'the directory to back up, with --repository; also HOST:/PATH or rsync://HOST/MODULE',
    )
    .option('--profile <NAME>', 'the name of the series, with --repository (default: name of DIR)')
    .addOption(
      new Option(
        '--exclude <PATTERN>',
        'leave out what matches this rsync pattern; may be repeated',
      )
        .argParser((pattern, earlier: readonly string[]) => [...earlier, pattern])
        .default([], 'none'),
    )
    .option('--checksum', 'read all files and compare them by content')
    .option(
      '--accept-shrink',
      'back up a source that shrank, is empty, or is on another disk, as it is now',
    )
    .addOption(new Option('--allow-empty', 'the same, for an empty source alone').hideHelp())
    .option('-x, --one-file-system', 'leave out what is mounted inside the source')
    .addOption(minFreeOption())
    .addOption(minFreeInodesOption())
    .addOption(stopAfterOption())
    .addOption(bandwidthOption())
    .addOption(waitOption())
    .option('--config <FILE>', 'the configuration file to read')
    .option('--json', 'print one JSON object')
    .addHelpText('after', backupHelp(context.programPath))
    .action(async (names: readonly string[], options: Options) => {
      options.exclude.forEach(checkPattern)
      const profiles = await profilesToBackUp(context, names, options)
      const runs: Run[] = []
      for (const profile of profiles) {
        runs.push(await backUpOne(context, profile, options))
        if (context.signal.aborted) break
      }
      await report(context, runs, options)
      // A signal that came too late for the last run still kept others from being begun.
      if (runs.length < profiles.length) throwIfInterrupted(context.signal)
      setExitCode(worstExitCode(runs))
    })
}

type Run =
  | { readonly profile: string; readonly report: BackUpReport }
  | { readonly profile: string; readonly error: unknown }

async function profilesToBackUp(
  context: Context,
  names: readonly string[],
  options: Options,
): Promise<readonly Profile[]> {
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

function checkPattern(pattern: string): void {
  const objection = objectionToPattern(pattern)
  if (objection === undefined) return
  throw usage(`--exclude "${pattern}": an exclude pattern ${objection}.`)
}

function usage(message: string): SnapfsError {
  return new SnapfsError('USAGE', message, { hint: 'See: snapfs backup --help' })
}

async function backUpOne(context: Context, profile: Profile, options: Options): Promise<Run> {
  const { output, world } = context
  const { backUp } = await import('../../actions/back-up.ts')
  const { progressBar } = await import('../progress-bar.ts')
  const { terminal } = output
  const startBar = () =>
    terminal === undefined || options.json
      ? undefined
      : progressBar(profile.name, terminal, () => world.clock.elapsed())
  let bar = startBar()
  try {
    const finished = await backUp(
      {
        profile: {
          ...profile,
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
        waitMs: options.wait ?? profile.waitMs ?? 0,
        signal: context.signal,
        onWait: (sentence) => {
          // Nothing is copied yet: a sentence in its place, and a new bar when there is progress.
          bar?.close()
          bar = undefined
          if (terminal !== undefined) output.remark(printableSentence(`snapfs: ${sentence}`))
        },
        onProgress: (progress) => (bar ??= startBar())?.show(progress),
      },
      world,
    )
    return { profile: profile.name, report: finished }
  } catch (error) {
    return { profile: profile.name, error }
  } finally {
    bar?.close()
  }
}

async function report(context: Context, runs: readonly Run[], options: Options): Promise<void> {
  const { output } = context
  const { summaryLines, troubleLines } = await import('../render-backup.ts')
  for (const run of runs) {
    const lines = 'error' in run ? errorLines(run.error, run.profile) : troubleLines(run.report)
    if (!options.json) {
      if ('report' in run && output.answerIsWatched) summaryLines(run.report).forEach(output.answer)
      lines.forEach(output.remark)
    }
  }
  if (!options.json) return
  output.answer(
    JSON.stringify({
      snapshots: runs.flatMap((run) => ('report' in run ? [run.report] : [])),
      errors: runs.flatMap((run) =>
        'error' in run ? [{ profile: run.profile, ...errorObject(run.error) }] : [],
      ),
    }),
  )
}

/** An error counts more than a partial snapshot; among errors the first. */
function worstExitCode(runs: readonly Run[]): number {
  const failed = runs.find((run) => 'error' in run)
  if (failed !== undefined && 'error' in failed) return exitCodeFor(failed.error)
  const partial = runs.some((run) => 'report' in run && run.report.outcome === 'partial')
  return exitCodeOf(partial ? 'SNAPSHOT_PARTIAL' : 'DONE')
}
