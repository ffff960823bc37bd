/** Folding rsync's lines into the counts of a manifest. */
import type { Counts } from '../model/manifest.ts'
import type { OutputLine } from './output-line.ts'

export type TransferSummary = { -readonly [Key in keyof Counts]: Counts[Key] }

export function emptySummary(): TransferSummary {
  return {
    entries: 0,
    files: 0,
    directories: 0,
    symlinks: 0,
    specials: 0,
    totalBytes: 0,
    changedFiles: 0,
    changedBytes: 0,
    attributeOnlyFiles: 0,
  }
}

/** Letters of rsync's --itemize-changes after the first two. */
const REASONS = [
  ['p', 'mode'],
  ['o', 'owner'],
  ['g', 'group'],
  ['a', 'acl'],
  ['x', 'xattrs'],
] as const

/** Adds one line to the summary. */
export function addLine(summary: TransferSummary, line: OutputLine): void {
  if (line.kind === 'change') {
    if (line.code.startsWith('>f')) {
      summary.changedFiles += 1
      summary.changedBytes += line.sizeBytes
    } else if (line.code.startsWith('cf')) {
      // Found in a basis with the same content, but another mode, owner, ACL or xattr: a private copy.
      summary.attributeOnlyFiles += 1
      const reasons = (summary.attributeReasons ??= {
        ...{ mode: 0, owner: 0, group: 0, acl: 0, xattrs: 0 },
      })
      for (const [letter, reason] of REASONS) {
        if (line.code.slice(2).includes(letter)) reasons[reason] += 1
      }
    }
  } else if (line.kind === 'statistic') {
    if (line.name === 'Number of files') {
      summary.entries = line.value
      summary.files = kindCount(line.text, 'reg')
      summary.directories = kindCount(line.text, 'dir')
      summary.symlinks = kindCount(line.text, 'link')
      summary.specials = kindCount(line.text, 'dev') + kindCount(line.text, 'special')
    } else if (line.name === 'Total file size') {
      summary.totalBytes = line.value
    }
  }
}

/** ` (reg: 5, dir: 2)`: a kind that is absent is not printed. */
function kindCount(text: string, kind: string): number {
  const match = new RegExp(`\\b${kind}: (\\d+)`, 'u').exec(text)
  return match === null ? 0 : Number(match[1])
}
