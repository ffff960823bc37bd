/**
 * The driver that speaks the kernel's protocol itself. This thread mounts, waits for the end and ends it; a second one
 * answers the kernel, a third tells it what it has not asked, and a fourth sends files ahead. native-notes/fuse.md says why.
 */
import { setTimeout } from 'node:timers/promises'
import { MessageChannel, Worker } from 'node:worker_threads'
import { watchSeries } from '../../catalog/watch-series.ts'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { messageOf } from '../../errors/system-error.ts'
import type { Driver, MountRequest, MountSession } from '../driver.ts'
import { checkFuseDevice } from '../fuse-device.ts'
import { runUnmount } from '../run-unmount.ts'
import { abortConnection } from './abort-connection.ts'
import type { Feature } from './agreement.ts'
import { type Attached, attachByFusermount, attachByMount, AttachFailure } from './attach.ts'
import { ThreadsState } from './threads-state.ts'
import type { PusherTask } from './pushing-thread.ts'
import { answerForPusher } from './answer-for-pusher.ts'
import type { ServingWorker } from './serving-worker.ts'
import type { SystemLibrary } from './system-library.ts'
import type { TellerTask } from './telling-thread.ts'
import type { TellerWork } from './thread-messages.ts'
import { widenReadahead } from './widen-readahead.ts'

export interface KernelDriverOptions {
  /** The thread that is to serve, which has been given nothing to do so far. */
  readonly serving: ServingWorker
  /** The programs of the other threads. */
  readonly telling: URL
  readonly pushing: URL
  /** Undefined where there is none: then only root can mount, and stored extended attributes are not shown. */
  readonly library: SystemLibrary | undefined
  /** Whether fusermount3 is there. */
  readonly hasFusermount: boolean
  readonly without: readonly Feature[]
  /** Whether large files are to be read past this process; for root, with the library. */
  readonly passthrough: boolean
  /** Another number for every mount. */
  readonly generation: number
}

/** How long the threads may take to end. */
const END_LIMIT_MS = 1000

export function kernelDriver(options: KernelDriverOptions): Driver {
  return { name: 'kernel', mount: (request) => mount(request, options) }
}

async function mount(request: MountRequest, options: KernelDriverOptions): Promise<MountSession> {
  await checkFuseDevice()
  const { recipe, mountpoint, allowOther } = request
  const { serving, library, without, passthrough, generation } = options
  const toTeller = new MessageChannel()
  const toPusher = new MessageChannel()
  const state = ThreadsState.memory()
  serving.begin(
    {
      ...{ recipe, without, passthrough, generation, state },
      ...{ teller: toTeller.port1, pusher: toPusher.port1 },
      // Without other users the one there is reads what is his own, and root everything.
      accessLists: allowOther && library !== undefined,
    },
    request.onError,
  )
  // While the thread reads the repository. Until it answers, whoever looks waits.
  const attaching = attach(request, options)
  attaching.catch(() => undefined)
  let telling: Worker | undefined
  try {
    const sources = await serving.ready
    const attached = await attaching
    const { device } = attached
    serving.start(device)
    await serving.serving.catch((error: unknown) => {
      throw mountFailed(mountpoint, `The kernel was not agreed with: ${messageOf(error)}.`)
    })
    await widenReadahead(mountpoint)
    // Not before: threads that begin at the same time keep one another waiting, and nothing is new yet.
    const teller = new Worker(options.telling, {
      workerData: { server: toTeller.port2, state } satisfies TellerTask,
      transferList: [toTeller.port2],
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    })
    telling = teller
    teller.once('error', request.onError)
    const tell = (work: TellerWork): void => teller.postMessage(work)
    tell({ kind: 'start', device, mountpoint })
    const places = recipe.profiles.map((profile) => ({ repository: recipe.repository, profile }))
    const stopWatching = watchSeries(places, () => tell({ kind: 'look' }))
    const threads = [teller]
    void serving.pushing.then(() => {
      const task = { server: toPusher.port2, state, device }
      const pusher = new Worker(options.pushing, {
        workerData: task satisfies PusherTask,
        transferList: [toPusher.port2],
        resourceLimits: { maxYoungGenerationSizeMb: 2 },
      })
      pusher.once('error', request.onError)
      pusher.once('exit', () => answerForPusher(device, new ThreadsState(state)))
      threads.push(pusher)
    })
    return new KernelSession({ mountpoint, sources, serving, threads, attached, stopWatching })
  } catch (error) {
    const attached = await attaching.catch(() => undefined)
    if (attached !== undefined) {
      await runUnmount(mountpoint, 'lazily')
      attached.close()
    }
    await Promise.all([serving.terminate(), telling?.terminate()])
    throw error
  }
}

async function attach(
  { mountpoint, allowOther }: MountRequest,
  { library, hasFusermount }: KernelDriverOptions,
): Promise<Attached> {
  try {
    return library !== undefined && hasFusermount
      ? await attachByFusermount(library, mountpoint, allowOther)
      : await attachByMount(mountpoint, allowOther)
  } catch (error) {
    if (error instanceof AttachFailure) throw mountFailed(mountpoint, error.message, allowOther)
    throw error
  }
}

function mountFailed(mountpoint: string, reason: string, allowOther = false): SnapfsError {
  return new SnapfsError('MOUNT_FAILED', `Mounting on ${mountpoint} failed.`, {
    details: [reason],
    hint:
      allowOther && reason.includes('allow_other')
        ? 'For --allow-other, /etc/fuse.conf must hold a line: user_allow_other.'
        : '"snapfs mount --explain" tells what there is here to mount with.',
  })
}

interface SessionParts {
  readonly mountpoint: string
  readonly sources: MountSession['sources']
  readonly serving: ServingWorker
  /** The others, of which one is begun when it is needed. */
  readonly threads: readonly Worker[]
  readonly attached: Attached
  readonly stopWatching: () => void
}

class KernelSession implements MountSession {
  readonly sources: MountSession['sources']
  readonly #parts: SessionParts
  #isOver = false
  #failure: Error | undefined

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.sources = parts.sources
    parts.serving.ended
      .catch((error: unknown) => {
        this.#failure = error instanceof Error ? error : new Error(messageOf(error))
      })
      .finally(() => (this.#isOver = true))
  }

  async isServing(): Promise<boolean> {
    if (!this.#isOver) return true
    // Without anybody who answers, whoever asks would wait for ever.
    if (this.#failure !== undefined) {
      await runUnmount(this.#parts.mountpoint, 'lazily')
      throw this.#failure
    }
    return false
  }

  async cutOff(): Promise<void> {
    await abortConnection(this.#parts.mountpoint)
  }

  async end(): Promise<void> {
    const { serving, threads, attached, stopWatching } = this.#parts
    stopWatching()
    const over = Promise.allSettled([serving.ended, ...threads.map((one) => one.terminate())])
    const isOver = await Promise.race([over.then(() => true), setTimeout(END_LIMIT_MS, false)])
    // A thread that waits for the kernel, or for a disk that does not answer, keeps the process from ending otherwise.
    if (!isOver) process.kill(process.pid, 'SIGKILL')
    attached.close()
  }
}
