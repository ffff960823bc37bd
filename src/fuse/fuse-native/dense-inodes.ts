/**
 * fuse-native cuts inode numbers to 32 bits. Numbers that fit (all of ext4) pass as they are; the
 * others get the next free one of the upper half, so that two inodes never share a number.
 */
import { LRUCache } from 'lru-cache'

const FIRST_ASSIGNED = 0x8000_0000
const LAST_ASSIGNED = 0xffff_ffff
/** Some 25 MB when full; a number forgotten is never given to another inode. */
const REMEMBERED = 250_000

export class DenseInodes {
  readonly #assigned = new LRUCache<bigint, number>({
    // Not `max`: that would fill arrays of this length at once, which takes longer than mounting.
    maxSize: REMEMBERED,
    sizeCalculation: () => 1,
  })
  #next = FIRST_ASSIGNED

  /** @throws Error when two thousand million numbers have been given out */
  numberOf(inode: bigint): number {
    if (inode < BigInt(FIRST_ASSIGNED)) return Number(inode)
    const known = this.#assigned.get(inode)
    if (known !== undefined) return known
    if (this.#next > LAST_ASSIGNED) throw new Error('all 32-bit inode numbers are used up')
    const number = this.#next
    this.#next += 1
    this.#assigned.set(inode, number)
    return number
  }
}
