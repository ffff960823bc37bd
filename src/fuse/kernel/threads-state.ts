/**
 * What the thread that answers knows of those that send files ahead and tell what is new, and they of it, in memory that all
 * see: none hears messages while it is at work.
 */
const WORDS = { overtaken: 0, isPushing: 1, telling: 2 } as const

export class ThreadsState {
  readonly #words: Uint32Array

  /** @param memory as `memory()` gives it, shared by the threads */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Uint32Array(memory)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(12)
  }

  /** Whether there is somebody who sends. */
  get isPushing(): boolean {
    return Atomics.load(this.#words, WORDS.isPushing) !== 0
  }

  set isPushing(is: boolean) {
    Atomics.store(this.#words, WORDS.isPushing, is ? 1 : 0)
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
