/** The serving thread as the thread sees it that started it. */
import { Worker } from 'node:worker_threads'
import type { SourcePlace } from '../../view/open-views.ts'
import type { PassedError, ServingNews, ServingStart, ServingTask } from './thread-messages.ts'

/** For what is garbage after an answer, which is nearly all: V8 would take 48 MiB for it. */
const YOUNG_MIB = 16

export class ServingWorker {
  /** It has read the repository. */
  readonly ready: Promise<Readonly<Record<string, SourcePlace>>>
  /** The kernel has been answered for the first time. */
  readonly serving: Promise<undefined>
  /** It has files to be sent ahead; never settled when it has none. */
  readonly pushing: Promise<undefined>
  /** It will answer no more; rejected when it should have. */
  readonly ended: Promise<undefined>
  readonly #worker: Worker

  #onReported: (error: unknown) => void = () => undefined

  /** The thread begins to load its program, which takes as long as all else that a mount begins with. */
  constructor(program: URL) {
    const worker = new Worker(program, {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    })
    this.#worker = worker
    const ready = settleable<Readonly<Record<string, SourcePlace>>>()
    const serving = settleable<undefined>()
    const ended = settleable<undefined>()
    const pushing = settleable<undefined>()
    const fail = (error: Error): void => {
      for (const one of [ready, serving, ended]) one.reject(error)
    }
    worker.on('message', (news: ServingNews) => {
      switch (news.kind) {
        case 'ready':
          ready.resolve(news.sources)
          return
        case 'serving':
          serving.resolve(undefined)
          return
        case 'pushing':
          pushing.resolve(undefined)
          return
        case 'ended':
          ended.resolve(undefined)
          return
        case 'failed':
          fail(restored(news.error))
          return
        case 'reported':
          this.#onReported(restored(news.error))
      }
    })
    worker.once('error', fail)
    worker.once('exit', () => {
      // Cut off before it was asked anything: the kernel did not agree.
      serving.reject(new Error('the kernel closed the connection'))
      ended.resolve(undefined)
    })
    this.ready = ready.promise
    this.serving = serving.promise
    this.ended = ended.promise
    this.pushing = pushing.promise
  }

  /** @param onReported told of errors that a reader only sees as a number */
  begin(task: ServingTask, onReported: (error: unknown) => void): void {
    this.#onReported = onReported
    this.#worker.postMessage(task, [task.teller, task.pusher])
  }

  start(device: number): void {
    this.#worker.postMessage({ device } satisfies ServingStart)
  }

  /** Ends the thread, as far as it is not waiting for the kernel. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }
}

interface Settleable<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** A promise that nobody need await. */
function settleable<T>(): Settleable<T> {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<T>((accept, refuse) => {
    resolve = accept
    reject = refuse
  })
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}

function restored({ message, code }: PassedError): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}
