/**
 * Paths that may come to stand for another file, as those of what was deleted last do. A driver that asks by path shares
 * what the kernel remembers of a file, its pages among it, with all that the path ever stands for, so within one mount a
 * path stands for one file only. What else would lie there is shown as a link to its place in by-file.
 */
import { createHash } from 'node:crypto'
import type { Entry } from '../model/entry.ts'

/** Some 20 MB. What is told when there are as many is a link. */
const TOLD_LIMIT = 500_000
/** Of 48 bits: two of half a million are equal by chance once in two thousand mounts, and then one is a link. */
const HASH_BYTES = 6

export class ToldFiles {
  readonly #told = new Map<number, number>()

  /** Whether a path stands for a file, or has not been told yet. */
  mayStandFor(path: string, entry: Entry): boolean {
    const known = this.#told.get(numberOf(path))
    return known === undefined ? this.#told.size < TOLD_LIMIT : known === identityOf(entry)
  }

  /** The same, and from now on for no other. */
  claim(path: string, entry: Entry): boolean {
    if (!this.mayStandFor(path, entry)) return false
    this.#told.set(numberOf(path), identityOf(entry))
    return true
  }
}

/** An inode number is given out again when its file is gone. */
function identityOf({ device, inode, birthNs }: Entry): number {
  return numberOf(`${device}:${inode}:${birthNs}`)
}

function numberOf(text: string): number {
  return createHash('sha1').update(text, 'latin1').digest().readUIntBE(0, HASH_BYTES)
}
