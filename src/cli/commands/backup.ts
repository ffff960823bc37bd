/** `snapfs backup` */
import { type Command, Option } from 'commander'
import type { BackUpReport } from '../../actions/back-up.ts'
import { exitCodeOf } from '../../errors/exit-code.ts'
import { printableSentence } from '../../model/entry-name.ts'
import { type Profile, UNCHANGED_WAYS } from '../../model/profile.ts'
import type { Context } from '../context.ts'
import {
  bandwidthOption,
  minFreeInodesOption,
  minFreeOption,
  stopAfterOption,
} from '../worded-options.ts'
import { waitOption } from '../wait-option.ts'
import { addFilterOptions } from '../filter-options.ts'
import { BACKUP_DESCRIPTION, backupHelp } from './backup-help.ts'
import { type BackupOptions, profilesToBackUp, requestOf } from './backup-options.ts'
import {
  type Bar,
  eachProfile,
  errorsOf,
  exitCodeOfRuns,
  remarkOn,
  type Run,
} from './each-profile.ts'

export function addBackup(
  program: Command,
  context: Context,
  setExitCode: (exitCode: number) => void,
): void {
  const command = program
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
  addFilterOptions(command)
    .option('--checksum', 'read all files and compare them by content')
    .option(
      '--accept-shrink',
      'back up a source that shrank, is empty, or is on another disk, as it is now',
    )
    .addOption(new Option('--allow-empty', 'the same, for an empty source alone').hideHelp())
    .addOption(
      new Option(
        '--on-unchanged <WAY>',
        'when nothing has changed: make a snapshot all the same, or skip it',
      ).choices(UNCHANGED_WAYS),
    )
    .option('-x, --one-file-system', 'leave out what is mounted inside the source')
    .addOption(minFreeOption())
    .addOption(minFreeInodesOption())
    .addOption(stopAfterOption())
    .addOption(bandwidthOption())
    .addOption(waitOption())
    .option('-n, --dry-run', 'say what would be copied, and write nothing')
    .option('-v, --verbose', 'with --dry-run: name each file')
    .addOption(
      new Option(
        '--explain <PATH>',
        'say why PATH would be linked, copied, moved or left out, and write nothing; may be repeated',
      ).argParser((path, earlier: readonly string[] | undefined) => [...(earlier ?? []), path]),
    )
    .option('--config <FILE>', 'the configuration file to read')
    .option('--json', 'print one JSON object')
    .addHelpText('after', backupHelp(context.programPath))
    .action(async (names: readonly string[], options: BackupOptions) => {
      const profiles = await profilesToBackUp(context, names, options)
      if (options.explain !== undefined) {
        const { explainPaths } = await import('./backup-explain.ts')
        setExitCode(await explainPaths(context, profiles, options))
        return
      }
      if (options.dryRun) {
        const { planProfiles } = await import('./backup-dry-run.ts')
        setExitCode(await planProfiles(context, profiles, options))
        return
      }
      const showsBar = !options.json
      const runs = await eachProfile(context, profiles, showsBar, (profile, bar) =>
        backUpOne(context, profile, options, bar),
      )
      await report(context, runs, options)
      setExitCode(exitCodeOfRuns(context, runs, profiles, exitCodeOfReport))
    })
}

async function backUpOne(
  { output, world, signal }: Context,
  profile: Profile,
  options: BackupOptions,
  bar: Bar,
): Promise<BackUpReport> {
  const { backUpAndPrune } = await import('../../actions/back-up-and-prune.ts')
  const request = {
    ...requestOf(profile, options),
    waitMs: options.wait ?? profile.waitMs ?? 0,
    signal,
    onWait: (sentence: string) => {
      // Nothing is copied yet: a sentence in its place, and a new bar when there is progress.
      bar.close()
      if (output.terminal !== undefined) output.remark(printableSentence(`snapfs: ${sentence}`))
    },
    onProgress: bar.show,
  }
  return backUpAndPrune(request, world)
}

async function report(
  { output, world }: Context,
  runs: readonly Run<BackUpReport>[],
  options: BackupOptions,
): Promise<void> {
  const { summaryLines, troubleLines } = await import('../render-backup.ts')
  if (options.json) {
    const reports = runs.flatMap((run) => ('report' in run ? [run.report] : []))
    const snapshots = reports.filter(({ kind }) => kind === 'snapshot')
    const unchanged = reports.filter(({ kind }) => kind === 'unchanged')
    output.answer(JSON.stringify({ snapshots, unchanged, errors: errorsOf(runs) }))
    return
  }
  for (const run of runs) {
    if ('report' in run && output.answerIsWatched) {
      summaryLines(run.report, world.timeZone).forEach(output.answer)
    }
    remarkOn(output, run, troubleLines)
  }
}

function exitCodeOfReport(report: BackUpReport): number {
  const isPartial = report.kind === 'snapshot' && report.outcome === 'partial'
  return exitCodeOf(isPartial ? 'SNAPSHOT_PARTIAL' : 'DONE')
}
