/** `snapfs status` as text. */
import type { MountStatus, NewestSnapshot, ProfileStatus } from '../actions/status.ts'
import { printableName, printableText } from '../model/entry-name.ts'
import { countOf, countText } from '../model/figures.ts'
import { localTimeAndAgeText, localTimeText, type Moment } from '../model/local-time.ts'
import type { Run } from './commands/each-profile.ts'
import { errorLines } from './render-error.ts'
import { activityRemarks } from './render-list.ts'

/** Of the words before each fact. */
const LABEL_WIDTH = 'served by'.length

export function statusLines(
  profiles: readonly ProfileStatus[],
  mounts: readonly MountStatus[],
  moment: Moment,
): string[] {
  const blocks = [
    ...profiles.map((status) => profileBlock(status, moment)),
    ...mounts.map((mount) => mountBlock(mount, moment)),
    ...(mounts.length === 0 ? [['No snapshots are mounted.']] : []),
  ]
  return blocks.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]))
}

/** What else there is to know: failures, runs and leftovers, what could not be read. */
export function statusRemarks(runs: readonly Run<ProfileStatus>[], moment: Moment): string[] {
  return runs.flatMap((run) =>
    'error' in run ? errorLines(run.error, run.profile) : activityRemarks(run.report, moment),
  )
}

function profileBlock(status: ProfileStatus, moment: Moment): string[] {
  const { profile, source, repository, newest, newestComplete, oldestMs, damaged } = status
  const title = `${profile}  ${printableText(source)} in ${printableText(repository)}/${profile}`
  const lost = damaged.map(({ id, reason }) => fact('damaged', `${id}: ${reason}`))
  if (newest === undefined || oldestMs === undefined) {
    return [title, '  no snapshots yet', ...lost]
  }
  const since = localTimeText(oldestMs, moment.timeZone)
  return [
    title,
    fact('newest', newestText(newest, moment)),
    ...(newestComplete === undefined
      ? []
      : [fact('complete', localTimeAndAgeText(newestComplete.timeMs, moment))]),
    ...unchangedFact(newest, moment),
    fact('in all', `${countOf(status.snapshots, 'snapshot')} since ${since}`),
    ...lost,
  ]
}

function newestText({ timeMs, outcome, problemCount }: NewestSnapshot, moment: Moment): string {
  const problems = problemCount === 0 ? '' : `, ${countOf(problemCount, 'problem')}`
  return `${localTimeAndAgeText(timeMs, moment)}, ${outcome}${problems}`
}

function unchangedFact({ verifiedMs, verifiedCount }: NewestSnapshot, moment: Moment): string[] {
  if (verifiedMs === undefined) return []
  const times = verifiedCount === 1 ? '' : `, found so ${countText(verifiedCount)} times since`
  return [fact('unchanged', `${localTimeAndAgeText(verifiedMs, moment)}${times}`)]
}

function mountBlock({ mountpoint, state, userId, shown }: MountStatus, moment: Moment): string[] {
  const title = printableName(mountpoint)
  if (shown === undefined) {
    return [title, fact('served by', `a process of user ${userId ?? 'unknown'}; no more is known`)]
  }
  const { profiles, repository, pid, sinceMs, driver, log } = shown
  const since = `process ${pid}, since ${localTimeAndAgeText(sinceMs, moment)}, by ${driver}`
  const trouble = {
    serving: [],
    unknown: [],
    stopped: [fact('stopped', `who asks it waits until it goes on: kill -CONT ${pid}`)],
    dead: [fact('dead', `its process has ended; snapfs unmount ${printableText(title)} clears it`)],
  }[state]
  return [
    title,
    fact('shows', `${profiles.join(', ')} in ${printableText(repository)}`),
    fact('served by', since),
    fact('log', printableText(log)),
    ...trouble,
  ]
}

function fact(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)}  ${text}`
}
