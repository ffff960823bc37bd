/**
 * What the thread that answers knows of those that send files ahead and tell what is new, and they of it, in memory that all
 * see: none hears messages while it is at work.
 */
const WORDS = { overtaken: 0, isPushing: 1, telling: 2, owed: 3 } as const

/** Of so many readers each may be kept waiting by whoever sends files. */
const OWED_LIMIT = 64
/** The upper half of the number of a request, and the lower one, which is 0 where nothing is owed. */
const WORDS_OF_OWED = 2

/** The number of a request that awaits an answer. */
export interface Unique {
  readonly uniqueLow: number
  readonly uniqueHigh: number
}

export class ThreadsState {
  readonly #words: Uint32Array

  /** @param memory as `memory()` gives it, shared by the threads */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Uint32Array(memory)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer((WORDS.owed + OWED_LIMIT * WORDS_OF_OWED) * 4)
  }

  /** Whether there is somebody who sends. */
  get isPushing(): boolean {
    return Atomics.load(this.#words, WORDS.isPushing) !== 0
  }

  set isPushing(is: boolean) {
    Atomics.store(this.#words, WORDS.isPushing, is ? 1 : 0)
  }

  /**
   * An answer is left to whoever sends. By the thread that answers, and no other.
   * @returns its place; undefined when too many are owed
   */
  owe({ uniqueLow, uniqueHigh }: Unique): number | undefined {
    if (uniqueLow === 0) return undefined
    for (let place = 0; place < OWED_LIMIT; place += 1) {
      const at = WORDS.owed + place * WORDS_OF_OWED
      if (Atomics.load(this.#words, at + 1) !== 0) continue
      Atomics.store(this.#words, at, uniqueHigh)
      Atomics.store(this.#words, at + 1, uniqueLow)
      return place
    }
    return undefined
  }

  /** @returns what was owed at a place, for the one who asks first: he is to answer it */
  settle(place: number): Unique | undefined {
    const at = WORDS.owed + place * WORDS_OF_OWED
    const uniqueHigh = Atomics.load(this.#words, at)
    const uniqueLow = Atomics.exchange(this.#words, at + 1, 0)
    return uniqueLow === 0 ? undefined : { uniqueLow, uniqueHigh }
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
