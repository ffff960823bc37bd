/**
 * Deleting a tree whose files share inodes with published snapshots. All directories are emptied of what is none, by two
 * threads when there are many, and then removed, the deepest first. Whatever ends it early, the next removal goes on.
 */
import { lstat, rmdir, unlink } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { systemErrorCode } from '../errors/system-error.ts'
import { type BytePath, bytePathFromText, systemPath } from '../model/entry-name.ts'
import { showLife } from '../model/sign-of-life.ts'
import { emptyDirectory } from './empty-directory.ts'
import type { RemoveAnswer } from './remove-worker.ts'

export interface RemoveOptions {
  /** The program of the second thread; without one this thread does everything. */
  readonly worker?: URL | undefined
  /** Ends it early. */
  readonly signal?: AbortSignal
}

/** After so many directories others in this process have their turn. */
const DIRECTORIES_IN_A_ROW = 8
/** When so many directories are to be emptied, another thread pays. */
const WORTH_A_THREAD = 100
/** Directories that are handed over at a time. */
const BATCH_DIRECTORIES = 32

/** Removes a file or a whole tree; absence is fine. @throws the operating system's error */
export async function removeTree(path: string, options: RemoveOptions = {}): Promise<void> {
  const top = bytePathFromText(path)
  const status = await lstat(systemPath(top)).catch(ignoreAbsence)
  if (status === undefined) return
  if (!status.isDirectory()) return unlink(systemPath(top))
  await using removal = new Removal(top, options)
  await removal.run()
}

class Removal {
  readonly #options: RemoveOptions
  /** All that were found, each after the one above it. */
  readonly #found: BytePath[]
  /** Those of them that have yet to be emptied. */
  readonly #full: BytePath[]
  #worker: Worker | undefined
  /** Whether the worker has something to do. */
  #isHelped = false
  #failure: Error | undefined
  #emptied = 0
  /** Called when the worker has answered. */
  #wake: () => void = () => undefined

  constructor(top: BytePath, options: RemoveOptions) {
    this.#options = options
    this.#found = [top]
    this.#full = [top]
  }

  async run(): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      if (this.#isOver()) return
      this.#handOver()
      const path = this.#full.pop()
      if (path !== undefined) await this.#empty(path)
      else if (this.#isHelped) await new Promise<void>((resolve) => (this.#wake = resolve))
      else break
    }
    for (let path = this.#found.pop(); path !== undefined; path = this.#found.pop()) {
      if (this.#isOver()) return
      showLife()
      await rmdir(systemPath(path))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate()
  }

  #isOver(): boolean {
    return this.#options.signal?.aborted === true
  }

  async #empty(path: BytePath): Promise<void> {
    const steps = emptyDirectory(path)
    for (;;) {
      const step = steps.next()
      showLife()
      this.#emptied += 1
      if (step.done === true) {
        this.#add(step.value)
        // Now and then, so that a signal and the other thread are heard.
        if (this.#emptied % DIRECTORIES_IN_A_ROW === 0) await setImmediate()
        return
      }
      await setImmediate()
      if (this.#isOver()) return
    }
  }

  #add(directories: readonly BytePath[]): void {
    for (const directory of directories) {
      this.#found.push(directory)
      this.#full.push(directory)
    }
  }

  /** What was found first is handed over: it has most below it. */
  #handOver(): void {
    const { worker: program } = this.#options
    if (program === undefined || this.#isHelped || this.#full.length < WORTH_A_THREAD) return
    this.#worker ??= this.#start(program)
    this.#isHelped = true
    this.#worker.postMessage(this.#full.splice(0, BATCH_DIRECTORIES))
  }

  #start(program: URL): Worker {
    const worker = new Worker(program)
    const answered = (failure?: Error): void => {
      this.#isHelped = false
      this.#failure ??= failure
      this.#wake()
    }
    worker.on('message', (answer: RemoveAnswer) => {
      if (answer.kind === 'emptied') this.#add(answer.directories)
      answered(answer.kind === 'failed' ? restored(answer) : undefined)
    })
    worker.on('error', answered)
    return worker
  }
}

function restored({ message, code }: Extract<RemoveAnswer, { readonly kind: 'failed' }>): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}

function ignoreAbsence(error: unknown): undefined {
  if (systemErrorCode(error) === 'ENOENT') return undefined
  throw error
}
