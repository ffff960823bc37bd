/** `snapfs backup --explain` */
import { resolve } from 'node:path'
import { type ExplainReport, explainBackup, profilesAround } from '../../actions/explain-backup.ts'
import { exitCodeOf } from '../../errors/exit-code.ts'
import type { Profile } from '../../model/profile.ts'
import type { Context } from '../context.ts'
import { explanationLines } from '../render-explanation.ts'
import { type BackupOptions, requestOf } from './backup-options.ts'
import { eachProfile, errorsOf, exitCodeOfRuns, remarkOn } from './each-profile.ts'

/**
 * @returns the exit code
 * @throws SnapfsError USAGE for a path that is in no source
 */
export async function explainPaths(
  context: Context,
  profiles: readonly Profile[],
  options: BackupOptions,
): Promise<number> {
  const { world, signal, output } = context
  const paths = (options.explain ?? []).map((path) => resolve(path))
  const around = await profilesAround(paths, profiles)
  const runs = await eachProfile(context, around, !options.json, (profile, bar) =>
    explainBackup({ ...requestOf(profile, options), paths, signal, onProgress: bar.show }, world),
  )
  const reports: ExplainReport[] = runs.flatMap((run) => ('report' in run ? [run.report] : []))
  if (options.json) {
    const explanations = reports.map((report) => ({ ...report, basis: report.basis ?? null }))
    output.answer(JSON.stringify({ explanations, errors: errorsOf(runs) }))
  } else {
    for (const run of runs) {
      if ('report' in run) explanationLines(run.report).forEach(output.answer)
      remarkOn(output, run, () => [])
    }
  }
  return exitCodeOfRuns(context, runs, around, () => exitCodeOf('DONE'))
}
