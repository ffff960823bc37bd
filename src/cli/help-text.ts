/** The parts of the help that come after the options. */
import { EXIT_CODES, type ExitName } from '../errors/exit-code.ts'

/** EXIT STATUS for a command: the rows that can happen, from the one table. */
export function exitStatusText(names?: readonly ExitName[]): string {
  const rows = EXIT_CODES.filter((row) => names === undefined || names.includes(row.name))
  return [
    'EXIT STATUS',
    ...rows.map((row) => `  ${String(row.exitCode).padStart(3)}  ${row.meaning}`),
  ].join('\n')
}

/**
 * Text as it stands in the source, wrapped to no width: commander wraps to that of the terminal. Blank lines
 * part paragraphs; lines that begin with a space keep to themselves.
 */
export function flowing(text: string): string {
  return text.replaceAll(/(?<=\S)\n(?=[^\s])/gu, ' ')
}

/** A section with an indented body. */
export function section(title: string, body: string): string {
  const lines = body.trim().split('\n')
  return [title, ...lines.map((line) => (line === '' ? '' : `  ${line}`))].join('\n')
}

/** Sections with a blank line between them, as commander appends them. */
export function afterHelp(...sections: readonly string[]): string {
  return `\n${sections.join('\n\n')}`
}

export const ALWAYS: readonly ExitName[] = ['DONE', 'DEFECT', 'USAGE']
export const REPOSITORY: readonly ExitName[] = ['REPOSITORY_NOT_FOUND', 'REPOSITORY_UNUSABLE']
