/** `snapfs integrate` */
import { Argument, type Command } from 'commander'
import { join } from 'node:path'
import type { IntegrateReport } from '../../actions/integrate.ts'
import { FILE_MANAGERS, type FileManager, MENU_LABEL } from '../../desktop/menu-files.ts'
import { printableText } from '../../model/entry-name.ts'
import type { Context } from '../context.ts'
import { afterHelp, ALWAYS, exitStatusText, flowing, section } from '../help-text.ts'

interface Options {
  readonly remove?: true
}

/** How each is called, and how a running one comes to know of the entry. */
const ABOUT: Readonly<Record<FileManager, readonly [name: string, restart: string]>> = {
  nautilus: ['Nautilus', 'nautilus -q'],
  dolphin: ['Dolphin', 'close its windows'],
  nemo: ['Nemo', 'nemo -q'],
  thunar: ['Thunar', 'thunar -q'],
  pcmanfm: ['PCManFM', 'close its windows'],
}

/** XDG base directory specification. */
const USUAL_CONFIG_DIRECTORIES = '/etc/xdg'

export function addIntegrate(program: Command, context: Context): void {
  program
    .command('integrate')
    .summary(`put "${MENU_LABEL}" into the menu of a file manager`)
    .description(
      flowing(`Puts "${MENU_LABEL}" into the menu that a file manager shows for a file or directory. It opens the directory
of a mount that holds all versions of it, as "snapfs open-versions" does.

Files of the user alone are written, below ~/.local/share and ~/.config. Thunar's file with the user's own actions is
added to, and only that part is taken out again. A file of that name that snapfs did not make is left alone.

Nautilus shows the entry in the menu itself where the package python3-nautilus is installed, and under Scripts
everywhere. PCManFM needs libfm-modules.`),
    )
    .addArgument(new Argument('<FILE-MANAGER>', 'whose menu').choices(FILE_MANAGERS))
    .option('--remove', 'take the entry away')
    .addHelpText(
      'after',
      afterHelp(
        section(
          'EXAMPLE',
          `
$ snapfs integrate thunar
wrote /home/anna/.config/Thunar/uca.xml
A Thunar that is running sees it when started again: thunar -q
`,
        ),
        exitStatusText(ALWAYS),
      ),
    )
    .action((fileManager: FileManager, options: Options) => run(context, fileManager, options))
}

async function run(context: Context, fileManager: FileManager, options: Options): Promise<void> {
  const { environment, world, programPath, output } = context
  const { integrate } = await import('../../actions/integrate.ts')
  // An empty variable counts as unset.
  const report = await integrate({
    fileManager,
    program: programPath,
    do: options.remove ? 'remove' : 'install',
    dataHome: environment.dataHome || join(world.homeDirectory, '.local/share'),
    configHome: environment.configHome || join(world.homeDirectory, '.config'),
    systemConfigDirectories: (environment.configDirectories || USUAL_CONFIG_DIRECTORIES)
      .split(':')
      .filter(Boolean),
  })
  reportLines(report, fileManager, options).forEach(output.answer)
}

function reportLines(
  { changed }: IntegrateReport,
  fileManager: FileManager,
  { remove }: Options,
): readonly string[] {
  if (changed.length === 0) return [remove ? 'There was no entry.' : 'The entry is there already.']
  const [name, restart] = ABOUT[fileManager]
  return [
    ...changed.map((path) => `${remove ? 'removed from' : 'wrote'} ${printableText(path)}`),
    `A ${name} that is running sees it when started again: ${restart}`,
  ]
}
