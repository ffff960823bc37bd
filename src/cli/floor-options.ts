/** The options `--min-free FLOOR` and `--min-free-inodes FLOOR`. */
import { Option } from 'commander'
import { SnapfsError } from '../errors/snapfs-error.ts'
import {
  type Floor,
  INODE_FLOOR_EXAMPLES,
  parseInodeFloor,
  parseSpaceFloor,
  SPACE_FLOOR_EXAMPLES,
} from '../model/floor.ts'

export function minFreeOption(): Option {
  return new Option(
    '--min-free <FLOOR>',
    'refuse to begin with less free space than this (default: 1 %, at most 100 MiB)',
  ).argParser((text) => floorOf(text, parseSpaceFloor, `--min-free`, SPACE_FLOOR_EXAMPLES))
}

export function minFreeInodesOption(): Option {
  return new Option(
    '--min-free-inodes <FLOOR>',
    'the same for inodes (default: 1 %, at most 10,000)',
  ).argParser((text) => floorOf(text, parseInodeFloor, `--min-free-inodes`, INODE_FLOOR_EXAMPLES))
}

/** @throws SnapfsError USAGE */
function floorOf(
  text: string,
  parse: (text: string) => Floor | undefined,
  option: string,
  examples: string,
): Floor {
  const floor = parse(text)
  if (floor !== undefined) return floor
  throw new SnapfsError('USAGE', `${option} ${text}: a floor is written as ${examples}.`, {
    hint: 'Correct the command line; nothing was done. See: snapfs backup --help',
  })
}
