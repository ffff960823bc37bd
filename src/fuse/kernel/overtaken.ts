/**
 * Who reads files may be at one of those that are being sent ahead before it was sent. The thread that answers him says so to
 * the one that sends, which goes on after it: what it sent by then would come too late, and the next again.
 */
export class Overtaken {
  readonly #mark: Uint32Array

  /** @param memory of four bytes, shared by the two threads */
  constructor(memory: SharedArrayBuffer) {
    this.#mark = new Uint32Array(memory)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(4)
  }

  /** A file was asked for that was to be sent. @param id the number of its node */
  note(id: number): void {
    Atomics.store(this.#mark, 0, id)
  }

  /** @returns where to go on in what is being sent, from a place in it on */
  next(files: readonly { readonly id: number }[], at: number): number {
    const id = Atomics.exchange(this.#mark, 0, 0)
    if (id === 0) return at
    // Of a number above 32 bits the rest is compared: what is passed over by mistake is asked for.
    const place = files.findIndex((file) => file.id >>> 0 === id)
    return Math.max(at, place + 1)
  }
}
