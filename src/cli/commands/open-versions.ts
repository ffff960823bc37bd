/** `snapfs open-versions` */
import { type Command, Option } from 'commander'
import { resolve } from 'node:path'
import { FILE_MANAGERS, type FileManager } from '../../desktop/menu-files.ts'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { printableSentence } from '../../model/entry-name.ts'
import type { Context } from '../context.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, section } from '../help-text.ts'
import { stateDirectory } from '../resolve-profiles.ts'

interface Options {
  readonly with?: FileManager
  readonly print?: true
}

export function addOpenVersions(program: Command, context: Context): void {
  program
    .command('open-versions')
    .summary('open the directory with all versions of a file')
    .description(
      flowing(`Opens the directory of a mount that holds all versions of PATH, in a file manager. This is what the menu entry
of "snapfs integrate" calls. PATH is a file or directory in its place, there or deleted, or anywhere in a mount; a
file: URI will do, too. For a directory it is the directory of by-file, with all that ever was in it.

Something must be mounted that shows it. Where standard error is no terminal, what went wrong is told by a
message on the desktop as well.`),
    )
    .argument('<PATH>', 'a file or directory')
    .addOption(
      new Option(
        '--with <FILE-MANAGER>',
        'which one opens it (default: that of the desktop)',
      ).choices(FILE_MANAGERS),
    )
    .option('--print', 'print the directory, and open nothing')
    .addHelpText(
      'after',
      afterHelp(
        section(
          'EXAMPLE',
          `
$ snapfs open-versions ~/Documents/report.odt
$ ls "$(snapfs open-versions --print ~/Documents/report.odt)"
report@2026-11-20_09-00-00.odt  report@2026-11-22_15-30-00.odt
`,
        ),
        exitStatusText([...ALWAYS, 'MOUNT_FAILED']),
      ),
    )
    .action((path: string, options: Options) => openVersions(context, path, options))
}

async function openVersions(context: Context, text: string, options: Options): Promise<void> {
  const { output } = context
  try {
    const { findVersions, pathFromArgument } = await import('../../actions/find-versions.ts')
    const path = pathFromArgument(text, (one) => resolve(one))
    const directory = await findVersions(path, stateDirectory(context))
    if (options.print) {
      output.answer(directory)
      return
    }
    await openDirectory(directory, options.with)
  } catch (error) {
    if (error instanceof SnapfsError && output.terminal === undefined && !options.print) {
      const { showMessage } = await import('../../desktop/start-file-manager.ts')
      await showMessage(printableSentence([error.message, error.hint ?? ''].join(' ').trim()))
    }
    throw error
  }
}

async function openDirectory(directory: string, fileManager: Options['with']): Promise<void> {
  const { showDirectory } = await import('../../desktop/start-file-manager.ts')
  const inVain = await showDirectory(directory, fileManager)
  if (inVain === undefined) return
  throw new SnapfsError('USAGE', 'No file manager could be started.', {
    hint: `The versions are in ${directory}`,
    details: [`Tried: ${inVain.join(', ')}.`],
  })
}
