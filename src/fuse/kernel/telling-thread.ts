/**
 * The thread that tells the kernel what it has not asked: what is not to be believed any more, and the content of files that
 * will be read next. Each may wait until the thread that serves has answered somebody, so it is not that thread.
 */
import { statfsSync, writeSync } from 'node:fs'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { garbageCollector } from './collect-garbage.ts'
import { STORE_HEADER_BYTES, writeStoreHeader } from './encode-notice.ts'
import { Overtaken } from './overtaken.ts'
import type { PushedFile } from './read-answers.ts'
import { PUSH_LIMIT_BYTES, readByNode, type ReadPushed, readQuickly } from './read-pushed.ts'
import { loadSystemLibrary, type SystemLibrary } from './system-library.ts'
import type { TellerWork } from './thread-messages.ts'

export interface TellerTask {
  /** From the thread that serves. */
  readonly server: MessagePort
  /** For `Overtaken`, with that thread. */
  readonly overtaken: SharedArrayBuffer
}

/** So many bytes of notices are worth a collection: they lie outside V8's heap, where it lets 64 MiB gather. */
const WORTH_COLLECTING_BYTES = 4 * 1024 * 1024

class Teller {
  #device: number | undefined
  #mountpoint = ''
  readonly #message = Buffer.alloc(STORE_HEADER_BYTES + PUSH_LIMIT_BYTES)
  readonly #read: ReadPushed
  readonly #overtaken: Overtaken
  readonly #collect = garbageCollector()
  #heardBytes = 0

  constructor(overtaken: Overtaken, library: SystemLibrary | undefined) {
    this.#overtaken = overtaken
    this.#read =
      library === undefined
        ? readByNode(this.#message, STORE_HEADER_BYTES)
        : readQuickly(library, this.#message, STORE_HEADER_BYTES)
  }

  hear(work: TellerWork): void {
    switch (work.kind) {
      case 'start':
        this.#device = work.device
        this.#mountpoint = work.mountpoint
        return
      case 'notices':
        this.#send(Buffer.from(work.bytes.buffer, work.bytes.byteOffset, work.bytes.byteLength))
        // What the kernel forgets by that may be in use, and wants to be looked after.
        this.#look()
        this.#collectAfter(work.bytes.byteLength)
        return
      case 'push':
        this.#pushAll(work.files)
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

  #pushAll(files: readonly PushedFile[]): void {
    for (let at = 0; at < files.length; at += 1) {
      at = this.#overtaken.next(files, at)
      const file = files[at]
      if (file !== undefined) this.#push(file)
    }
  }

  #push(file: PushedFile): void {
    const size = this.#read(file)
    if (size === undefined) return
    writeStoreHeader(this.#message, file.id, size)
    this.#write(this.#message, 0, STORE_HEADER_BYTES + size)
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
async function begin(port: MessagePort): Promise<void> {
  const { server, overtaken } = workerData as TellerTask
  // What is said meanwhile is kept.
  const teller = new Teller(new Overtaken(overtaken), await loadSystemLibrary())
  port.on('message', (work: TellerWork) => teller.hear(work))
  server.on('message', (work: TellerWork) => teller.hear(work))
  // Nobody is left who would want anything told.
  server.on('close', () => port.close())
}

if (parentPort !== null) void begin(parentPort)
