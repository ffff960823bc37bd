/** Single entries to blocks of one directory, which is what is linked by. Pure. */
import { type BytePath, splitPath } from '../model/entry-name.ts'
import {
  type ExpectedEntry,
  expectations,
  type LinkBlock,
  writeExpected,
} from '../model/link-block.ts'

/** An entry to be linked. Bytes as characters. */
export interface LinkOrder {
  /** Below the tree. */
  readonly path: string
  /** Where it lies, absolute. */
  readonly lies: BytePath
  /** What must lie there; absent: anything. */
  readonly expected?: ExpectedEntry
}

const ENTRIES_PER_BLOCK = 512

/** Puts together what follows one another in one directory and lies in one directory. */
export function* linkBlocks(orders: Iterable<LinkOrder>): Generator<LinkBlock> {
  let draft: Draft | undefined
  for (const { path, lies, expected } of orders) {
    const [directory, name] = splitPath(path)
    const [above, olderName] = splitPath(lies)
    const fits =
      draft?.directory === directory &&
      draft.lies === above &&
      draft.expected.length > 0 === (expected !== undefined)
    if (draft === undefined || !fits || draft.names.length >= ENTRIES_PER_BLOCK) {
      if (draft !== undefined) yield blockOf(draft)
      draft = { directory, lies: above as BytePath, names: [], olderNames: [], expected: [] }
    }
    draft.names.push(name)
    draft.olderNames.push(olderName)
    if (expected !== undefined) draft.expected.push(expected)
  }
  if (draft !== undefined) yield blockOf(draft)
}

interface Draft extends Pick<LinkBlock, 'directory' | 'lies'> {
  readonly names: string[]
  readonly olderNames: string[]
  /** Of each entry, or of none. */
  readonly expected: ExpectedEntry[]
}

function blockOf({ expected, ...block }: Draft): LinkBlock {
  if (expected.length === 0) return block
  const numbers = expectations(expected.length)
  for (const [index, entry] of expected.entries()) writeExpected(numbers, index, entry)
  return { ...block, expected: numbers }
}
