/**
 * Whether a run linked what it could. A snapshot that is a full copy is right all the same, and exit code 0; noticed
 * weeks later by a full disk it is a disaster. So it is said at once, with the reason. Pure.
 */
import type { Counts } from '../model/manifest.ts'
import type { BasisComparison } from '../scan/source-scan.ts'

/** Below so many files the copies are no matter. */
const FILES_AT_LEAST = 100
/** From this share of all files on it is more than a day's work. */
const SHARE = 0.5

export interface Linkage {
  readonly counts: Counts
  readonly againstBasis: BasisComparison
  /** How many files the snapshot held that was to be linked to; undefined when there was none. */
  readonly basisFiles: number | undefined
}

/** @returns sentences; none when there is nothing to say */
export function judgeLinkage({ counts, againstBasis, basisFiles }: Linkage): string[] {
  const { files, attributeOnlyFiles } = counts
  if (basisFiles === undefined || Math.min(basisFiles, files) < FILES_AT_LEAST) return []
  const isMuch = (number: number): boolean => number >= files * SHARE
  const sentences: string[] = []
  if (isMuch(attributeOnlyFiles)) {
    const reason = mainReason(counts)
    sentences.push(
      `${share(attributeOnlyFiles, files)} were copied and not linked: their content is that of the last snapshot, but their ${reason.what} differ. ${reason.advice}`,
    )
  }
  const { otherTime, absent } = againstBasis
  if (isMuch(otherTime)) {
    sentences.push(
      `${share(otherTime, files)} were copied and not linked: they have the size they had in the last snapshot, and another time. Did something touch them, or does their file system keep local time?`,
    )
  }
  // New files are no wonder, unless most of the old ones are gone as well.
  if (isMuch(absent) && files - absent < basisFiles * SHARE) {
    sentences.push(
      `${share(absent, files)} are not in the last snapshot under these names, so they were copied and not linked. Were directories renamed, or is the source another one?`,
    )
  }
  return sentences
}

const REASONS = {
  xattrs: [
    'extended attributes',
    'Something writes them between runs, or the repository does not keep them.',
  ],
  acl: [
    'access control lists',
    'Something writes them between runs, or the repository does not keep them.',
  ],
  owner: [
    'owners',
    'They were changed, or the repository does not keep them (exFAT, NTFS, SMB, an NFS server that squashes root).',
  ],
  group: ['groups', 'They were changed, or the repository does not keep them.'],
  mode: [
    'permissions',
    'They were changed, or the repository does not keep them (exFAT, NTFS, SMB).',
  ],
} as const

function mainReason({ attributeReasons }: Counts): {
  readonly what: string
  readonly advice: string
} {
  const entries = Object.entries(REASONS) as [keyof typeof REASONS, (typeof REASONS)['mode']][]
  const counted = entries.map(([key, words]) => ({ number: attributeReasons?.[key] ?? 0, words }))
  const [what, advice] = counted.reduce((most, next) =>
    next.number > most.number ? next : most,
  ).words
  return { what, advice }
}

function share(number: number, files: number): string {
  return `${number.toLocaleString('en-US')} of ${files.toLocaleString('en-US')} files`
}
