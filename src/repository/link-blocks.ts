/** Single entries to blocks of one directory, which is what is linked by. Pure. */
import { type BytePath, splitPath } from '../model/entry-name.ts'
import type { LinkBlock } from '../model/link-block.ts'

/** An entry to be linked. Bytes as characters. */
export interface LinkOrder {
  /** Below the tree. */
  readonly path: string
  /** Where it lies, absolute. */
  readonly lies: BytePath
}

const ENTRIES_PER_BLOCK = 512

/** Puts together what follows one another in one directory and lies in one directory. */
export function* linkBlocks(orders: Iterable<LinkOrder>): Generator<LinkBlock> {
  let block: (LinkBlock & { names: string[]; olderNames: string[] }) | undefined
  for (const { path, lies } of orders) {
    const [directory, name] = splitPath(path)
    const [above, olderName] = splitPath(lies)
    const fits = block?.directory === directory && block.lies === above
    if (block === undefined || !fits || block.names.length >= ENTRIES_PER_BLOCK) {
      if (block !== undefined) yield block
      block = { directory, lies: above as BytePath, names: [], olderNames: [] }
    }
    block.names.push(name)
    block.olderNames.push(olderName)
  }
  if (block !== undefined) yield block
}
