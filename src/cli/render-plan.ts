/** What a dry run of a backup says. */
import type { PlanReport } from '../actions/plan-backup.ts'
import { printableSentence } from '../model/entry-name.ts'
import { bytesText, countOf, countText } from '../model/figures.ts'

/** The answer; each file first, where that was asked for. */
export function planLines(plan: PlanReport): string[] {
  const { counts, copy, compare, move, resume, basis } = plan
  const unchanged = counts.files - copy.files - compare.files - move.files - resume.files
  const against = basis === undefined ? 'it would be the first snapshot' : `against ${basis}`
  return [
    ...plan.files.map(fileLine),
    `${plan.profile}: dry run, ${against}; nothing was written`,
    ...(plan.unchanged ? ['  nothing has changed: no snapshot would be made'] : []),
    `  ${countOf(counts.files, 'file')}, ${bytesText(counts.totalBytes)}; to be copied: ${amountText(copy)}`,
    ...(compare.files > 0
      ? [`  to be compared by content, and copied where it differs: ${amountText(compare)}`]
      : []),
    ...(move.files > 0
      ? [`  had another name before, to be linked: ${countOf(move.files, 'file')}`]
      : []),
    ...(resume.files > 0 ? [`  there from an interrupted run: ${amountText(resume)}`] : []),
    `  unchanged: ${countOf(unchanged, 'file')}; free in the repository: ${bytesText(plan.freeBytes)}`,
    ...plan.notes.map((note) => `  Note: ${note}`),
  ]
}

function amountText({ files, bytes }: PlanReport['copy']): string {
  return `${countText(files)}, ${bytesText(bytes)}`
}

const WIDTH = 'modified'.length

function fileLine({ action, path, bytes }: PlanReport['files'][number]): string {
  return `${action.padEnd(WIDTH)}  ${path}  (${bytesText(bytes)})`
}

/** What must be said whoever watches. */
export function planTroubleLines({ profile, warnings }: PlanReport): string[] {
  return warnings.map((warning) => printableSentence(`snapfs: ${profile}: ${warning}`))
}

/** For `--json`. @param namesFiles whether each file stands in it */
export function planObject({ files, basis, ...plan }: PlanReport, namesFiles: boolean): object {
  return { ...plan, basis: basis ?? null, ...(namesFiles ? { files } : {}) }
}
