/** `snapfs list` as text. */
import type { ListedSnapshot, SeriesListing } from '../actions/list-snapshots.ts'
import type { RunningProcess } from '../actions/observe-series.ts'
import { printableSentence, printableText } from '../model/entry-name.ts'
import { localTimeAndAgeText, localTimeText, type Moment } from '../model/local-time.ts'
import { alignColumns } from './align-columns.ts'
import { bytesText, countOf, countText } from '../model/figures.ts'

const HEADINGS = ['TIME', 'OUTCOME', 'FILES', 'SIZE', 'CHANGED', 'COPIED', ''] as const
/** Columns of numbers. */
const RIGHT_ALIGNED = new Set([2, 3, 4, 5])

export function listingLines(listing: SeriesListing, zone: string): string[] {
  const title = `${listing.profile}  ${printableText(listing.repository)}/${listing.profile}`
  const damaged = listing.damaged.map(({ id, reason }) => `${id} is damaged: ${reason}`)
  if (listing.snapshots.length === 0) return [title, '  no snapshots yet', ...damaged]
  const rows = listing.snapshots.flatMap((snapshot) => [
    cells(snapshot, zone),
    ...verifiedRow(snapshot, zone),
  ])
  return [
    title,
    ...alignColumns([HEADINGS, ...rows], RIGHT_ALIGNED).map((line) => `  ${line}`),
    `  ${countOf(listing.snapshots.length, 'snapshot')}`,
    ...damaged,
  ]
}

/** What else there is to know of a series: who works on it, what was left, what could not be read. */
export function activityRemarks(
  {
    profile,
    running,
    unfinished,
    warnings,
  }: Pick<SeriesListing, 'profile' | 'running' | 'unfinished' | 'warnings'>,
  moment: Moment,
): string[] {
  return [
    ...(running === undefined ? [] : [runningSentence(running, moment)]),
    ...unfinished.map(
      ({ path, startedMs }) =>
        `An unfinished run of ${localTimeText(startedMs, moment.timeZone)} left ${path}; the next backup goes on from there.`,
    ),
    ...warnings,
  ].map((sentence) => printableSentence(`snapfs: ${profile}: ${sentence}`))
}

function runningSentence(running: RunningProcess, moment: Moment): string {
  const what = running.command === 'snapfs backup' ? 'A backup' : running.command
  const since = localTimeAndAgeText(running.sinceMs, moment)
  const doubt = running.isProven ? '' : '; whether it still does cannot be seen from here'
  return `${what} is running: process ${running.pid} on ${running.host}, since ${since}${doubt}.`
}

function cells(snapshot: ListedSnapshot, zone: string): readonly string[] {
  const marks = [
    ...(snapshot.pinned ? ['pinned'] : []),
    ...snapshot.tags.map((tag) => `#${printableText(tag)}`),
    ...(snapshot.movedEntries > 0 ? [`${countText(snapshot.movedEntries)} moved`] : []),
    ...(snapshot.problemCount > 0 ? [countOf(snapshot.problemCount, 'problem')] : []),
    ...(snapshot.comment === undefined ? [] : [printableText(snapshot.comment)]),
  ]
  return [
    localTimeText(snapshot.timeMs, zone),
    snapshot.outcome,
    countText(snapshot.files),
    bytesText(snapshot.totalBytes),
    countText(snapshot.changedFiles),
    bytesText(snapshot.changedBytes),
    marks.join(' '),
  ]
}

/** One line for all the times at which nothing had changed: from cron there are many. */
function verifiedRow({ timeMs, verifiedMs }: ListedSnapshot, zone: string): string[][] {
  const last = verifiedMs.at(-1)
  if (last === undefined) return []
  const times = verifiedMs.length === 1 ? '' : `, found so ${countText(verifiedMs.length)} times`
  const mark = `since ${localTimeText(timeMs, zone)}${times}`
  return [[localTimeText(last, zone), 'unchanged', '', '', '', '', mark]]
}
