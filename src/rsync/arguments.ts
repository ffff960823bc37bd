/** The rsync command line of a backup. Every option is here for a reason; native-notes/rsync.md has them. */

export interface TransferRequest {
  /** Absolute, without symbolic links. Its content is copied, not itself. */
  readonly source: string
  /** Absolute; exists and is empty. */
  readonly destination: string
  /** Absolute directories without a symbolic link on the way, best first. */
  readonly bases: readonly string[]
  /** Filter rules, in order. */
  readonly filters: readonly string[]
  /** `everything`, or only the paths on standard input, separated by NUL, compared by content. */
  readonly scope: 'everything' | 'listed-by-content'
  /** Whether the destination keeps nanoseconds; then times are compared by them. */
  readonly comparesNanoseconds: boolean
  readonly comparesContent: boolean
  readonly copiesAcls: boolean
  readonly copiesXattrs: boolean
}

/** rsync accepts twenty --link-dest and ends with a usage error at the 21st. */
export const BASES_LIMIT = 20

export function rsyncArguments(request: TransferRequest): string[] {
  const listed = request.scope === 'listed-by-content'
  return [
    '--archive',
    '--hard-links',
    ...(request.copiesAcls ? ['--acls'] : []),
    ...(request.copiesXattrs ? ['--xattrs'] : []),
    '--numeric-ids',
    '--sparse',
    // Without it an edit within the second of the last backup is never seen.
    ...(request.comparesNanoseconds ? ['--modify-window=-1'] : []),
    ...(listed || request.comparesContent ? ['--checksum'] : []),
    ...(listed ? ['--from0', '--files-from=-'] : []),
    '--itemize-changes',
    '--out-format=%i %l %n',
    '--info=progress2,stats2',
    '--no-human-readable',
    '--outbuf=L',
    ...request.filters.map((rule) => `--filter=${rule}`),
    ...request.bases.slice(0, BASES_LIMIT).map((basis) => `--link-dest=${basis}`),
    '--',
    `${request.source.replace(/\/$/u, '')}/`,
    `${request.destination}/`,
  ]
}
