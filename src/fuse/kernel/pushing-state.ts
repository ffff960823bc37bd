/**
 * What the thread that answers and the one that sends files ahead know of one another, in memory that both see: neither hears
 * messages while it is at work.
 */
const WORDS = { overtaken: 0, isPushing: 1 } as const

export class PushingState {
  readonly #words: Uint32Array

  /** @param memory as `memory()` gives it, shared by the two threads */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Uint32Array(memory)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(8)
  }

  /** Whether there is somebody who sends. */
  get isPushing(): boolean {
    return Atomics.load(this.#words, WORDS.isPushing) !== 0
  }

  set isPushing(is: boolean) {
    Atomics.store(this.#words, WORDS.isPushing, is ? 1 : 0)
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
