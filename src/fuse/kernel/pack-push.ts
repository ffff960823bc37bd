/**
 * A message with many files, on its way to another thread. Objects are taken apart and put together property by property, which
 * takes as long as to read the files; numbers in a row, and one text, do not.
 */
import type { BytePath, EntryName } from '../../model/entry-name.ts'
import type { Push, PushedFile } from './thread-messages.ts'

export interface PackedPush extends Pick<Push, 'directory' | 'held'> {
  /** With a NUL after each, which no name has. */
  readonly names: string
  /** Of each file the number of its node, and when it was born. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** Of each file inode and device. */
  readonly places: BigUint64Array<ArrayBuffer>
}

const NUL = '\0'

export function packPush({ directory, files, held }: Push): PackedPush {
  const numbers = new Float64Array(files.length * 2)
  const places = new BigUint64Array(files.length * 2)
  let names = ''
  let at = 0
  for (const { id, name, inode, birth, device } of files) {
    names += name + NUL
    numbers[at] = id
    numbers[at + 1] = birth
    places[at] = BigInt(inode)
    places[at + 1] = device
    at += 2
  }
  return { directory, names, numbers, places, held }
}

export function unpackPush({ directory, names, numbers, places, held }: PackedPush): Push {
  const files = names.split(NUL).slice(0, -1)
  return {
    ...{ directory, held },
    files: files.map((name, index): PushedFile => {
      const [id = 0, birth = 0] = [numbers[index * 2], numbers[index * 2 + 1]]
      const [inode = 0n, device = 0n] = [places[index * 2], places[index * 2 + 1]]
      return { id, name: name as EntryName | BytePath, inode: keyOf(inode), birth, device }
    }),
  }
}

/** As an identity has it: a number where a double holds it. */
function keyOf(inode: bigint): number | bigint {
  return inode <= Number.MAX_SAFE_INTEGER ? Number(inode) : inode
}
