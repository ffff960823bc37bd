/** The rsync command line of a backup. Every option is here for a reason; native-notes/rsync.md has them. */

import type { IoClass } from '../model/profile.ts'
import type { RemoteLocation } from '../model/source-location.ts'

/** What is asked of one run of rsync. */
export interface TransferRequest {
  /** Absolute, without symbolic links, or as `remoteArgument` says. Its content is copied, not itself. */
  readonly source: string
  /** Where the source is when it is on another machine, and the options that lead there. */
  readonly remote?: { readonly location: RemoteLocation; readonly options: readonly string[] }
  /** Absolute; exists and is empty. */
  readonly destination: string
  /** Absolute directories without a symbolic link on the way, best first. */
  readonly bases: readonly string[]
  /** Filter rules, in order. */
  readonly filters: readonly string[]
  /**
   * `everything`; the same compared by content; only the `listed` paths, which stand on standard input, each ended by NUL; the same
   * compared by content; or of the listed paths the directories alone, with their attributes.
   */
  readonly scope:
    | 'everything'
    | 'everything-by-content'
    | 'listed'
    | 'listed-by-content'
    | 'listed-directories'
  /** Whether the destination keeps nanoseconds; then times are compared by them. */
  readonly comparesNanoseconds: boolean
  readonly copiesAcls: boolean
  readonly copiesXattrs: boolean
  /** `one`: what is mounted inside the source is left out. Absent: all. A list needs not be told. */
  readonly fileSystems?: 'one'
  /** Nothing is written; the destination need not exist. */
  readonly dryRun?: true
  /** Of the user, all of them allowed. */
  readonly options?: readonly string[]
  /** The class of ionice(1) for rsync; no option of rsync's. */
  readonly ionice?: IoClass
  /** For how long nothing may move, in milliseconds; no option of rsync's, since its own is of no use. */
  readonly stallMs: number
}

/** rsync accepts twenty --link-dest and ends with a usage error at the 21st. */
export const BASES_LIMIT = 20

export function rsyncArguments(request: TransferRequest): string[] {
  const { scope } = request
  const isWhole = scope === 'everything' || scope === 'everything-by-content'
  return [
    // First, so that ours have the last word.
    ...(request.options ?? []),
    '--archive',
    ...(request.dryRun ? ['--dry-run'] : []),
    ...(isWhole && request.fileSystems === 'one' ? ['--one-file-system'] : []),
    ...(scope === 'listed-directories'
      ? ['--dirs', '--no-recursive']
      : ['--hard-links', '--sparse']),
    ...(request.copiesAcls ? ['--acls'] : []),
    ...(request.copiesXattrs ? ['--xattrs'] : []),
    '--numeric-ids',
    // Without it an edit within the second of the last backup is never seen.
    // The time of a directory is set, not compared: what is the same to the second need not be the same.
    ...(request.comparesNanoseconds || scope === 'listed-directories'
      ? ['--modify-window=-1']
      : []),
    ...(scope.endsWith('-by-content') ? ['--checksum'] : []),
    ...(isWhole ? [] : ['--from0', '--files-from=-']),
    // The directories above are there already, and get their attributes when all is in them.
    ...(scope === 'listed' || scope === 'listed-by-content' ? ['--no-implied-dirs'] : []),
    '--itemize-changes',
    '--out-format=%i %l %n',
    '--info=progress2,stats2',
    '--no-human-readable',
    '--outbuf=L',
    ...request.filters.map((rule) => `--filter=${rule}`),
    // A directory may have become a file since it was listed; a file must not be written over a directory.
    ...(scope === 'listed-directories' ? ['--filter=+ */', '--filter=- *'] : []),
    ...request.bases.slice(0, BASES_LIMIT).map((basis) => `--link-dest=${basis}`),
    // What of a file came through when the connection broke saves that much of the next transfer.
    ...(request.remote === undefined ? [] : ['--partial', ...request.remote.options]),
    '--',
    `${request.source.replace(/\/$/u, '')}/`,
    `${request.destination}/`,
  ]
}
