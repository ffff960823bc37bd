/**
 * The command line: words to actions, errors to sentences and exit codes. Commands load what they do only when
 * they do it, so that help, list and a mount need not wait for packages that only a backup uses.
 */
import { Command, CommanderError } from 'commander'
import { exitCodeOf } from '../errors/exit-code.ts'
import { addBackup } from './commands/backup.ts'
import { addDu } from './commands/du.ts'
import { addInit } from './commands/init.ts'
import { addIntegrate } from './commands/integrate.ts'
import { addLabels } from './commands/label.ts'
import { addList } from './commands/list.ts'
import { addMount, addUnmount } from './commands/mount.ts'
import { addOpenVersions } from './commands/open-versions.ts'
import { addPrune } from './commands/prune.ts'
import { addStatus } from './commands/status.ts'
import type { Context } from './context.ts'
import { afterHelp, exitStatusText, flowing, section } from './help-text.ts'
import { errorReport, exitCodeFor } from './render-error.ts'
import { spellOutMount } from './mount-helper.ts'
import { spellOutWait } from './wait-option.ts'
import { printableSentence } from '../model/entry-name.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'

/**
 * Runs a command line to its end. Never throws.
 * @returns the exit code of the process
 */
export async function runProgram(words: readonly string[], context: Context): Promise<number> {
  let exitCode = exitCodeOf('DONE')
  const program = createProgram(context, (code) => (exitCode = code))
  try {
    await program.parseAsync(spellOutWait(spellOutMount(words)), { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodeOf('DONE') : exitCodeOf('USAGE')
    }
    reportError(error, words.includes('--json'), context)
    return exitCodeFor(error)
  }
}

function createProgram(context: Context, setExitCode: (exitCode: number) => void): Command {
  const { output } = context
  const program = new Command('snapfs')
    .description(
      flowing(`Backs up directories into hard-linked snapshots, and shows them as a file system: by date, and by the
history of each file. Snapshots are plain directories; cp alone gets everything back.`),
    )
    .version(context.world.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help, or that of a command')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.answer(text.replace(/\n$/u, '')),
      writeErr: (text) => output.remark(text.replace(/\n$/u, '')),
      outputError: (text, write) => {
        write(printableSentence(text.replace(/^error: /u, 'snapfs: ').replace(/\n$/u, '')))
      },
    })
    .showHelpAfterError('(snapfs --help shows what there is)')
    .addHelpText(
      'after',
      afterHelp(
        section(
          'EXAMPLE',
          `
$ snapfs init /mnt/backup/snapfs --source ~
$ snapfs backup
$ snapfs mount ~/history
$ ls ~/history/by-file/Documents/report.odt
`,
        ),
        section(
          'FILES',
          `
~/.config/snapfs/config.toml   the configuration (root: /etc/snapfs/config.toml); the environment
                               variable SNAPFS_CONFIG or the option --config chooses another
`,
        ),
        exitStatusText(),
      ),
    )
  addInit(program, context)
  addBackup(program, context, setExitCode)
  addList(program, context)
  addDu(program, context, setExitCode)
  addPrune(program, context, setExitCode)
  addLabels(program, context)
  addStatus(program, context, setExitCode)
  addMount(program, context)
  addUnmount(program)
  addOpenVersions(program, context)
  addIntegrate(program, context)
  return program
}

function reportError(error: unknown, asJson: boolean, context: Context): void {
  const { output, tellStarter } = context
  if (tellStarter !== undefined) {
    tellStarter({
      kind: 'failed',
      code: error instanceof SnapfsError ? error.code : 'DEFECT',
      message: error instanceof Error ? error.message : String(error),
      hint: error instanceof SnapfsError ? error.hint : undefined,
      details:
        error instanceof SnapfsError
          ? [...error.details]
          : [error instanceof Error ? (error.stack ?? '') : ''],
    })
    return
  }
  errorReport(error, asJson ? 'json' : 'text').forEach(output.remark)
}
