/** One profile after the other: each may fail by itself, and what came of all is told at the end. */
import { throwIfInterrupted } from '../../actions/interruption.ts'
import type { Progress } from '../../actions/backup-progress.ts'
import { exitCodeOf } from '../../errors/exit-code.ts'
import type { Profile } from '../../model/profile.ts'
import type { Series } from '../choose-series.ts'
import type { Context } from '../context.ts'
import { giveSign } from '../../model/sign-of-life.ts'
import { DEFAULT_STALL_MS } from '../../model/stall-limit.ts'
import type { Output } from '../output.ts'
import { errorLines, errorObject, exitCodeFor } from '../render-error.ts'

export type Run<Report> =
  | { readonly profile: string; readonly report: Report }
  | { readonly profile: string; readonly error: unknown }

/** The line of progress on a terminal; elsewhere nothing happens. */
export interface Bar {
  /** Undefined where nobody looks. */
  readonly show: ((progress: Progress) => void) | undefined
  /** Clears the line; the next progress begins another. */
  readonly close: () => void
}

/** Ends early when a signal came. */
export async function eachProfile<Report, One extends Series = Profile>(
  context: Context,
  profiles: readonly One[],
  showsBar: boolean,
  step: (profile: One, bar: Bar) => Promise<Report>,
): Promise<readonly Run<Report>[]> {
  const runs: Run<Report>[] = []
  for (const [index, profile] of profiles.entries()) {
    giveSign({
      kind: 'profile',
      name: profile.name,
      stallMs: profile.stallMs ?? DEFAULT_STALL_MS,
      later: profiles.slice(index + 1).map(({ name }) => name),
    })
    const bar = await barFor(context, profile, showsBar)
    try {
      runs.push({ profile: profile.name, report: await step(profile, bar) })
    } catch (error) {
      runs.push({ profile: profile.name, error })
    } finally {
      bar.close()
    }
    if (context.signal.aborted) break
  }
  return runs
}

async function barFor(
  { output: { terminal }, world }: Context,
  profile: Series,
  showsBar: boolean,
): Promise<Bar> {
  if (terminal === undefined || !showsBar) return { show: undefined, close: () => undefined }
  const { progressBar } = await import('../progress-bar.ts')
  const start = () => progressBar(profile.name, terminal, () => world.clock.elapsed())
  let bar: ReturnType<typeof start> | undefined = start()
  return {
    show: (progress) => (bar ??= start()).show(progress),
    close: () => {
      bar?.close()
      bar = undefined
    },
  }
}

/** Says on standard error what went wrong. @param troubleOf of a run that did not fail */
export function remarkOn<Report>(
  output: Output,
  run: Run<Report>,
  troubleOf: (report: Report) => readonly string[],
): void {
  const lines = 'error' in run ? errorLines(run.error, run.profile) : troubleOf(run.report)
  lines.forEach(output.remark)
}

/** For `--json`. */
export function errorsOf(runs: readonly Run<unknown>[]): readonly object[] {
  return runs.flatMap((run) =>
    'error' in run ? [{ profile: run.profile, ...errorObject(run.error) }] : [],
  )
}

/**
 * An error counts more than a partial snapshot; among errors the first.
 * @throws SnapfsError when a signal kept some profiles from being begun, though it came too late for the last run
 */
export function exitCodeOfRuns<Report>(
  context: Context,
  runs: readonly Run<Report>[],
  profiles: readonly Series[],
  exitCodeOfReport: (report: Report) => number,
): number {
  if (runs.length < profiles.length) throwIfInterrupted(context.signal)
  const failed = runs.find((run) => 'error' in run)
  if (failed !== undefined && 'error' in failed) return exitCodeFor(failed.error)
  return Math.max(
    exitCodeOf('DONE'),
    ...runs.map((run) => ('report' in run ? exitCodeOfReport(run.report) : 0)),
  )
}
