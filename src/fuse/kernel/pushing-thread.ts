/**
 * The thread that sends the content of files before they are read. It may have to wait for a page that a reader holds until the
 * serving thread has answered him, so it is not that thread; nor is it the telling thread, which may have to wait for whoever
 * lists a directory, while this one keeps him waiting for its end.
 */
import { writeSync } from 'node:fs'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { systemErrorCode } from '../../errors/system-error.ts'
import { STORE_HEADER_BYTES, writeStoreHeader } from './encode-notice.ts'
import { Reply, writeHeader } from './encode-reply.ts'
import { type PackedPush, unpackPush } from './pack-push.ts'
import { OUT_HEADER_BYTES } from './protocol.ts'
import { ThreadsState } from './threads-state.ts'
import { PUSH_LIMIT_BYTES, readByNode, type ReadPushed, readQuickly } from './read-pushed.ts'
import { loadSystemLibrary, type SystemLibrary } from './system-library.ts'
import type { Push, PushedFile } from './thread-messages.ts'

export interface PusherTask {
  /** From the thread that serves. */
  readonly server: MessagePort
  /** For `ThreadsState`, with that thread. */
  readonly state: SharedArrayBuffer
  readonly device: number
}

/** Longer nobody is kept waiting, on a slow disk for instance. */
const HOLD_LIMIT_MS = 5
/** The kernel was told of these files a moment ago: so long, and so often, it is waited until it knows them. */
const UNKNOWN_MS = 0.03
const UNKNOWN_TIMES = 20

class Pusher {
  readonly #device: number
  readonly #state: ThreadsState
  readonly #message = Buffer.alloc(STORE_HEADER_BYTES + PUSH_LIMIT_BYTES)
  readonly #answer = new Reply(OUT_HEADER_BYTES)
  readonly #read: ReadPushed
  readonly #nothing = new Int32Array(new SharedArrayBuffer(4))
  #patience = 0

  constructor(device: number, state: ThreadsState, library: SystemLibrary | undefined) {
    this.#device = device
    this.#state = state
    this.#read =
      library === undefined
        ? readByNode(this.#message, STORE_HEADER_BYTES)
        : readQuickly(library, this.#message, STORE_HEADER_BYTES)
  }

  push({ directory, files, held }: Push): void {
    this.#patience = held === undefined ? 0 : UNKNOWN_TIMES
    let waiting = held
    const release = (): void => {
      if (waiting === undefined) return
      const unique = this.#state.settle(waiting.place)
      waiting = undefined
      if (unique === undefined) return
      writeHeader(this.#answer, unique, 0, OUT_HEADER_BYTES)
      this.#write(this.#answer.bytes, OUT_HEADER_BYTES)
    }
    const until = performance.now() + HOLD_LIMIT_MS
    try {
      this.#read.enter(directory)
      for (let at = 0; at < files.length; at += 1) {
        at = this.#state.next(files, at)
        const file = files[at]
        if (file !== undefined) this.#send(file)
        if (waiting === undefined) continue
        if (at + 1 >= waiting.until || performance.now() > until) release()
      }
    } finally {
      this.#read.leave()
      release()
    }
  }

  #send(file: PushedFile): void {
    const size = this.#read.read(file)
    if (size === undefined) return
    writeStoreHeader(this.#message, file.id, size)
    while (this.#write(this.#message, STORE_HEADER_BYTES + size) === 'ENOENT') {
      if (this.#patience === 0) return
      this.#patience -= 1
      Atomics.wait(this.#nothing, 0, 0, UNKNOWN_MS)
    }
  }

  /** @returns the code of what was wrong: the kernel does not know the node, or any more; nobody waits for the answer; there is no mount any more */
  #write(bytes: Buffer, length: number): string | undefined {
    try {
      writeSync(this.#device, bytes, 0, length)
      return undefined
    } catch (error) {
      return systemErrorCode(error)
    }
  }
}

/** To be called where the file is loaded as the thread, and nowhere else. */
async function begin(port: MessagePort): Promise<void> {
  const { server, state: memory, device } = workerData as PusherTask
  const state = new ThreadsState(memory)
  const pusher = new Pusher(device, state, await loadSystemLibrary())
  server.on('message', (push: PackedPush) => pusher.push(unpackPush(push)))
  server.on('close', () => port.close())
  state.isPushing = true
}

if (parentPort !== null) void begin(parentPort)
