/** `snapfs du` */
import type { Command } from 'commander'
import type { SpaceReport } from '../../actions/space.ts'
import { exitCodeOf } from '../../errors/exit-code.ts'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { printableSentence, textOfName } from '../../model/entry-name.ts'
import type { Context } from '../context.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, REPOSITORY, section } from '../help-text.ts'
import { chooseSeries } from '../choose-series.ts'
import { eachProfile, errorsOf, exitCodeOfRuns, remarkOn } from './each-profile.ts'
import { measuringFor } from './measuring.ts'

interface Options {
  readonly repository?: string
  readonly config?: string
  readonly removing?: readonly string[]
  readonly json?: true
}

const DESCRIPTION =
  flowing(`Shows what the snapshots of a profile take on the disk. Files that snapshots share are counted once for all of them,
to the block: what a file takes is free when the last of its names is gone.

  NAMES   of all that is not a directory, manifest and log included
  SIZE    all that a snapshot holds
  SHARED  of that what is in other snapshots, too, or has a name elsewhere
  ALONE   the rest: what removing this snapshot, and no other, would free
  ADDED   what is in no snapshot before it

Two snapshots may have little alone and much between them: --removing tells what removing several would free
together. Below the table stand the growth over time, and the paths whose new versions take most: a path with a twentieth of
all that came stands for itself, and what is left counts for the directory it is in.

Each snapshot is looked through once, which takes some seconds for a million files; after that only what is new, and each file
once, to see whether it has got other names. What was counted is remembered in ~/.cache/snapfs. Nothing is written to the repository,
and no lock is taken. On file systems that share blocks between files (reflinks) they count as often as files have them.`)

export function addDu(
  program: Command,
  context: Context,
  setExitCode: (exitCode: number) => void,
): void {
  program
    .command('du')
    .summary('show what the snapshots take on the disk')
    .description(DESCRIPTION)
    .argument('[PROFILE...]', 'profiles (default: all)')
    .option(
      '--removing <SNAPSHOT>',
      'say what removing this snapshot would free, together with others of this option',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option('--repository <REPO>', 'the repository, instead of the configured ones')
    .option('--config <FILE>', 'the configuration file to read')
    .option('--json', 'print one JSON object, with bytes')
    .addHelpText(
      'after',
      afterHelp(
        section(
          'EXAMPLE',
          `
$ snapfs du home --removing 2026-11-20 --removing 2026-11-21
home  /mnt/backup/snapfs/home
  TIME                         NAMES    SIZE  SHARED   ALONE   ADDED
  2026-11-20 23:00:00 +01:00  41,310  5.2 GB  5.1 GB   31 MB  5.2 GB  removed?
  2026-11-21 23:00:00 +01:00  41,320  5.2 GB  5.1 GB   32 MB  120 MB  removed?
  2026-11-22 15:00:00 +01:00  41,322  5.2 GB  5.2 GB  1.1 MB  1.1 MB
  3 snapshots on 5.3 GB; as copies they would take 15.6 GB
  removing the 2 snapshots asked for would free 152 MB

  growth
  5.3 GB ┤                            ▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆█
  …
  where it grew since the oldest
  115 MB   2 versions  mail/archive.mbox
   31 MB               directories, manifests and logs of the snapshots themselves
  5.2 MB  31 versions  all else
`,
        ),
        exitStatusText([...ALWAYS, ...REPOSITORY]),
      ),
    )
    .action(async (names: readonly string[], options: Options) => {
      setExitCode(await showSpace(context, names, options))
    })
}

async function showSpace(
  context: Context,
  names: readonly string[],
  { removing = [], json, ...options }: Options,
): Promise<number> {
  const { output, world } = context
  const profiles = await chooseSeries(context, names, options)
  if (removing.length > 0 && profiles.length > 1) {
    throw new SnapfsError('USAGE', '--removing is about the snapshots of one profile.', {
      hint: `Name it: ${profiles.map(({ name }) => name).join(', ')}.`,
    })
  }
  const { spaceOf } = await import('../../actions/space.ts')
  const { spaceLines } = await import('../render-space.ts')
  const runs = await eachProfile(context, profiles, true, ({ name, repository }, bar) =>
    spaceOf({ ...{ repository, profile: name, removing }, ...measuringFor(context, bar) }, world),
  )
  const reports = runs.flatMap((run) => ('report' in run ? [run.report] : []))
  if (json) output.answer(JSON.stringify({ series: reports.map(asJson), errors: errorsOf(runs) }))
  else {
    reports.forEach((report, index) => {
      if (index > 0) output.answer('')
      spaceLines(report, world.timeZone).forEach(output.answer)
    })
    for (const run of runs) {
      remarkOn(output, run, ({ profile, warnings }) =>
        warnings.map((sentence) => printableSentence(`snapfs: ${profile}: ${sentence}`)),
      )
    }
  }
  return exitCodeOfRuns(context, runs, profiles, () => exitCodeOf('DONE'))
}

/** JSON carries times as RFC 3339, and paths as text where they are. */
function asJson({ snapshots, growers, ...report }: SpaceReport): object {
  return {
    ...report,
    snapshots: snapshots.map(({ timeMs, ...snapshot }) => ({
      ...snapshot,
      time: new Date(timeMs).toISOString(),
    })),
    growers: growers.map(({ path, ...grower }) => ({
      path: textOfName(path) ?? path,
      ...grower,
    })),
  }
}
