/** The options of `snapfs backup` that say what is left out. */
import { type Command, Option } from 'commander'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { BYTE_SIZE_EXAMPLES, parseByteSize } from '../model/byte-size.ts'
import { objectionToPattern } from '../model/exclude-pattern.ts'
import { DEFAULT_LEAVE_OUT, type LeaveOut, objectionToMark } from '../model/leave-out.ts'
import { worded } from './worded-options.ts'

export interface FilterOptions {
  /** What --exclude and --include said, in their order: patterns, those to keep with `+ ` in front. */
  readonly exclude: readonly string[]
  readonly excludeIfPresent?: readonly string[]
  readonly excludeCaches?: true
  /** Bytes. */
  readonly excludeLargerThan?: number
  readonly excludeNodump?: true
  readonly ignoreFiles: boolean
}

export function addFilterOptions(command: Command): Command {
  // One list for both: the first pattern that matches decides.
  const patterns: string[] = []
  return command
    .addOption(patternOption('--exclude', 'leave out what matches this rsync pattern', patterns))
    .addOption(
      patternOption(
        '--include',
        'keep what matches this one; of both, the first that matches decides',
        patterns,
      ),
    )
    .addOption(
      new Option(
        '--exclude-if-present <NAME>',
        'of a directory that holds this name store nothing else',
      ).argParser((name, earlier: readonly string[] | undefined) => {
        const objection = objectionToMark(name)
        if (objection === undefined) return [...(earlier ?? []), name]
        throw usage(`--exclude-if-present "${name}": the name of a mark ${objection}.`)
      }),
    )
    .option('--exclude-caches', 'the same of directories with a CACHEDIR.TAG')
    .addOption(
      worded(
        '--exclude-larger-than <SIZE>',
        'leave out files that are larger, such as "1 GiB"',
        parseByteSize,
        `an amount of bytes is written as ${BYTE_SIZE_EXAMPLES}`,
      ),
    )
    .option('--exclude-nodump', 'leave out what has the attribute "d" of chattr')
    .option('--no-ignore-files', 'take no notice of .snapfsignore files')
}

function patternOption(flag: string, description: string, patterns: string[]): Option {
  const sign = flag === '--include' ? '+ ' : ''
  return new Option(`${flag} <PATTERN>`, `${description}; may be repeated`)
    .argParser((pattern) => {
      const objection = objectionToPattern(sign + pattern)
      if (objection !== undefined) {
        throw usage(`${flag} "${pattern}": an exclude pattern ${objection}.`)
      }
      patterns.push(sign + pattern)
      return patterns
    })
    .default(patterns, 'none')
}

function usage(message: string): SnapfsError {
  return new SnapfsError('USAGE', message, { hint: 'See: snapfs backup --help' })
}

/** What is left out beside what patterns name: as the profile has it, and the command line beside it. */
export function leaveOutWith(
  { ifPresent, ...profile }: LeaveOut = DEFAULT_LEAVE_OUT,
  options: FilterOptions,
): LeaveOut {
  const { excludeLargerThan: largerThan } = options
  return {
    ...profile,
    ifPresent: [...ifPresent, ...(options.excludeIfPresent ?? [])],
    ...(largerThan === undefined ? {} : { largerThan }),
    ...(options.excludeCaches ? { caches: true } : {}),
    ...(options.excludeNodump ? { nodump: true } : {}),
    ...(options.ignoreFiles ? {} : { ignoreFiles: false }),
  }
}
