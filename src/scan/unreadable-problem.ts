/** How a manifest tells an entry of the source that the scan could not look at. */
import { printableName } from '../model/entry-name.ts'
import type { Problem } from '../model/manifest.ts'
import type { SourceScan } from './source-scan.ts'

export function unreadableProblem({ path, code }: SourceScan['unreadable'][number]): Problem {
  return { kind: 'unreadable', message: `cannot be read (${code}): "${printableName(path)}"` }
}
