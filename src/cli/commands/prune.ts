/** `snapfs prune` */
import { type Command, Option } from 'commander'
import type { PrunePlan, PruneReport } from '../../actions/prune.ts'
import { exitCodeOf } from '../../errors/exit-code.ts'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { parseSpanMs } from '../../model/duration.ts'
import { printableSentence } from '../../model/entry-name.ts'
import type { Profile } from '../../model/profile.ts'
import type { Context } from '../context.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, REPOSITORY, section } from '../help-text.ts'
import { requireConfig, selectProfiles } from '../resolve-profiles.ts'
import { eachProfile, errorsOf, exitCodeOfRuns, remarkOn } from './each-profile.ts'

interface Options {
  readonly config?: string
  readonly dryRun?: true
  readonly explain?: true
  readonly simulate?: number
  readonly acceptClock?: true
  readonly json?: true
}

const DESCRIPTION =
  flowing(`Removes the snapshots that "keep" in the configuration does not keep. Nothing that stays is touched: a
file goes when the last snapshot that has it does. Each snapshot leaves the series whole, out of sight, and
is deleted then; what a prune that was interrupted has left the next one deletes. It works on a full disk, while
snapshots are mounted, and who has a file open reads it to its end.

  keep = { last = 3, hourly = 24, daily = 30, weekly = 12, monthly = 24,
           yearly = 10, within = "7 days", minimum = 3 }

Each rule adds to what the others keep. hourly = 24 keeps the newest snapshot of each of the 24 newest hours that
have any, and so on; days begin at midnight here, weeks on Monday. last counts snapshots. within keeps all that are not
older than so long, counted back from the newest. A snapshot stands for all times at which a backup found that nothing had
changed since. minimum are so many of the newest complete ones. A partial
snapshot is kept only where its hour, day or week has no complete one, and takes no place of one. The
newest snapshot and the newest complete one always stay, and so does what is pinned or tagged, which
counts for nothing. How often it is run makes no difference to what is left.

With prune = "after backup" each complete snapshot is followed by it; a partial one, or a backup that failed, never is.

Where nothing is said, nothing is removed. When the newest snapshot is later than the clock, one of the two is wrong, and
nothing is removed before --accept-clock says that the clock is right.`)

export function addPrune(
  program: Command,
  context: Context,
  setExitCode: (exitCode: number) => void,
): void {
  program
    .command('prune')
    .summary('remove the snapshots that need not be kept')
    .description(DESCRIPTION)
    .argument('[PROFILE...]', 'profiles of the configuration (default: all)')
    .option('-n, --dry-run', 'say what would be kept and removed, and why; remove nothing')
    .option('--explain', 'say of each snapshot why it is kept')
    .addOption(
      new Option(
        '--simulate <SPAN>',
        'say what will be kept in 2y, "6 months" or "10 weeks", should snapshots be made as lately',
      ).argParser(spanOf),
    )
    .option('--accept-clock', 'prune although the newest snapshot is later than now')
    .option('--config <FILE>', 'the configuration file to read')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      afterHelp(
        section(
          'EXAMPLE',
          `
$ snapfs prune home --dry-run
home  /mnt/backup/snapfs/home
  keep    2026-10-31 23:00:00 +01:00  monthly 2026-10
  remove  2026-11-21 09:00:00 +01:00
  keep    2026-11-21 23:00:00 +01:00  daily 2026-11-21
  keep    2026-11-22 15:00:00 +01:00  newest, daily 2026-11-22, monthly 2026-11
  3 snapshots would stay, 1 would be removed
`,
        ),
        exitStatusText([...ALWAYS, ...REPOSITORY, 'LOCKED', 'PRUNE_REFUSED']),
      ),
    )
    .action(async (names: readonly string[], options: Options) => {
      const profiles = selectProfiles(await requireConfig(context, options.config), names)
      if (options.simulate !== undefined) {
        setExitCode(await simulateProfiles(context, profiles, options.simulate, options))
        return
      }
      const runs = await eachProfile<PrunePlan | PruneReport>(context, profiles, false, (profile) =>
        pruneOne(context, profile, options),
      )
      const { output, world } = context
      const { planLines, pruneLines } = await import('../render-prune.ts')
      if (options.json) {
        const series = runs.flatMap((run) => ('report' in run ? [run.report] : []))
        output.answer(JSON.stringify({ series: series.map(withTimeText), errors: errorsOf(runs) }))
      } else {
        for (const run of runs) {
          if ('report' in run) {
            const lines =
              'removed' in run.report
                ? pruneLines(run.report, world.timeZone, options.explain === true)
                : planLines(run.report, world.timeZone)
            lines.forEach(output.answer)
          }
          remarkOn(output, run, ({ profile, warnings }) =>
            warnings.map((sentence) => printableSentence(`snapfs: ${profile}: ${sentence}`)),
          )
        }
      }
      setExitCode(exitCodeOfRuns(context, runs, profiles, () => exitCodeOf('DONE')))
    })
}

/** @throws SnapfsError USAGE */
function spanOf(text: string): number {
  const spanMs = parseSpanMs(text)
  if (spanMs !== undefined && spanMs > 0) return spanMs
  throw new SnapfsError('USAGE', `--simulate ${text}: a time is written as "2y" or "6 months".`, {
    hint: 'Correct the command line; nothing was done.',
  })
}

async function simulateProfiles(
  context: Context,
  profiles: readonly Profile[],
  spanMs: number,
  { json }: Options,
): Promise<number> {
  const { output, world } = context
  const { simulatePrune } = await import('../../actions/prune.ts')
  const { simulationLines } = await import('../render-prune.ts')
  const runs = await eachProfile(context, profiles, false, (profile) =>
    simulatePrune({ profile, spanMs }, world),
  )
  const simulations = runs.flatMap((run) => ('report' in run ? [run.report] : []))
  if (json) output.answer(JSON.stringify({ simulations, errors: errorsOf(runs) }))
  else {
    for (const simulation of simulations) {
      simulationLines(simulation, world.timeZone).forEach(output.answer)
    }
    for (const run of runs) remarkOn(output, run, () => [])
  }
  return exitCodeOfRuns(context, runs, profiles, () => exitCodeOf('DONE'))
}

async function pruneOne(
  { world, signal }: Context,
  profile: Profile,
  { dryRun, acceptClock }: Options,
): Promise<PrunePlan | PruneReport> {
  const { planPrune, prune } = await import('../../actions/prune.ts')
  const request = { profile, acceptsClock: acceptClock === true }
  if (dryRun) return planPrune(request, world)
  return prune({ ...request, waitMs: 0, onWait: () => undefined, signal }, world)
}

function withTimeText(report: PrunePlan | PruneReport): object {
  const { snapshots, ...rest } = report
  return {
    ...rest,
    snapshots: snapshots.map(({ timeMs, ...snapshot }) => ({
      ...snapshot,
      time: new Date(timeMs).toISOString(),
      keep: snapshot.reasons.length > 0,
    })),
  }
}
