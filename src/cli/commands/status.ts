/** `snapfs status` */
import type { Command } from 'commander'
import type { MountStatus, NewestSnapshot, ProfileStatus } from '../../actions/status.ts'
import { exitCodeOf } from '../../errors/exit-code.ts'
import type { Config } from '../../config/parse-config.ts'
import { configFile, loadConfig } from '../../config/load-config.ts'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { textOfName } from '../../model/entry-name.ts'
import type { Context } from '../context.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, REPOSITORY, section } from '../help-text.ts'
import { configPlace, selectProfiles, stateDirectory } from '../resolve-profiles.ts'
import { eachProfile, errorsOf, exitCodeOfRuns, type Run } from './each-profile.ts'

interface Options {
  readonly config?: string
  readonly json?: true
}

export function addStatus(
  program: Command,
  context: Context,
  setExitCode: (exitCode: number) => void,
): void {
  program
    .command('status')
    .summary('show how things stand: newest snapshots, running backups, mounts')
    .description(
      flowing(`Shows for each profile the newest snapshot and how old it is, and when a backup last found that
nothing had changed since; what is running now or was left unfinished; and the mounts there are, with the process that
serves each and its log.

A profile whose repository cannot be read is named on standard error, and the others are shown all the same.

Only reads: works while a backup runs, on a repository that is read-only, and beside a mount that hangs.`),
    )
    .argument('[PROFILE...]', 'some profiles (default: all)')
    .option('--config <FILE>', 'the configuration file to read')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      afterHelp(
        section(
          'EXAMPLE',
          `
$ snapfs status
home  /home/anna in /mnt/backup/snapfs/home
  newest     2026-11-22 15:30:00 +01:00 (2 hours ago), complete
  unchanged  2026-11-22 17:30:00 +01:00 (8 minutes ago), found so 4 times since
  in all     214 snapshots since 2025-02-01 03:00:00 +01:00

/home/anna/history
  shows      home in /mnt/backup/snapfs
  served by  process 4711, since 2026-11-22 09:00:00 +01:00 (8 hours ago)
  log        /home/anna/.local/state/snapfs/mounts/home-anna-history-1a2b3c4d.log
`,
        ),
        exitStatusText([...ALWAYS, ...REPOSITORY]),
      ),
    )
    .action(async (names: readonly string[], options: Options) => {
      setExitCode(await showStatus(context, names, options))
    })
}

async function showStatus(
  context: Context,
  names: readonly string[],
  options: Options,
): Promise<number> {
  const { output, world } = context
  const config = await configOrRemark(context, names, options)
  const profiles = config === undefined ? [] : selectProfiles(config, names)
  const { mountStatuses, profileStatus } = await import('../../actions/status.ts')
  const runs = await eachProfile(context, profiles, false, profileStatus)
  const mounts = await mountStatuses(stateDirectory(context))
  if (options.json) output.answer(JSON.stringify(asJson(runs, mounts)))
  else {
    const { statusLines, statusRemarks } = await import('../render-status.ts')
    const moment = { nowMs: world.clock.now(), timeZone: world.timeZone }
    statusLines(reportsOf(runs), mounts, moment).forEach(output.answer)
    statusRemarks(runs, moment).forEach(output.remark)
  }
  return exitCodeOfRuns(context, runs, profiles, () => exitCodeOf('DONE'))
}

/** Mounts are worth a look also where nothing is configured, as those of `--repository`. */
async function configOrRemark(
  context: Context,
  names: readonly string[],
  options: Options,
): Promise<Config | undefined> {
  const place = configPlace(context, options.config)
  const config = await loadConfig(place)
  if (config !== undefined) return config
  const sentence = `There is no configuration at ${configFile(place)}.`
  const hint = 'Make a repository and a configuration with: snapfs init REPO.'
  if (names.length > 0) throw new SnapfsError('USAGE', sentence, { hint })
  context.output.remark(`snapfs: ${sentence} ${hint}`)
  return undefined
}

function reportsOf(runs: readonly Run<ProfileStatus>[]): readonly ProfileStatus[] {
  return runs.flatMap((run) => ('report' in run ? [run.report] : []))
}

/** JSON carries times as RFC 3339. */
function asJson(runs: readonly Run<ProfileStatus>[], mounts: readonly MountStatus[]): object {
  return {
    profiles: reportsOf(runs).map(
      ({ oldestMs, newest, newestComplete, running, unfinished, ...rest }) => ({
        ...rest,
        oldest: timeOrUndefined(oldestMs),
        newest: newestAsJson(newest),
        newestComplete: newestAsJson(newestComplete),
        running:
          running === undefined
            ? undefined
            : { command: running.command, pid: running.pid, since: timeText(running.sinceMs) },
        unfinished: unfinished.map(({ path, startedMs }) => ({
          path,
          startedAt: timeText(startedMs),
        })),
      }),
    ),
    mounts: mounts.map(({ mountpoint, shown, ...rest }) => ({
      mountpoint: textOfName(mountpoint) ?? mountpoint,
      ...rest,
      ...(shown === undefined
        ? {}
        : { ...shown, sinceMs: undefined, since: timeText(shown.sinceMs) }),
    })),
    errors: errorsOf(runs),
  }
}

function newestAsJson(newest: NewestSnapshot | undefined): object | undefined {
  if (newest === undefined) return undefined
  const { timeMs, verifiedMs, ...rest } = newest
  return { ...rest, time: timeText(timeMs), verified: timeOrUndefined(verifiedMs) }
}

function timeOrUndefined(epochMs: number | undefined): string | undefined {
  return epochMs === undefined ? undefined : timeText(epochMs)
}

function timeText(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
