/** `snapfs init` */
import type { Command } from 'commander'
import type { InitializeReport } from '../../actions/initialize.ts'
import { configFile, loadConfig } from '../../config/load-config.ts'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { printableText } from '../../model/entry-name.ts'
import { checkProfileName, type Profile, profileNameFor } from '../../model/profile.ts'
import type { Context } from '../context.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, REPOSITORY, section } from '../help-text.ts'
import { configPlace, sourceFromWords } from '../resolve-profiles.ts'

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

Writes a configuration with one profile unless there is one already. Nothing is copied yet, and no other machine
is asked for anything.`),
    )
    .argument('<REPO>', 'the directory to make; its parent must exist')
    .option(
      '--source <DIR>',
      'what to back up (default: your home directory); also HOST:/PATH or rsync://HOST/MODULE',
    )
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
      const source = sourceFromWords(options.source ?? world.homeDirectory)
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
      if (options.json) {
        output.answer(JSON.stringify(report))
        return
      }
      const words = await wordsForBackup(context, options, report)
      for (const line of reportLines(report, context.programPath, words)) output.answer(line)
    })
}

/**
 * What to say after "snapfs" to back up what was just asked for: a configuration that was there before may
 * speak of another repository, or of none.
 */
async function wordsForBackup(
  context: Context,
  options: Options,
  { configWritten, profile }: InitializeReport,
): Promise<string> {
  if (configWritten || (await isConfigured(context, options, profile))) return 'backup'
  const quoted = (text: string): string => `'${printableText(text).replaceAll("'", "'\\''")}'`
  const word = (text: string): string => (/^[\w/.,:@%+-]+$/u.test(text) ? text : quoted(text))
  const { repository, source, name } = profile
  return `backup --repository ${word(repository)} --source ${word(source)} --profile ${name}`
}

/** A configuration that is wrong says nothing here; the next command that needs it tells where. */
async function isConfigured(
  context: Context,
  options: Options,
  { repository, source }: Profile,
): Promise<boolean> {
  try {
    const config = await loadConfig(configPlace(context, options.config))
    const profiles = config?.profiles ?? []
    return profiles.some((known) => known.repository === repository && known.source === source)
  } catch (error) {
    if (!(error instanceof SnapfsError)) throw error
    return false
  }
}

function reportLines(report: InitializeReport, programPath: string, words: string): string[] {
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
      : `Configuration ${configFlag(report.configFile)} exists and was left as it is${words === 'backup' ? '' : '; it does not back up this source to this repository'}.`,
    '',
    `Next:  snapfs ${words}`,
    // In a crontab a percent sign ends the command unless a backslash stands before it (crontab(5)).
    `Every 12 hours, in "crontab -e":  0 */12 * * * ${programPath} ${words.replaceAll('%', '\\%')}`,
  ]
}
