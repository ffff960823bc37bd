/** `snapfs init` */
import type { Command } from 'commander'
import type { InitializeReport } from '../../actions/initialize.ts'
import { configFile } from '../../config/load-config.ts'
import { printableText } from '../../model/entry-name.ts'
import { checkProfileName, profileNameFor } from '../../model/profile.ts'
import type { Context } from '../context.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, REPOSITORY, section } from '../help-text.ts'
import { configPlace } from '../resolve-profiles.ts'
import { resolve } from 'node:path'

interface Options {
  readonly source?: string
  readonly profile?: string
  readonly config?: string
  readonly json?: true
}

export function addInit(program: Command, context: Context): void {
  program
    .command('init')
    .summary('make a repository, and the first configuration')
    .description(
      flowing(`Makes the directory REPO a repository: a place for snapshots. It must not exist yet, or be empty.
Tries what its file system can keep (hard links, symbolic links, permissions, owners, nanoseconds, upper
and lower case, extended attributes), refuses one without hard links, and says what else would be lost.

Writes a configuration with one profile unless there is one already. Nothing is copied yet.`),
    )
    .argument('<REPO>', 'the directory to make; its parent must exist')
    .option('--source <DIR>', 'what to back up (default: your home directory)')
    .option('--profile <NAME>', 'the name of the profile (default: "home", or the name of DIR)')
    .option('--config <FILE>', 'the configuration file to write')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      afterHelp(
        section(
          'EXAMPLE',
          `
$ snapfs init /mnt/backup/snapfs --source ~
Repository /mnt/backup/snapfs is ready.
`,
        ),
        exitStatusText([
          ...ALWAYS,
          ...REPOSITORY,
          'SOURCE_REFUSED',
          'RSYNC_MISSING',
          'DESTINATION_FULL',
        ]),
      ),
    )
    .action(async (repository: string, options: Options) => {
      const { world, output } = context
      const source = resolve(options.source ?? world.homeDirectory)
      const { initialize } = await import('../../actions/initialize.ts')
      const report = await initialize(
        {
          repository,
          source,
          profileName: checkProfileName(
            options.profile ?? profileNameFor(source, world.homeDirectory),
          ),
          configFile: configFile(configPlace(context, options.config)),
          signal: context.signal,
        },
        world,
      )
      if (options.json) output.answer(JSON.stringify(report))
      else for (const line of reportLines(report, context.programPath)) output.answer(line)
    })
}

function reportLines(report: InitializeReport, programPath: string): string[] {
  const repository = printableText(report.repository)
  const configFlag = (file: string): string => printableText(file)
  return [
    report.created
      ? `Repository ${repository} is ready.`
      : `${repository} is a repository already; it was left as it is.`,
    ...report.losses.map((loss) => `Note: ${loss}`),
    ...report.advice.map((advice) => `Advice: ${advice}`),
    report.configWritten
      ? `Configuration ${configFlag(report.configFile)} was written: profile "${report.profile.name}" backs up ${printableText(report.profile.source)}.`
      : `Configuration ${configFlag(report.configFile)} exists and was left as it is.`,
    '',
    'Next:  snapfs backup',
    `Every 12 hours, in "crontab -e":  0 */12 * * * ${programPath} backup`,
  ]
}
