/** `snapfs backup --dry-run` */
import { type PlanReport, planBackup } from '../../actions/plan-backup.ts'
import { exitCodeOf } from '../../errors/exit-code.ts'
import type { Profile } from '../../model/profile.ts'
import type { Context } from '../context.ts'
import { planLines, planObject, planTroubleLines } from '../render-plan.ts'
import type { BackupOptions } from './backup-options.ts'
import { requestOf } from './backup-options.ts'
import { eachProfile, errorsOf, exitCodeOfRuns, remarkOn, type Run } from './each-profile.ts'

/** @returns the exit code */
export async function planProfiles(
  context: Context,
  profiles: readonly Profile[],
  options: BackupOptions,
): Promise<number> {
  const { world, signal } = context
  const runs = await eachProfile(context, profiles, !options.json, (profile, bar) => {
    const namesFiles = options.verbose ?? false
    return planBackup(
      { ...requestOf(profile, options), namesFiles, signal, onProgress: bar.show },
      world,
    )
  })
  report(context, runs, options)
  return exitCodeOfRuns(context, runs, profiles, () => exitCodeOf('DONE'))
}

function report(
  { output }: Context,
  runs: readonly Run<PlanReport>[],
  options: BackupOptions,
): void {
  if (options.json) {
    const plans = runs.flatMap((run) =>
      'report' in run ? [planObject(run.report, options.verbose ?? false)] : [],
    )
    output.answer(JSON.stringify({ plans, errors: errorsOf(runs) }))
    return
  }
  for (const run of runs) {
    if ('report' in run) planLines(run.report).forEach(output.answer)
    remarkOn(output, run, planTroubleLines)
  }
}
