/**
 * Who walks through a tree. A program that does lists a directory, then the first one in it, and so on to the last: what it
 * lists next can be told. That is believed of a process as long as it was so the last time.
 */
import { LRUCache } from 'lru-cache'
import type { Known } from './known-node.ts'

/** Processes remembered. */
const PROCESSES = 64

interface Walk<Node extends object> {
  /** What it lists next, if it walks on. */
  next: Known<Node> | undefined
  /** Whether it last listed what was expected. */
  readonly isWalker: boolean
}

export class Walkers<Node extends object> {
  readonly #walks = new LRUCache<number, Walk<Node>>({ max: PROCESSES })

  /** A process begins to list a directory. */
  begins(process: number, directory: Known<Node>): void {
    const isWalker = this.#walks.get(process)?.next === directory
    this.#walks.set(process, { next: undefined, isWalker })
  }

  /** It has all names of a directory. @returns what it will list next; undefined when nothing is known of that */
  goesOn(process: number, directory: Known<Node>): Known<Node> | undefined {
    const walk = this.#walks.get(process)
    if (walk === undefined) return undefined
    walk.next = follower(directory)
    return walk.isWalker ? walk.next : undefined
  }
}

/** The first directory in one, or else the next one beside or above it, in the order they were listed in. */
function follower<Node extends object>(directory: Known<Node>): Known<Node> | undefined {
  let next = directory.order?.directories[0]
  for (
    let at: Known<Node> | undefined = directory;
    next === undefined && at !== undefined;
    at = at.parent
  ) {
    next = at.parent?.order?.directories[at.position + 1]
  }
  return next
}
