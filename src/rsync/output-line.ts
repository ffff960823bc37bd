/** One line of rsync's standard output. What is not understood is a value too, never a failure. */

export type OutputLine =
  | {
      readonly kind: 'change'
      readonly code: string
      readonly sizeBytes: number
      /** Below the source, in rsync's escaping. */
      readonly name: string
    }
  | {
      readonly kind: 'progress'
      readonly transferredBytes: number
      readonly checkedEntries: number
      readonly knownEntries: number
      /** Whether the list of files is complete, so that `knownEntries` is final. */
      readonly listComplete: boolean
    }
  | {
      readonly kind: 'statistic'
      readonly name: string
      readonly value: number
      readonly text: string
    }
  /** Left out, with exit code 0: a device or socket that this user cannot make. */
  | { readonly kind: 'skipped'; readonly message: string }
  | { readonly kind: 'other' }

const CHANGE = /^([<>ch.*][fdLDS][^ ]{0,9}) +(\d+) /u
const PROGRESS = /^\s*(\d+)\s+\d+%\s+\S+\s+[\d:]+(?:\s+\(xfr#\d+, (ir|to)-chk=(\d+)\/(\d+)\))?/u
const STATISTIC = /^((?:Number of|Total) [a-z ]+): (\d+)(?: bytes)?(.*)$/u

/** Reads a line printed with `--out-format=%i %l %n`, `--info=progress2,stats2` and `LC_ALL=C`. */
export function parseOutputLine(line: string): OutputLine {
  const change = CHANGE.exec(line)
  if (change?.[1] !== undefined) {
    const name = line.slice(change[0].length)
    return { kind: 'change', code: change[1], sizeBytes: Number(change[2]), name }
  }
  if (line.startsWith('skipping non-regular file "')) return { kind: 'skipped', message: line }
  const progress = PROGRESS.exec(line)
  if (progress !== null) {
    const known = Number(progress[4] ?? 0)
    return {
      kind: 'progress',
      transferredBytes: Number(progress[1]),
      checkedEntries: known - Number(progress[3] ?? 0),
      knownEntries: known,
      listComplete: progress[2] === 'to',
    }
  }
  const statistic = STATISTIC.exec(line)
  if (statistic?.[1] !== undefined) {
    return {
      kind: 'statistic',
      name: statistic[1],
      value: Number(statistic[2]),
      text: statistic[3] ?? '',
    }
  }
  return { kind: 'other' }
}

/**
 * A name as rsync prints it under LC_ALL=C: control bytes and those above ASCII, and what would read as an
 * escape, as \#ooo; tab and DEL as they are (measured with rsync 3.5.0).
 */
export function escapeAsRsync(name: string): string {
  return name
    .replaceAll(/\\(?=#[0-7]{3})/gu, '\\#134')
    .replaceAll(
      /[^\t\x20-\x7f]/gu,
      (byte) => `\\#${byte.charCodeAt(0).toString(8).padStart(3, '0')}`,
    )
}

/** What rsync's code of a copied file says of the file in the first basis that has it, such as `>f.st......`. */
export function comparisonOf(code: string): 'alike' | 'otherTime' | 'otherSize' | 'absent' {
  if (code.includes('+')) return 'absent'
  const differences = code.slice(2)
  if (differences.includes('s')) return 'otherSize'
  return differences.includes('t') ? 'otherTime' : 'alike'
}
