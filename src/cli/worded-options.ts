/** Options of `snapfs backup` whose values are written in words, as in the configuration. */
import { Option } from 'commander'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { BYTE_SIZE_EXAMPLES, parseByteSize } from '../model/byte-size.ts'
import { DURATION_EXAMPLES, parseDurationMs } from '../model/duration.ts'
import {
  INODE_FLOOR_EXAMPLES,
  parseInodeFloor,
  parseSpaceFloor,
  SPACE_FLOOR_EXAMPLES,
} from '../model/floor.ts'

export function minFreeOption(): Option {
  return worded(
    '--min-free <FLOOR>',
    'refuse to begin with less free space than this (default: 1 %, at most 100 MiB)',
    parseSpaceFloor,
    `a floor is written as ${SPACE_FLOOR_EXAMPLES}`,
  )
}

export function minFreeInodesOption(): Option {
  return worded(
    '--min-free-inodes <FLOOR>',
    'the same for inodes (default: 1 %, at most 10,000)',
    parseInodeFloor,
    `a floor is written as ${INODE_FLOOR_EXAMPLES}`,
  )
}

/** Its value is in milliseconds. */
export function stopAfterOption(): Option {
  return worded(
    '--stop-after <DURATION>',
    'stop after so long; the next backup goes on from there',
    parseDurationMs,
    `a duration is written as ${DURATION_EXAMPLES}`,
  )
}

/** Its value is in bytes a second. */
export function bandwidthOption(): Option {
  return worded(
    '--bwlimit <RATE>',
    'copy at most so much a second, such as "5 MiB"',
    parseByteSize,
    `an amount of bytes a second is written as ${BYTE_SIZE_EXAMPLES}`,
  )
}

/** An option that a parser of ours understands. @param otherwise the end of the sentence about what it does not */
export function worded(
  flags: string,
  description: string,
  parse: (text: string) => unknown,
  otherwise: string,
): Option {
  const [name = ''] = flags.split(' ')
  return new Option(flags, description).argParser((text) => {
    const value = parse(text)
    if (value !== undefined) return value
    throw new SnapfsError('USAGE', `${name} ${text}: ${otherwise}.`, {
      hint: 'Correct the command line; nothing was done. See: snapfs backup --help',
    })
  })
}
