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
import { minFreeInodesOption, minFreeOption } from '../floor-options.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, REPOSITORY, section } from '../help-text.ts'
import { errorLines, errorObject, exitCodeFor } from '../render-error.ts'
import { profileFromOptions, requireConfig, selectProfiles } from '../resolve-profiles.ts'
import { strayWaitLimit, waitOption } from '../wait-option.ts'

const DESCRIPTION =
  flowing(`Makes a snapshot: a complete directory tree in which every file that did not change is a hard link to
the previous snapshot. It appears under its name when it is whole and on the disk, or not at all; earlier
snapshots are never touched. Copies owners, permissions, times, links, holes, access control lists and
extended attributes. A file that was rewritten with the same size and time is compared by content.

Without PROFILE, backs up every profile of the configuration, one after the other. With --repository and
--source no configuration is needed. On a terminal a bar shows the progress; under cron the command is
silent unless something is wrong. A backup that was interrupted is gone on with by the next one, which does not
copy again what it finds right.

One backup of a profile runs at a time. A second one ends with status 11 and says which process works there; with
--wait, or "wait" in the configuration, it waits for that one to end, for ever or for as long as DURATION says
(90s, 30m, 2h, 1h30m), and then makes its own snapshot. The time of the snapshot is when its copy began. On a
terminal it says once whom it waits for. In a crontab give a DURATION shorter than the time between two runs,
so that they do not queue up. The lock of a process that was killed, or that a reboot ended, is taken over at once.

With --checksum all files of the source and of the last snapshot are read and compared by content, which takes as long
as reading both. Content that changed although the file was not written since, as on a failing disk, is told on
standard error, and both are kept. "checksum_interval" in the configuration, such as "30 days", has that done by
itself when the last time is so long ago.

A source that has become much smaller is refused with status 14 before anything is copied: a disk may not be
mounted, or something was removed by mistake. That is so when it has fewer than half of the files and directories
of the last complete snapshot, or less than a tenth of the bytes, and that one had at least 100; and when it is
empty and was not. "max_shrink" in the configuration sets another share ("80 %"), or "off". Where the source is
meant to be so, --accept-shrink makes the snapshot once, and the next one is held against it. What a new exclude
pattern leaves out is no shrinking.

The same status, and the same option, are for a source whose disk is not mounted, so that the directory below the
mountpoint would be backed up; and for one where another disk is mounted in the place of the one before. Where
that cannot be told for certain (btrfs, zfs, overlay, network and FUSE file systems have no root that stays), only
a mount that has gone is noticed. Other device numbers and names after a reboot are no change.

No backup begins where it would end for want of room: with less than one hundredth of the repository's file
system free (at most 100 MiB), or of its inodes (at most 10,000), it ends with status 22 before anything is
written. --min-free and --min-free-inodes, or "min_free" and "min_free_inodes" in the configuration, set another
floor: an amount ("5 GiB", "10000"), a share ("2 %"), or "off". Where inodes are not counted, as on btrfs, there is
no floor for them.

The order of the snapshots is that of their making, whatever the clock says. When it is behind one of them, a
sentence on standard error and in the manifest says by how much; the status is 0, since nothing is lost.

What is mounted inside a source belongs to it. With --one-file-system, or "one_file_system = true" in the
configuration, a mountpoint is an empty directory in the snapshot; so is a subvolume of btrfs. "rsync_options" in
the configuration adds options to rsync that change neither what is stored nor what is linked, such as
"--bwlimit=50m", "--compress" and "--no-whole-file"; any other is refused by name, with the reason.
A backup of which nothing moves any more, since a disk or another machine hangs, ends with status 21 after 30
minutes, or after "stall_timeout" of the profile ("10 minutes", "off"). One that is only slow is left alone.

A source may be on another machine: [USER@]HOST:/PATH by ssh, with a key and without any question asked, or
rsync://[USER@]HOST[:PORT]/MODULE[/PATH] from an rsync daemon. "ssh_port", "ssh_key", "ssh_config" and
"password_file" of the profile say how to get there; else ssh does as its own configuration says. The host key must
be known; it is never accepted unseen. rsync 3.1 or newer must be there. What rsync sees is what is noticed: a file
that was rewritten with the same size and time, to the nanosecond, is not, but with --checksum. A local path that holds a colon before
its first slash is written ./a:b.

The repository, and snapfs mounts inside the source, are left out by themselves. On network and FUSE
sources one thing is not recognised as changed: directories that changed places and hold files of equal names,
sizes and times.`)

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
    .description(DESCRIPTION)
    .argument('[PROFILE...]', 'profiles of the configuration')
    .option('--repository <REPO>', 'the repository, instead of a configured profile')
    .option(
      '--source <DIR>',
      'the directory to back up, with --repository; also HOST:/PATH or rsync://HOST/MODULE',
    )
    .option('--profile <NAME>', 'the name of the series, with --repository (default: name of DIR)')
    .option(
      '--exclude <PATTERN>',
      'leave out what matches this rsync pattern; may be repeated',
      (pattern: string, earlier: readonly string[]) => [...earlier, pattern],
      [] as readonly string[],
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
    .addOption(waitOption())
    .option('--config <FILE>', 'the configuration file to read')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      afterHelp(
        section(
          'EXAMPLE',
          `
$ snapfs backup --repository /mnt/backup/snapfs --source ~/Documents --exclude '*.tmp'
Documents: snapshot 2026-11-22T14-30-00Z, complete, in 1.2 s
  1,204 files, 310 MB; new or changed: 3, 48 kB copied
  /mnt/backup/snapfs/Documents/2026-11-22T14-30-00Z

In a crontab, every 12 hours:
0 */12 * * * ${context.programPath} backup

The same, where somebody may be making a snapshot by hand:
0 */12 * * * ${context.programPath} backup --wait=2h
`,
        ),
        exitStatusText([
          ...ALWAYS,
          'SNAPSHOT_PARTIAL',
          ...REPOSITORY,
          'LOCKED',
          'SOURCE_REFUSED',
          'RSYNC_MISSING',
          'RSYNC_FAILED',
          'DESTINATION_FULL',
          'HANGUP',
          'INTERRUPTED',
          'TERMINATED',
        ]),
      ),
    )
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
        profile: options.oneFileSystem ? { ...profile, fileSystems: 'one' } : profile,
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
