/**
 * Deleting a tree whose files share inodes with published snapshots. All directories are emptied of what is none, by two
 * threads of low priority when there are many, and then removed, the deepest first. Whatever ends it early, the next removal
 * goes on.
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
  /** The program of the other threads; without one this thread does everything. */
  readonly worker?: URL | undefined
  /** Ends it early. */
  readonly signal?: AbortSignal
}

/** After so many directories others in this process have their turn. */
const DIRECTORIES_IN_A_ROW = 8
/** When so many directories are to be emptied, other threads pay. */
const WORTH_THREADS = 100
/** Each in directories of its own: more wait for one another. */
const THREADS = 2
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
  readonly #workers: Worker[] = []
  /** Those of them that have nothing to do. */
  readonly #idle: Worker[] = []
  #failure: Error | undefined
  #emptied = 0
  /** Called when a worker has answered. */
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
      if (await this.#isHandedOver()) continue
      const path = this.#full.pop()
      if (path === undefined) break
      await this.#empty(path)
    }
    for (let path = this.#found.pop(); path !== undefined; path = this.#found.pop()) {
      if (this.#isOver()) return
      showLife()
      await rmdir(systemPath(path))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
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

  /**
   * Gives idle threads what is to be done, and waits until one has done it: what was found first, since it has most below it.
   * @returns whether there is something to look at again; if not, this thread is to do what is left
   */
  async #isHandedOver(): Promise<boolean> {
    const { worker: program } = this.#options
    if (program === undefined) return false
    if (this.#workers.length === 0) {
      if (this.#full.length < WORTH_THREADS) return false
      for (let n = 0; n < THREADS; n += 1) this.#start(program)
    }
    while (this.#full.length > 0) {
      const worker = this.#idle.pop()
      if (worker === undefined) break
      const count = Math.min(BATCH_DIRECTORIES, Math.ceil(this.#full.length / THREADS))
      worker.postMessage(this.#full.splice(0, count))
    }
    if (this.#idle.length === this.#workers.length) return false
    await new Promise<void>((resolve) => (this.#wake = resolve))
    return true
  }

  #start(program: URL): void {
    const worker = new Worker(program)
    const answered = (failure?: Error): void => {
      this.#idle.push(worker)
      this.#failure ??= failure
      showLife()
      this.#wake()
    }
    worker.on('message', (answer: RemoveAnswer) => {
      if (answer.kind === 'emptied') this.#add(answer.directories)
      answered(answer.kind === 'failed' ? restored(answer) : undefined)
    })
    worker.on('error', answered)
    this.#workers.push(worker)
    this.#idle.push(worker)
  }
}

function restored({ message, code }: Extract<RemoveAnswer, { readonly kind: 'failed' }>): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}

function ignoreAbsence(error: unknown): undefined {
  if (systemErrorCode(error) === 'ENOENT') return undefined
  throw error
}
