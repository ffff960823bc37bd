/**
 * The thread that tells the kernel what is not to be believed any more. It may have to wait until the thread that serves has
 * answered somebody, so it is not that thread.
 */
import { statfsSync, writeSync } from 'node:fs'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { garbageCollector } from './collect-garbage.ts'
import type { TellerWork } from './thread-messages.ts'
import { ThreadsState } from './threads-state.ts'

export interface TellerTask {
  /** From the thread that serves. */
  readonly server: MessagePort
  /** For `ThreadsState`, with that thread. */
  readonly state: SharedArrayBuffer
}

/** So many bytes of notices are worth a collection: they lie outside V8's heap, where it lets 64 MiB gather. */
const WORTH_COLLECTING_BYTES = 4 * 1024 * 1024

class Teller {
  readonly #state: ThreadsState
  #device: number | undefined
  #mountpoint = ''
  readonly #collect = garbageCollector()
  #heardBytes = 0

  constructor(state: ThreadsState) {
    this.#state = state
  }

  hear(work: TellerWork): void {
    switch (work.kind) {
      case 'start':
        this.#device = work.device
        this.#mountpoint = work.mountpoint
        return
      case 'notices':
        this.#send(Buffer.from(work.bytes.buffer, work.bytes.byteOffset, work.bytes.byteLength))
        this.#state.told()
        // What the kernel forgets by that may be in use, and wants to be looked after.
        this.#look()
        this.#collectAfter(work.bytes.byteLength)
        return
      case 'look':
        this.#look()
    }
  }

  #collectAfter(bytes: number): void {
    this.#heardBytes += bytes
    if (this.#heardBytes < WORTH_COLLECTING_BYTES) return
    this.#heardBytes = 0
    this.#collect()
  }

  /** Each message begins with its length. */
  #send(messages: Buffer): void {
    let at = 0
    while (at < messages.length) {
      const length = messages.readUInt32LE(at)
      this.#write(messages, at, length)
      at += length
    }
  }

  /** A question to the mount wakes the thread that serves it. */
  #look(): void {
    try {
      statfsSync(this.#mountpoint)
    } catch {
      // It is gone, or closed to this user: nobody has to be told anything.
    }
  }

  #write(bytes: Buffer, at: number, length: number): void {
    if (this.#device === undefined) return
    try {
      writeSync(this.#device, bytes, at, length)
    } catch {
      // The kernel does not know the node any more, or there is no mount any more.
    }
  }
}

/** To be called where the file is loaded as the thread, and nowhere else. */
function begin(port: MessagePort): void {
  const { server, state } = workerData as TellerTask
  const teller = new Teller(new ThreadsState(state))
  port.on('message', (work: TellerWork) => teller.hear(work))
  server.on('message', (work: TellerWork) => teller.hear(work))
  // Nobody is left who would want anything told.
  server.on('close', () => port.close())
}

if (parentPort !== null) begin(parentPort)
