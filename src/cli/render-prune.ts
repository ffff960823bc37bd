/** `snapfs prune` as text. */
import type { PlannedSnapshot, PrunePlan } from '../actions/plan-prune.ts'
import type { PruneReport } from '../actions/prune.ts'
import type { SimulationReport } from '../actions/simulate-prune.ts'
import { formatRoughDuration } from '../model/duration.ts'
import { printableText } from '../model/entry-name.ts'
import { bytesText, countOf } from '../model/figures.ts'
import { localTimeText } from '../model/local-time.ts'
import type { Reason } from '../retention/plan-retention.ts'

/** Each snapshot, whether it stays, and why. */
export function planLines(plan: PrunePlan, zone: string): string[] {
  const remaining = plan.snapshots.filter(({ reasons }) => reasons.length > 0).length
  const going = plan.snapshots.length - remaining
  return [
    titleOf(plan),
    ...plan.snapshots.map((snapshot) => `  ${snapshotLine(snapshot, zone)}`),
    `  ${countOf(remaining, 'snapshot')} would stay, ${going} would be removed${spaceWords(plan, 'would free')}`,
    ...noPolicyLines(plan),
    ...(plan.trashed.length === 0
      ? []
      : [`  ${countOf(plan.trashed.length, 'snapshot')} removed earlier would be deleted`]),
  ]
}

/** What was removed. */
export function pruneLines(report: PruneReport, zone: string, explains: boolean): string[] {
  const shown = explains
    ? report.snapshots
    : report.snapshots.filter(({ reasons }) => reasons.length === 0)
  const remaining = report.snapshots.length - report.removed.length
  return [
    titleOf(report),
    ...shown.map((snapshot) => `  ${snapshotLine(snapshot, zone)}`),
    `  ${countOf(report.removed.length, 'snapshot')} removed, ${remaining} left${spaceWords(report, 'freed')}`,
    ...noPolicyLines(report),
  ]
}

/** What will be there, month by month, and at the end. */
export function simulationLines(
  { profile, everyMs, points, kept }: SimulationReport,
  zone: string,
): string[] {
  const end = points.at(-1)
  return [
    `${profile}: a snapshot every ${formatRoughDuration(everyMs)}, as lately`,
    ...points.map(
      ({ atMs, kept: count, oldestMs }) =>
        `  ${localTimeText(atMs, zone)}  ${countOf(count, 'snapshot')}, the oldest of ${localTimeText(oldestMs, zone)}`,
    ),
    ...(end === undefined ? [] : ['  and then, newest first:']),
    ...kept
      .toReversed()
      .map(
        ({ snapshot, reasons }) =>
          `    ${localTimeText(snapshot.takenMs, zone)}  ${reasons.map(reasonText).join(', ')}`,
      ),
  ]
}

function titleOf({ profile, repository }: PrunePlan): string {
  return `${profile}  ${printableText(repository)}/${profile}`
}

function spaceWords({ freesBytes, lostFiles = 0 }: PrunePlan, verb: string): string {
  if (freesBytes === undefined || freesBytes === 0) return ''
  const lost = lostFiles === 0 ? 'no file' : countOf(lostFiles, 'version')
  return `; that ${verb} ${bytesText(freesBytes)}, with ${lost === 'no file' ? lost : `${lost} of files`}`
}

function noPolicyLines({ hasPolicy, profile }: PrunePlan): readonly string[] {
  if (hasPolicy) return []
  return [
    `  nothing says what to keep of ${profile}, so all is kept: see keep in "snapfs prune --help"`,
  ]
}

function snapshotLine(
  { timeMs, outcome, reasons, freesBytes, forRoom }: PlannedSnapshot,
  zone: string,
): string {
  const verdict = reasons.length > 0 ? 'keep  ' : 'remove'
  const partial = outcome === 'partial' ? '  partial' : ''
  const words = [
    ...reasons.map(reasonText),
    ...(freesBytes === undefined ? [] : [`frees ${bytesText(freesBytes)}`]),
    ...(forRoom ? ['to make room'] : []),
  ]
  const why = words.length === 0 ? '' : `  ${words.join(', ')}`
  return `${verdict}  ${localTimeText(timeMs, zone)}${partial}${why}`
}

function reasonText(reason: Reason): string {
  switch (reason.rule) {
    case 'last':
      return `last ${reason.rank}`
    case 'minimum':
      return `minimum ${reason.rank}`
    case 'hourly':
    case 'daily':
    case 'weekly':
    case 'monthly':
    case 'yearly':
      return `${reason.rule} ${reason.bucket}`
    case 'tagged':
      return reason.tags.map((tag) => `#${printableText(tag)}`).join(' ')
    case 'deleted':
      return `last to have ${countOf(reason.files, 'deleted file')}`
    case 'future':
      return 'later than now'
    case 'newest':
    case 'within':
    case 'pinned':
    case 'no policy':
      return reason.rule
  }
}
