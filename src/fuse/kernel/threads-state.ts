/**
 * What the thread that answers knows of those that send files ahead and tell what is new, and they of it, in memory that all
 * see: none hears messages while it is at work.
 */
const WORDS = { overtaken: 0, isPushing: 1, telling: 2 } as const
/** After these and one that is not used, since what follows are numbers of 64 bits. */
const OWED_AT_BYTES = 16

/** Of so many readers each may be kept waiting by whoever sends files. */
const OWED_LIMIT = 64
/** What stands in a place that is free, and in one that nobody waits at yet. No request has one of these numbers: the kernel counts them from 2 on. */
const FREE = 0n
const RESERVED = 1n

/** The number of a request that awaits an answer. */
export interface Unique {
  readonly uniqueLow: number
  readonly uniqueHigh: number
}

export class ThreadsState {
  readonly #words: Uint32Array
  readonly #owed: BigUint64Array

  /** @param memory as `memory()` gives it, shared by the threads */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Uint32Array(memory, 0, OWED_AT_BYTES / 4)
    this.#owed = new BigUint64Array(memory, OWED_AT_BYTES)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(OWED_AT_BYTES + OWED_LIMIT * 8)
  }

  /** Whether there is somebody who sends. */
  get isPushing(): boolean {
    return Atomics.load(this.#words, WORDS.isPushing) !== 0
  }

  set isPushing(is: boolean) {
    Atomics.store(this.#words, WORDS.isPushing, is ? 1 : 0)
  }

  /**
   * Files are about to be sent, and whoever will read them may be kept waiting until so many were. By the thread that answers,
   * and no other.
   * @returns where that is noted; undefined when there are too many
   */
  reserve(): number | undefined {
    for (let place = 0; place < OWED_LIMIT; place += 1) {
      if (Atomics.compareExchange(this.#owed, place, FREE, RESERVED) === FREE) return place
    }
    return undefined
  }

  /**
   * An answer is left to whoever sends. By the thread that answers.
   * @param place as `reserve` has told it
   * @returns false when so many were sent already
   */
  owe(place: number, { uniqueLow, uniqueHigh }: Unique): boolean {
    const unique = (BigInt(uniqueHigh) << 32n) + BigInt(uniqueLow)
    if (unique <= RESERVED) return false
    return Atomics.compareExchange(this.#owed, place, RESERVED, unique) === RESERVED
  }

  /** Nobody is kept waiting at a place any more. @returns who was, for the one who asks first: he is to answer him */
  settle(place: number): Unique | undefined {
    const unique = Atomics.exchange(this.#owed, place, FREE)
    if (unique <= RESERVED) return undefined
    return { uniqueLow: Number(unique & 0xffff_ffffn), uniqueHigh: Number(unique >> 32n) }
  }

  /** @returns all that is owed, which the caller is to answer */
  settleAll(): readonly Unique[] {
    const places = Array.from({ length: OWED_LIMIT }, (_none, place) => this.settle(place))
    return places.filter((one) => one !== undefined)
  }

  /** Whether there is something to be told that was not told yet. */
  get isTelling(): boolean {
    return Atomics.load(this.#words, WORDS.telling) !== 0
  }

  /** There is one more message to be told. */
  toTell(): void {
    Atomics.add(this.#words, WORDS.telling, 1)
  }

  /** One was told. */
  told(): void {
    Atomics.sub(this.#words, WORDS.telling, 1)
  }

  /**
   * A file was asked for that was to be sent. Whoever sends goes on after it: what he sent by then would come too late, and the
   * next again.
   * @param id the number of its node
   */
  noteOvertaken(id: number): void {
    Atomics.store(this.#words, WORDS.overtaken, id)
  }

  /** @returns where to go on in what is being sent, from a place in it on */
  next(files: readonly { readonly id: number }[], at: number): number {
    const id = Atomics.exchange(this.#words, WORDS.overtaken, 0)
    if (id === 0) return at
    // Of a number above 32 bits the rest is compared: what is passed over by mistake is asked for.
    const place = files.findIndex((file) => file.id >>> 0 === id)
    return Math.max(at, place + 1)
  }
}
