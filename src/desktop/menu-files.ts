/**
 * The files that put "Previous versions" into the menus of file managers, as far as they are snapfs's own; Thunar's is shared
 * (`thunar-actions.ts`). The entries hand on a `file:` URI where the file manager can, since it has no character that any quoting
 * would have to care about. Formats and their sources: native-notes/file-managers.md.
 */
import { escapeKeyFile, quoteForDesktopEntry, quoteForShell } from './quote.ts'

export const FILE_MANAGERS = ['nautilus', 'dolphin', 'nemo', 'thunar', 'pcmanfm'] as const
export type FileManager = (typeof FILE_MANAGERS)[number]

export const MENU_LABEL = 'Previous versions'

/** By this line a file is known to be snapfs's own. */
export const MARK = '# Made by "snapfs integrate", which takes it away with --remove.'

export interface MenuFile {
  /** Below the directory for data of the user (XDG_DATA_HOME). */
  readonly place: string
  readonly text: string
  readonly isExecutable: boolean
}

/** @param program what starts snapfs, absolute */
export function menuFilesOf(
  fileManager: Exclude<FileManager, 'thunar'>,
  program: string,
): readonly MenuFile[] {
  switch (fileManager) {
    case 'nautilus':
      return [nautilusExtension(program), nautilusScript(program)]
    case 'dolphin':
      return [dolphinMenu(program)]
    case 'nemo':
      return [nemoAction(program)]
    case 'pcmanfm':
      return [pcmanfmAction(program)]
  }
}

/** What an entry starts, before the file. */
export function openVersionsWords(program: string, fileManager: FileManager): readonly string[] {
  return [program, 'open-versions', '--with', fileManager, '--']
}

/** In the menu itself; needs nautilus-python, and does nothing without it. */
function nautilusExtension(program: string): MenuFile {
  // JSON's strings are Python's, for all that a path can hold.
  const words = JSON.stringify(openVersionsWords(program, 'nautilus'))
  const text = `${MARK}
from gi.repository import Gio, GObject, Nautilus

COMMAND = ${words}


def open_versions(_item, uri):
    Gio.Subprocess.new(COMMAND + [uri], Gio.SubprocessFlags.NONE)


class SnapfsVersions(GObject.GObject, Nautilus.MenuProvider):
    # Nautilus before 43 hands a window over first.
    def get_file_items(self, *arguments):
        files = arguments[-1]
        if len(files) != 1 or files[0].get_uri_scheme() != "file":
            return []
        item = Nautilus.MenuItem(name="Snapfs::versions", label="${MENU_LABEL}", tip="")
        item.connect("activate", open_versions, files[0].get_uri())
        return [item]

    def get_background_items(self, *_arguments):
        return []
`
  return { place: 'nautilus-python/extensions/snapfs.py', text, isExecutable: false }
}

/** In the menu's Scripts, in every Nautilus. */
function nautilusScript(program: string): MenuFile {
  const words = openVersionsWords(program, 'nautilus').map(quoteForShell).join(' ')
  const text = `#!/bin/sh
${MARK}
exec ${words} "$(printf '%s' "$NAUTILUS_SCRIPT_SELECTED_URIS" | head -n 1)"
`
  return { place: `nautilus/scripts/${MENU_LABEL}`, text, isExecutable: true }
}

/** KDE Frameworks 5.85 and later start it only when it is executable. */
function dolphinMenu(program: string): MenuFile {
  const words = openVersionsWords(program, 'dolphin').map(quoteForDesktopEntry).join(' ')
  const text = `${MARK}
[Desktop Entry]
Type=Service
MimeType=application/octet-stream;inode/directory;
X-KDE-ServiceTypes=KonqPopupMenu/Plugin
Actions=versions
X-KDE-Priority=TopLevel

[Desktop Action versions]
Name=${MENU_LABEL}
Icon=view-history
Exec=${words} %u
`
  return { place: 'kio/servicemenus/snapfs.desktop', text, isExecutable: true }
}

function nemoAction(program: string): MenuFile {
  const words = openVersionsWords(program, 'nemo').map(quoteForShell).join(' ')
  const text = `${MARK}
[Nemo Action]
Name=${MENU_LABEL}
Comment=Show what was here before
Exec=${escapeKeyFile(words)} %U
Icon-Name=document-open-recent
Selection=s
Extensions=any;
Quote=double
`
  return { place: 'nemo/actions/snapfs.nemo_action', text, isExecutable: false }
}

/** PCManFM and PCManFM-Qt (DES-EMA). */
function pcmanfmAction(program: string): MenuFile {
  const words = openVersionsWords(program, 'pcmanfm').map(quoteForDesktopEntry).join(' ')
  const text = `${MARK}
[Desktop Entry]
Type=Action
Name=${MENU_LABEL}
Icon=document-open-recent
Profiles=versions;

[X-Action-Profile versions]
MimeTypes=all/all;
SelectionCount==1
Exec=${words} %u
`
  return { place: 'file-manager/actions/snapfs.desktop', text, isExecutable: false }
}
