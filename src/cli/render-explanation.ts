/** What `snapfs backup --explain` says. */
import type { ExplainReport, ExplainedPath } from '../actions/explain-backup.ts'
import { printableText } from '../model/entry-name.ts'

const WORDS: Readonly<Record<ExplainedPath['decision'], string>> = {
  link: 'would be linked, unchanged',
  move: 'would be linked under its new name',
  compare: 'would be compared by content: linked if it is equal, else copied',
  resume: 'would be taken from an interrupted backup',
  copy: 'would be copied',
  'quick-check': 'would be linked if its size and time are equal, else copied, as rsync decides',
  'make-directory': 'would be made, as every directory is in every snapshot',
  'leave-out': 'would be left out',
  absent: 'is not in the source',
  unreadable: 'cannot be looked at',
}

export function explanationLines({ profile, entries }: ExplainReport): string[] {
  return entries.flatMap(({ path, decision, reasons }) => [
    `${profile}: ${printableText(path)} ${WORDS[decision]}`,
    ...reasons.map((reason) => `  ${reason}`),
  ])
}
