/** Starts what a desktop has: a file manager at a directory, and a message where nobody looks at standard error. */
import type { FileManager } from './menu-files.ts'

/** The programs of each, the first that is installed is taken. Then the one the desktop would take. */
const PROGRAMS: Readonly<Record<FileManager, readonly string[]>> = {
  nautilus: ['nautilus'],
  dolphin: ['dolphin'],
  nemo: ['nemo'],
  thunar: ['thunar'],
  pcmanfm: ['pcmanfm', 'pcmanfm-qt'],
}
const ANY = ['xdg-open']

/** A program that has not failed by then is taken to have begun; a window stays open for hours. */
const BEGIN_MS = 2000
const MESSAGE_MS = 5000

/**
 * Shows a directory. Returns when a program has begun.
 * @returns what was tried in vain, or undefined
 */
export async function showDirectory(
  directory: string,
  fileManager: FileManager | undefined,
): Promise<readonly string[] | undefined> {
  const programs = [...(fileManager === undefined ? [] : PROGRAMS[fileManager]), ...ANY]
  for (const program of programs) if (await hasBegun(program, [directory])) return undefined
  return programs
}

async function hasBegun(program: string, words: readonly string[]): Promise<boolean> {
  const { execa } = await import('execa')
  const child = execa(program, words, {
    stdio: 'ignore',
    detached: true,
    cleanup: false,
    reject: false,
  })
  const begun = new Promise<'begun'>((resolve) => {
    setTimeout(() => resolve('begun'), BEGIN_MS).unref()
  })
  const first = await Promise.race([child, begun])
  child.unref()
  return first === 'begun' || !first.failed
}

/** Where nothing shows messages, there is none. */
export async function showMessage(sentence: string): Promise<void> {
  const { execa } = await import('execa')
  const options = { stdio: 'ignore', reject: false, timeout: MESSAGE_MS } as const
  const shown = await execa('notify-send', ['--app-name=snapfs', 'snapfs', sentence], options)
  if (!shown.failed) return
  await execa('kdialog', ['--title', 'snapfs', '--passivepopup', sentence, '10'], options)
}
