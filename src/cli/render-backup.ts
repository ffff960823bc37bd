/** What a backup says when it is over. */
import type { BackUpReport, SnapshotReport } from '../actions/back-up.ts'
import type { UnchangedReport } from '../actions/record-unchanged.ts'
import { printableSentence } from '../model/entry-name.ts'
import { localTimeText } from '../model/local-time.ts'
import { bytesText, countOf, countText } from '../model/figures.ts'
import { durationText } from './render-duration.ts'

/** Problems shown; all that were kept are in the manifest. */
const SHOWN_PROBLEMS = 5

/** For a person who watches. */
export function summaryLines(report: BackUpReport, zone: string): string[] {
  return report.kind === 'unchanged' ? unchangedLines(report, zone) : snapshotLines(report)
}

function unchangedLines(
  { profile, since, snapshot, path }: UnchangedReport,
  zone: string,
): string[] {
  const time = localTimeText(Date.parse(since), zone)
  return [
    `${profile}: unchanged since ${time} (snapshot ${snapshot}); no snapshot was made`,
    `  ${path}`,
  ]
}

function snapshotLines(report: SnapshotReport): string[] {
  const { counts } = report
  const changed = counts.changedFiles + counts.attributeOnlyFiles
  return [
    `${report.profile}: snapshot ${report.id}, ${report.outcome}, in ${durationText(report.durationMs)}`,
    `  ${countOf(counts.files, 'file')}, ${bytesText(counts.totalBytes)}; new or changed: ${countText(changed)}, ${bytesText(counts.changedBytes)} copied`,
    ...movedLines(report),
    ...resumedLines(report),
    `  ${report.path}`,
    ...removedLines(report),
    ...report.notes.map((note) => `  Note: ${note}`),
  ]
}

function movedLines({ counts: { movedEntries = 0 } }: SnapshotReport): string[] {
  if (movedEntries === 0) return []
  return [`  ${countText(movedEntries)} had another name before and are linked`]
}

function removedLines({ removed = [] }: SnapshotReport): string[] {
  if (removed.length === 0) return []
  return [`  ${countOf(removed.length, 'snapshot')} removed that need not be kept any more`]
}

function resumedLines({
  counts: { resumedFiles = 0, resumedBytes = 0 },
}: SnapshotReport): string[] {
  if (resumedFiles === 0) return []
  return [
    `  ${countOf(resumedFiles, 'file')}, ${bytesText(resumedBytes)} were there from an interrupted run`,
  ]
}

/** What must be said even under cron: nothing when all is well. */
export function troubleLines(report: BackUpReport): string[] {
  const warnings = report.warnings.map((warning) => `snapfs: ${report.profile}: ${warning}`)
  const isPartial = report.kind === 'snapshot' && report.outcome === 'partial'
  const partial = isPartial ? partialLines(report) : []
  return [...warnings, ...partial].map(printableSentence)
}

function partialLines(report: SnapshotReport): string[] {
  const unread = report.problems.filter((problem) => problem.kind !== 'vanished')
  const rest = report.problemCount - Math.min(unread.length, SHOWN_PROBLEMS)
  return [
    `snapfs: ${report.profile}: the snapshot ${report.id} is partial: ${countOf(report.problemCount, 'problem')} while reading the source.`,
    ...unread.slice(0, SHOWN_PROBLEMS).map((problem) => `  | ${problem.message}`),
    ...(rest > 0 ? [`  | … and ${countText(rest)} more`] : []),
    `  It was kept and is marked. The list is in ${report.path}/manifest.json.`,
  ]
}
