/** `snapfs pin`, `unpin`, `tag` and `comment` */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { printableText } from '../../model/entry-name.ts'
import type { Label, LabelChange } from '../../model/labels.ts'
import { localTimeText } from '../../model/local-time.ts'
import { epochMsOf } from '../../model/snapshot-id.ts'
import type { Context } from '../context.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, REPOSITORY, section } from '../help-text.ts'
import { chooseSeries, type Series } from '../choose-series.ts'

interface Options {
  readonly profile?: string
  readonly repository?: string
  readonly config?: string
  readonly json?: true
  readonly remove?: true
}

const SNAPSHOT = `SNAPSHOT is an id as "snapfs list --json" has it; latest, or latest~2 for the second before it; a
moment such as 2026-11-22, "2026-11-22 14:30", yesterday or "3 days ago", for the newest snapshot up to then; or
tag:NAME.`

export function addLabels(program: Command, context: Context): void {
  labelCommand(program, 'pin <SNAPSHOT>', {
    summary: 'keep a snapshot, whatever the policy says',
    description: `Pins a snapshot: no prune removes it, and it takes no place of another. ${SNAPSHOT}`,
    example: '$ snapfs pin yesterday\nhome 2026-11-21 23:00:00 +01:00: pinned',
  }).action((snapshot: string, options: Options) =>
    label(context, snapshot, { kind: 'pin' }, options),
  )
  labelCommand(program, 'unpin <SNAPSHOT>', {
    summary: 'leave a snapshot to the policy again',
    description: `Takes the pin away; the next prune may remove the snapshot. ${SNAPSHOT}`,
    example: '$ snapfs unpin 2026-11-21\nhome 2026-11-21 23:00:00 +01:00: no labels',
  }).action((snapshot: string, options: Options) =>
    label(context, snapshot, { kind: 'unpin' }, options),
  )
  labelCommand(program, 'tag <SNAPSHOT> <TAG...>', {
    summary: 'give a snapshot a name, which keeps it',
    description: `Gives a snapshot tags. What has one is kept by every prune, and can be written as tag:NAME. ${SNAPSHOT}`,
    example: `
$ snapfs tag latest "before upgrade"
home 2026-11-22 15:30:00 +01:00: #before upgrade
$ snapfs tag --remove "tag:before upgrade" "before upgrade"
home 2026-11-22 15:30:00 +01:00: no labels
`,
  })
    .option('--remove', 'take these tags away')
    .action((snapshot: string, tags: readonly string[], options: Options) =>
      label(context, snapshot, { kind: options.remove ? 'untag' : 'tag', tags }, options),
    )
  labelCommand(program, 'comment <SNAPSHOT> <TEXT>', {
    summary: 'write something down about a snapshot',
    description: `Writes down a comment, which "snapfs list" shows; an empty one takes it away. It keeps nothing. ${SNAPSHOT}`,
    example:
      '$ snapfs comment latest "as it was sold"\nhome 2026-11-22 15:30:00 +01:00: as it was sold',
  }).action((snapshot: string, text: string, options: Options) =>
    label(context, snapshot, { kind: 'comment', text }, options),
  )
}

interface Words {
  readonly summary: string
  readonly description: string
  readonly example: string
}

function labelCommand(
  program: Command,
  usage: string,
  { summary, description, example }: Words,
): Command {
  return program
    .command(usage)
    .summary(summary)
    .description(flowing(description))
    .option('--profile <NAME>', 'of this profile; needed where there are several')
    .option('--repository <REPO>', 'the repository, instead of the configured one')
    .option('--config <FILE>', 'the configuration file to read')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      afterHelp(
        section('EXAMPLE', example),
        exitStatusText([...ALWAYS, ...REPOSITORY, 'LOCKED', 'DESTINATION_FULL']),
      ),
    )
}

async function label(
  context: Context,
  snapshot: string,
  change: LabelChange,
  options: Options,
): Promise<void> {
  const { output, world, signal } = context
  const profile = await theSeries(context, options)
  const { labelSnapshot } = await import('../../actions/label.ts')
  const report = await labelSnapshot(
    { profile, snapshot, change, waitMs: 0, onWait: () => undefined, signal },
    world,
  )
  if (options.json) {
    const { warnings, ...rest } = report
    output.answer(JSON.stringify({ ...rest, warnings }))
    return
  }
  const time = localTimeText(epochMsOf(report.id), world.timeZone)
  output.answer(`${report.profile} ${time}: ${labelText(report.label)}`)
  report.warnings.forEach(output.remark)
}

/** @throws SnapfsError USAGE when it is not clear which is meant */
async function theSeries(context: Context, { profile, ...options }: Options): Promise<Series> {
  const chosen = await chooseSeries(context, profile === undefined ? [] : [profile], options)
  const [only, ...others] = chosen
  if (only !== undefined && others.length === 0) return only
  const { repository } = options
  const owner = repository === undefined ? 'The configuration' : resolve(repository)
  throw only === undefined
    ? new SnapfsError('USAGE', `${owner} has no series.`, { hint: 'Nothing was changed.' })
    : new SnapfsError('USAGE', `${owner} has several profiles.`, {
        hint: `Say which with --profile: ${chosen.map(({ name }) => name).join(', ')}.`,
      })
}

function labelText({ pinned, tags, comment }: Label): string {
  const words = [
    ...(pinned ? ['pinned'] : []),
    ...tags.map((tag) => `#${printableText(tag)}`),
    ...(comment === undefined ? [] : [printableText(comment)]),
  ]
  return words.length === 0 ? 'no labels' : words.join(' ')
}
