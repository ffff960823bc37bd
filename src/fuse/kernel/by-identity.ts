/** What is found by its identity: linked in rows by its number, since a Map takes four times the memory, and twice the time. */
import type { NodeIdentity } from '../../view/virtual-file-system.ts'

export interface Identified<Item> {
  readonly inode: number | bigint
  is(identity: NodeIdentity): boolean
  /** The next in its row. */
  next: Item | undefined
}

const FEWEST_ROWS = 1024
const LOW_WORD = 0x1_0000_0000

export class ByIdentity<Item extends Identified<Item>> {
  #rows = emptyRows<Item>(FEWEST_ROWS)
  #size = 0

  get size(): number {
    return this.#size
  }

  find(identity: NodeIdentity): Item | undefined {
    let item = this.#rows[rowOf(identity.inode, this.#rows.length)]
    while (item !== undefined && !item.is(identity)) item = item.next
    return item
  }

  /** What is not there. */
  add(item: Item): void {
    if (this.#size >= this.#rows.length) this.#spread(this.#rows.length * 2)
    link(this.#rows, item)
    this.#size += 1
  }

  /** What may be there. */
  remove(item: Item): void {
    const row = rowOf(item.inode, this.#rows.length)
    let before = this.#rows[row]
    if (before === item) this.#rows[row] = item.next
    else {
      while (before !== undefined && before.next !== item) before = before.next
      if (before === undefined) return
      before.next = item.next
    }
    item.next = undefined
    this.#size -= 1
    if (this.#size < this.#rows.length / 8 && this.#rows.length > FEWEST_ROWS) {
      this.#spread(this.#rows.length / 4)
    }
  }

  #spread(count: number): void {
    const rows = emptyRows<Item>(Math.max(count, FEWEST_ROWS))
    for (const first of this.#rows) {
      let item = first
      while (item !== undefined) {
        const { next } = item
        link(rows, item)
        item = next
      }
    }
    this.#rows = rows
  }
}

function emptyRows<Item>(count: number): (Item | undefined)[] {
  return new Array<Item | undefined>(count).fill(undefined)
}

function link<Item extends Identified<Item>>(rows: (Item | undefined)[], item: Item): void {
  const row = rowOf(item.inode, rows.length)
  item.next = rows[row]
  rows[row] = item
}

/** By the upper bits of a product: numbers of files are given in rows, or in steps of a power of two. @param rows a power of two */
function rowOf(inode: number | bigint, rows: number): number {
  const words =
    typeof inode === 'number'
      ? inode ^ Math.floor(inode / LOW_WORD)
      : Number(BigInt.asUintN(32, inode ^ (inode >> 32n)))
  return Math.imul(words, 0x9e37_79b1) >>> (Math.clz32(rows) + 1)
}
