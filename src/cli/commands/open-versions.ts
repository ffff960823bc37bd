/** `snapfs open-versions` */
import { type Command, Option } from 'commander'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FILE_MANAGERS, type FileManager } from '../../desktop/menu-files.ts'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { messageOf } from '../../errors/system-error.ts'
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
    .action((path: string, options: Options) => run(context, path, options))
}

async function run(context: Context, text: string, options: Options): Promise<void> {
  const { output } = context
  const request = { fileManager: options.with, stateDirectory: stateDirectory(context) }
  if (options.print) {
    const { findVersions } = await import('../../actions/find-versions.ts')
    output.answer(await findVersions(pathOf(text), request.stateDirectory))
    return
  }
  const { openVersions, showFailure } = await import('../../actions/open-versions.ts')
  try {
    await openVersions({ ...request, path: pathOf(text) })
  } catch (error) {
    if (error instanceof SnapfsError && output.terminal === undefined) await showFailure(error)
    throw error
  }
}

/**
 * A path, or the `file:` URI of one, which has no characters that are special to anything.
 * @throws SnapfsError USAGE for a URI of something that is no file here
 */
function pathOf(text: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//u.exec(text)?.[1]
  if (scheme === undefined) return resolve(text)
  try {
    const path = scheme === 'file' ? fileURLToPath(text) : '\0'
    if (!path.includes('\0')) return path
  } catch (error) {
    throw noFile(text, messageOf(error))
  }
  throw noFile(text)
}

function noFile(text: string, detail?: string): SnapfsError {
  return new SnapfsError('USAGE', `${text} is not a file of this machine.`, {
    hint: 'Only local files have versions in a snapshot.',
    details: detail === undefined ? [] : [detail],
  })
}
