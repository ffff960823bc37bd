/** `snapfs prune` */
import { type Command, Option } from 'commander'
import type { PlanRequest, PrunePlan } from '../../actions/plan-prune.ts'
import type { PruneReport } from '../../actions/prune.ts'
import { exitCodeOf } from '../../errors/exit-code.ts'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { parseSpanMs } from '../../model/duration.ts'
import { BYTE_SIZE_EXAMPLES, parseByteSize } from '../../model/byte-size.ts'
import { printableSentence } from '../../model/entry-name.ts'
import type { Profile } from '../../model/profile.ts'
import type { Context } from '../context.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, REPOSITORY, section } from '../help-text.ts'
import { requireConfig, selectProfiles } from '../resolve-profiles.ts'
import { type Bar, eachProfile, errorsOf, exitCodeOfRuns, remarkOn } from './each-profile.ts'
import { measuringFor } from './measuring.ts'

interface Options {
  readonly config?: string
  readonly dryRun?: true
  readonly explain?: true
  readonly simulate?: number
  readonly free?: number
  readonly acceptClock?: true
  readonly json?: true
}

const DESCRIPTION =
  flowing(`Removes the snapshots that "keep" in the configuration does not keep. Nothing that stays is touched: a
file goes when the last snapshot that has it does. Each snapshot leaves the series whole, out of sight, and
is deleted then; what a prune that was interrupted has left the next one deletes. It works on a full disk, while
snapshots are mounted, and who has a file open reads it to its end.

  keep = { last = 3, hourly = 24, daily = 30, weekly = 12, monthly = 24,
           yearly = 10, within = "7 days", minimum = 3, deleted = "1 year" }

Each rule adds to what the others keep. hourly = 24 keeps the newest snapshot of each of the 24 newest hours that
have any, and so on; days begin at midnight here, weeks on Monday. last counts snapshots. within keeps all that are not
older than so long, counted back from the newest. A snapshot stands for all times at which a backup found that nothing had
changed since. minimum are so many of the newest complete ones. deleted keeps, for so long after it was deleted, the last version of each file that
is in no newer snapshot under its name or another: one snapshot that has it. Where files come and go all the time, as in caches,
that keeps nearly all snapshots; leave such files out. A partial
snapshot is kept only where its hour, day or week has no complete one, and takes no place of one. The
newest snapshot and the newest complete one always stay, and so does what is pinned or tagged, which
counts for nothing. How often it is run makes no difference to what is left.

With prune = "after backup" each complete snapshot is followed by it; a partial one, or a backup that failed, never is.

--dry-run counts, as "snapfs du" does, what would be free. --free 50G removes what "keep" does not keep, and when that frees too
little also snapshots that it keeps, so that the fewest versions of files are lost; never the newest ones (minimum of
them, 3 where that is not said) nor what is pinned or tagged. When all that may go would not do, nothing is removed. Look at it
with --dry-run first.

Where nothing is said, or only 0, nothing is removed. Nor is anything, also not after a backup, when a snapshot is later than now, was taken
before the one before it, or came two months or more after it though they mostly follow one another quickly: by a clock
that was wrong it cannot be told what is old. --accept-clock says, once for the snapshots there are, that their times are right.`)

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
    .addOption(
      new Option(
        '--free <SIZE>',
        'free so much, and remove for it also what "keep" keeps: what loses the least history',
      ).argParser(sizeOf),
    )
    .option('--accept-clock', 'believe the times of the snapshots there are, however odd they are')
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
  remove  2026-11-21 09:00:00 +01:00  frees 31 MB
  keep    2026-11-21 23:00:00 +01:00  daily 2026-11-21
  keep    2026-11-22 15:00:00 +01:00  newest, daily 2026-11-22, monthly 2026-11
  3 snapshots would stay, 1 would be removed; that would free 31 MB, with 12 versions of files
`,
        ),
        exitStatusText([...ALWAYS, ...REPOSITORY, 'LOCKED', 'PRUNE_REFUSED']),
      ),
    )
    .action(async (names: readonly string[], options: Options) => {
      const profiles = selectProfiles(await requireConfig(context, options.config), names)
      setExitCode(
        options.simulate === undefined
          ? await pruneProfiles(context, profiles, options)
          : await simulateProfiles(context, profiles, options.simulate, options),
      )
    })
}

async function pruneProfiles(
  context: Context,
  profiles: readonly Profile[],
  options: Options,
): Promise<number> {
  refuseFreeingSeveral(profiles, options)
  const measures =
    options.dryRun === true ||
    options.free !== undefined ||
    profiles.some(({ keep }) => keep?.deletedMs !== undefined)
  const runs = await eachProfile<PrunePlan | PruneReport>(
    context,
    profiles,
    measures,
    (profile, bar) => pruneOne(context, profile, options, bar),
  )
  const { output, world } = context
  const { planLines, pruneLines } = await import('../render-prune.ts')
  const reports = runs.flatMap((run) => ('report' in run ? [run.report] : []))
  if (options.json) {
    output.answer(JSON.stringify({ series: reports.map(withTimeText), errors: errorsOf(runs) }))
  } else {
    for (const report of reports) {
      const lines =
        'removed' in report
          ? pruneLines(report, world.timeZone, options.explain === true)
          : planLines(report, world.timeZone)
      lines.forEach(output.answer)
    }
    for (const run of runs) {
      remarkOn(output, run, ({ profile, warnings }) =>
        warnings.map((sentence) => printableSentence(`snapfs: ${profile}: ${sentence}`)),
      )
    }
  }
  return exitCodeOfRuns(context, runs, profiles, () => exitCodeOf('DONE'))
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
  const { simulatePrune } = await import('../../actions/simulate-prune.ts')
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

/** @throws SnapfsError USAGE: it cannot be known from which so much is to come */
function refuseFreeingSeveral(profiles: readonly Profile[], { free }: Options): void {
  if (free === undefined || profiles.length <= 1) return
  throw new SnapfsError('USAGE', '--free is about the snapshots of one profile.', {
    hint: `Name it: ${profiles.map(({ name }) => name).join(', ')}.`,
  })
}

/** @throws SnapfsError USAGE */
function sizeOf(text: string): number {
  const bytes = parseByteSize(text)
  if (bytes !== undefined && bytes > 0) return bytes
  throw new SnapfsError('USAGE', `--free ${text}: a size is written as ${BYTE_SIZE_EXAMPLES}.`, {
    hint: 'Correct the command line; nothing was done.',
  })
}

async function pruneOne(
  context: Context,
  profile: Profile,
  { dryRun, free, acceptClock }: Options,
  bar: Bar,
): Promise<PrunePlan | PruneReport> {
  const { world, signal } = context
  const request: PlanRequest = {
    ...{ profile, acceptsClock: acceptClock === true, measuring: measuringFor(context, bar) },
    tellsRoom: dryRun === true || free !== undefined,
    ...(free === undefined ? {} : { goalBytes: free }),
  }
  if (dryRun) {
    const { planPrune } = await import('../../actions/plan-prune.ts')
    return planPrune(request, world)
  }
  const { prune } = await import('../../actions/prune.ts')
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
