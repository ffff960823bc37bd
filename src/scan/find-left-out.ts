/** Whether an entry of a source would be in a snapshot, looked at directory by directory as the walk does. */
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs'
import { requireSystemErrorCode } from '../errors/system-error.ts'
import { joinPath, systemPath } from '../model/entry-name.ts'
import { DirectoryFilter, type Reason } from './directory-filter.ts'
import type { SourceWalk } from './walk-source.ts'

export type Standing =
  | { readonly kind: 'kept'; readonly status: BigIntStats }
  /** `at`: the entry itself, or the directory above it that this is so of; empty for the source. */
  | { readonly kind: 'absent'; readonly at: string }
  | { readonly kind: 'unreadable'; readonly at: string; readonly code: string }
  | { readonly kind: 'left-out'; readonly at: string; readonly reason: LeftOutReason }

export type LeftOutReason =
  | Reason
  /** The repository, or a mount of snapfs. */
  | { readonly kind: 'own' }
  | { readonly kind: 'repository' }
  /** It lies on what is mounted at `at`. */
  | { readonly kind: 'file-system' }

/**
 * @param path below the source; empty for the source itself
 * @param repositories of others, that a scan has found
 * @throws what is not an error of the operating system
 */
export function findLeftOut(
  walk: SourceWalk,
  repositories: readonly string[],
  path: string,
): Standing {
  let filter = DirectoryFilter.ofSource(walk)
  let above = ''
  try {
    const root = lstatSync(systemPath(walk.source), { bigint: true })
    let status = root
    for (const name of path === '' ? [] : path.split('/')) {
      const at = above === '' ? name : `${above}/${name}`
      if (!status.isDirectory()) return { kind: 'absent', at }
      if (walk.fileSystems === 'one' && status.dev !== root.dev) {
        return { kind: 'left-out', at: above, reason: { kind: 'file-system' } }
      }
      const names = readdirSync(
        systemPath(above === '' ? walk.source : joinPath(walk.source, above)),
        {
          encoding: 'latin1',
        },
      )
      const inside = filter.enter(above, names)
      if (!names.includes(name)) return { kind: 'absent', at }
      if (inside.mark !== undefined && inside.mark !== name) {
        return { kind: 'left-out', at, reason: { kind: 'mark', name: inside.mark } }
      }
      const absolute = joinPath(walk.source, at)
      if (walk.skipped.has(absolute)) return { kind: 'left-out', at, reason: { kind: 'own' } }
      if (repositories.includes(at)) return { kind: 'left-out', at, reason: { kind: 'repository' } }
      status = lstatSync(systemPath(absolute), { bigint: true })
      const reason = inside.filter.reason(at, name, status)
      if (reason !== undefined) {
        const hasBelow = at === path || status.isDirectory()
        return hasBelow ? { kind: 'left-out', at, reason } : { kind: 'absent', at: path }
      }
      filter = inside.filter
      above = at
    }
    return { kind: 'kept', status }
  } catch (error) {
    const code = requireSystemErrorCode(error)
    return code === 'ENOENT'
      ? { kind: 'absent', at: path }
      : { kind: 'unreadable', at: above, code }
  }
}
