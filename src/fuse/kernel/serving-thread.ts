/**
 * The thread that answers the kernel: it waits for a request, answers it, and waits for the next one. One thread does that
 * for all of them, since to hand a request over takes longer than to answer it. Everything that may have to wait for this
 * thread is done by others.
 */
import { readSync, writeSync } from 'node:fs'
import { type MessagePort, parentPort } from 'node:worker_threads'
import { messageOf, systemErrorCode } from '../../errors/system-error.ts'
import { openViews, sourcesOf } from '../../view/open-views.ts'
import { garbageCollector } from './collect-garbage.ts'
import { KernelServer } from './kernel-server.ts'
import { type PackedPush, packPush } from './pack-push.ts'
import { ThreadsState } from './threads-state.ts'
import { listQuickly, lookQuickly, quickLook } from './quick-look.ts'
import { loadSystemLibrary } from './system-library.ts'
import type {
  PassedError,
  ServingNews,
  ServingStart,
  ServingTask,
  TellerWork,
} from './thread-messages.ts'

/** More than the largest request that a read-only mount is sent. */
const REQUEST_LIMIT_BYTES = 256 * 1024

/** So many nodes are worth a collection of garbage when most of them are forgotten: in `read` nothing else would begin one. */
const WORTH_COLLECTING = 20_000

/**
 * After so many answers, too: small buffers are cut from larger ones that lie outside of V8's heap, where it lets 64 MiB of them
 * gather.
 */
const COLLECTED_EVERY = 100_000

type Answering = Pick<
  KernelServer<object>,
  'reply' | 'answer' | 'rest' | 'takeBack' | 'agreed' | 'refusal' | 'knownNodes'
>

/** To be called where the file is loaded as the thread, and nowhere else. */
async function begin(port: MessagePort, task: ServingTask): Promise<void> {
  const tell = (news: ServingNews): void => port.postMessage(news)
  try {
    const clock = { now: () => Date.now(), elapsed: () => performance.now() }
    const library = await loadSystemLibrary()
    const look = library === undefined ? undefined : quickLook(library)
    const views = openViews(task.recipe, clock, 'by node', {
      look: look && lookQuickly(look),
      list: library && listQuickly(library, task.recipe.repository),
    })
    const state = new ThreadsState(task.state)
    let hasPushed = false
    let device = -1
    const server = new KernelServer(
      views.fileSystem,
      {
        notify: (notices) => {
          const bytes = joined(notices)
          state.toTell()
          task.teller.postMessage({ kind: 'notices', bytes } satisfies TellerWork, [bytes.buffer])
          library?.giveBack()
        },
        isTelling: () => state.isTelling,
        elapsed: clock.elapsed,
        overtaken: (id) => state.noteOvertaken(id),
        isPushing: () => state.isPushing,
        reserve: () => state.reserve(),
        owe: (place, request) => state.owe(place, request),
        takeBackOwed: (place) => state.settle(place) !== undefined,
        push: (push) => {
          const packed = packPush(push)
          const memory = [packed.numbers.buffer, packed.places.buffer]
          task.pusher.postMessage(packed satisfies PackedPush, memory)
          if (!hasPushed) tell({ kind: 'pushing' })
          hasPushed = true
        },
        report: (error) => tell({ kind: 'reported', error: passed(error) }),
        ...(library === undefined ? {} : { seek: library.seek, stored: library.attributes, look }),
        backing: task.passthrough ? library?.backing(() => device) : undefined,
      },
      task,
    )
    port.once('message', (start: ServingStart) => {
      device = start.device
      try {
        serve(device, server, () => tell({ kind: 'serving' }))
        tell({ kind: 'ended' })
      } catch (error) {
        tell({ kind: 'failed', error: passed(error) })
      }
      port.close()
      task.teller.close()
      task.pusher.close()
    })
    tell({ kind: 'ready', sources: sourcesOf(views) })
  } catch (error) {
    tell({ kind: 'failed', error: passed(error) })
    port.close()
  }
}

/** In memory of their own, which can be handed to another thread: copies of so much, over and over, scatter it. */
function joined(notices: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(notices.reduce((total, notice) => total + notice.length, 0))
  let at = 0
  for (const notice of notices) {
    bytes.set(notice, at)
    at += notice.length
  }
  return bytes
}

function serve(device: number, server: Answering, onAgreed: () => void): void {
  const request = Buffer.alloc(REQUEST_LIMIT_BYTES)
  const collect = garbageCollector()
  let most = 0
  let isAgreed = false
  let answered = 0
  for (;;) {
    let length: number
    try {
      length = readSync(device, request, 0, request.length, null)
    } catch (error) {
      const code = systemErrorCode(error)
      // Unmounted, or cut off.
      if (code === 'ENODEV' || code === 'ECONNABORTED') return
      // Whoever asked was interrupted before the request was read.
      if (code === 'ENOENT' || code === 'EINTR' || code === 'EAGAIN') continue
      throw error
    }
    const replyLength = server.answer(request.subarray(0, length))
    if (replyLength > 0) send(device, server, replyLength)
    server.rest()
    if (!isAgreed && server.refusal !== undefined) throw new Error(server.refusal)
    most = Math.max(most, server.knownNodes)
    answered += 1
    const isForgotten = most > WORTH_COLLECTING && server.knownNodes < most / 2
    if (isForgotten || answered % COLLECTED_EVERY === 0) {
      collect()
      most = server.knownNodes
    }
    if (!isAgreed && server.agreed !== undefined) {
      isAgreed = true
      onAgreed()
    }
  }
}

function send(device: number, server: Answering, length: number): void {
  try {
    writeSync(device, server.reply.bytes, 0, length)
  } catch (error) {
    const code = systemErrorCode(error)
    // Whoever asked was interrupted meanwhile.
    if (code === 'ENOENT') server.takeBack()
    else if (code !== 'ENODEV' && code !== 'ECONNABORTED') throw error
  }
}

function passed(error: unknown): PassedError {
  return { message: messageOf(error), code: systemErrorCode(error) }
}

parentPort?.once('message', (task: ServingTask) => parentPort && void begin(parentPort, task))
