/** `snapfs list` */
import type { Command } from 'commander'
import type { SeriesListing } from '../../actions/list-snapshots.ts'
import type { RunningProcess } from '../../actions/observe-series.ts'
import type { Context } from '../context.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, REPOSITORY, section } from '../help-text.ts'
import { chooseSeries } from '../choose-series.ts'

interface Options {
  readonly repository?: string
  readonly config?: string
  readonly json?: true
}

export function addList(program: Command, context: Context): void {
  program
    .command('list')
    .summary('show the snapshots there are')
    .description(
      flowing(`Shows the snapshots of a profile, or of all of them, oldest first: when each was made (local time with
its offset), whether it is complete or partial, how many files and bytes it holds, and how many of them
were new or changed. How many entries had another name before, pins and other labels stand at the end of the
line. Where backups found later that nothing had changed since a snapshot, and made no other one, a line says when
the last of them was and how many there were; "verified" has all these times with --json.

On standard error it says when a backup of the profile is running now, and since when; and what a run that was
killed left unfinished, which is no snapshot and needs no care: the next backup goes on from there. With
--json these are the fields "running", absent when nothing runs, and "unfinished" of each series.

Only reads: works while a backup runs, and on a repository that is read-only.`),
    )
    .argument('[PROFILE]', 'one profile (default: all)')
    .option('--repository <REPO>', 'the repository, instead of the configured ones')
    .option('--config <FILE>', 'the configuration file to read')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      afterHelp(
        section(
          'EXAMPLE',
          `
$ snapfs list home
home  /mnt/backup/snapfs/home
  TIME                        OUTCOME    FILES    SIZE  CHANGED   COPIED
  2026-11-20 09:00:00 +01:00  complete  41,310  5.2 GB   41,310   5.2 GB
  2026-11-22 15:30:00 +01:00  complete  41,322  5.2 GB       31  1.1 MB
  2 snapshots

$ snapfs list etc
etc  /mnt/backup/snapfs/etc
  TIME                        OUTCOME    FILES    SIZE  CHANGED  COPIED
  2026-11-20 09:00:00 +01:00  complete   1,204  8.1 MB    1,204  8.1 MB
  2026-11-22 15:00:00 +01:00  unchanged                                  since 2026-11-20 09:00:00 +01:00, found so 54 times
  1 snapshot
`,
        ),
        exitStatusText([...ALWAYS, ...REPOSITORY]),
      ),
    )
    .action(async (name: string | undefined, options: Options) => {
      const listings = await chosenListings(context, name, options)
      const { output, world } = context
      const { listingLines, activityRemarks } = await import('../render-list.ts')
      if (options.json) {
        output.answer(JSON.stringify({ series: listings.map(withTimeText) }))
        return
      }
      listings.forEach((listing, index) => {
        if (index > 0) output.answer('')
        listingLines(listing, world.timeZone).forEach(output.answer)
        const moment = { nowMs: world.clock.now(), timeZone: world.timeZone }
        activityRemarks(listing, moment).forEach(output.remark)
      })
      if (listings.length === 0) output.answer('no snapshots yet')
    })
}

async function chosenListings(
  context: Context,
  name: string | undefined,
  options: Options,
): Promise<readonly SeriesListing[]> {
  const { listSnapshots } = await import('../../actions/list-snapshots.ts')
  const chosen = await chooseSeries(context, name === undefined ? [] : [name], options)
  return Promise.all(chosen.map((series) => listSnapshots(series.repository, series.name)))
}

/** JSON carries times as RFC 3339. */
function withTimeText({ running, unfinished, ...listing }: SeriesListing): unknown {
  return {
    ...listing,
    unfinished: unfinished.map(({ startedMs, ...rest }) => ({
      ...rest,
      startedAt: timeText(startedMs),
    })),
    ...(running === undefined ? {} : { running: withSince(running) }),
    snapshots: listing.snapshots.map(({ timeMs, verifiedMs, ...rest }) => ({
      ...rest,
      time: timeText(timeMs),
      verified: verifiedMs.map(timeText),
    })),
  }
}

function withSince({ sinceMs, isProven, ...rest }: RunningProcess): unknown {
  return { ...rest, since: timeText(sinceMs), proven: isProven }
}

function timeText(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
