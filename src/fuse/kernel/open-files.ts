/**
 * Files that the kernel opens, where it was agreed that it does. A large one may be read past the server: its descriptor is
 * given to the kernel, which then reads from the file behind it. To the kernel an inode is read in one way at a time, from
 * one file, so whoever opens it again while it is open has it as the first one.
 */
import type { ReadHandle } from '../../catalog/catalog.ts'

/** Gives files to the kernel, and takes them back. */
export interface Backing {
  /** @returns a number for the file, above 0; or a negative errno */
  open(descriptor: number): number
  close(number: number): void
}

export interface Opened {
  /** Under which the kernel asks for it. */
  readonly handle: number
  /** The number of the file it reads itself; 0 when it asks. */
  readonly backing: number
}

/** Files that may be open at once. */
const OPEN_LIMIT = 60_000
/** Smaller ones are read in one go, and kept by the kernel when they are closed. */
const PASSED_FROM_BYTES = 128 * 1024

/** How an inode is read at present, and by how many. */
interface Way {
  readonly backing: number
  opened: number
}

/** @typeParam Key what stands for an inode */
export class OpenFiles<Key extends object> {
  readonly #backing: Backing | undefined
  readonly #open = new Map<number, { readonly key: Key; readonly file: ReadHandle }>()
  readonly #ways = new Map<Key, Way>()
  #last = 0

  constructor(backing: Backing | undefined) {
    this.#backing = backing
  }

  get isFull(): boolean {
    return this.#open.size >= OPEN_LIMIT
  }

  file(handle: number): ReadHandle | undefined {
    return this.#open.get(handle)?.file
  }

  add(key: Key, file: ReadHandle, sizeBytes: number): Opened {
    const way = this.#ways.get(key) ?? this.#begin(file, sizeBytes)
    way.opened += 1
    this.#ways.set(key, way)
    this.#last += 1
    this.#open.set(this.#last, { key, file })
    return { handle: this.#last, backing: way.backing }
  }

  remove(handle: number): void {
    const open = this.#open.get(handle)
    if (open === undefined) return
    this.#open.delete(handle)
    open.file.close()
    const way = this.#ways.get(open.key)
    if (way === undefined) return
    way.opened -= 1
    if (way.opened > 0) return
    this.#ways.delete(open.key)
    if (way.backing > 0) this.#backing?.close(way.backing)
  }

  #begin({ descriptor }: ReadHandle, sizeBytes: number): Way {
    if (this.#backing === undefined || descriptor === undefined || sizeBytes < PASSED_FROM_BYTES) {
      return { backing: 0, opened: 0 }
    }
    // One that cannot be given, as from a stacked file system, is read the other way.
    return { backing: Math.max(this.#backing.open(descriptor), 0), opened: 0 }
  }
}
