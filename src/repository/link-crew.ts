/**
 * Links what did not change, with two threads: the one that scans hands over what it found, and lends a hand when
 * the other one falls behind. A link costs the kernel more than the scan does to find that it can be made.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type BytePath, bytePathFromText } from '../model/entry-name.ts'
import type { KeptAttributes, LinkBlock, Linker, LinkOutcome } from '../model/link-block.ts'
import { showLife } from '../model/sign-of-life.ts'
import { TreeDirectories } from './fill-tree.ts'
import { emptyTally, linkBlock, type LinkTally } from './link-block.ts'
import {
  ANSWERED,
  DONE,
  type LinkAnswer,
  type LinkWork,
  SHARED_BYTES,
  STOP,
} from './link-worker.ts'

export interface LinkTask {
  /** The tree that is filled; undefined: it is only looked what would be linked. */
  readonly tree: string | undefined
  readonly keeps: KeptAttributes
  /** The program of the second thread; without one the first does everything. */
  readonly worker: URL | undefined
}

/** Entries that are handed over at a time, and how many hand-overs may be waiting. */
const BATCH_ENTRIES = 512
const WAITING_BATCHES = 4
/** From so many entries on the start of a thread pays. */
const WORTH_A_THREAD = 4096
/** So often it is looked whether the other thread gets on, while it is waited for. */
const LOOK_EVERY_MS = 2

export class LinkCrew implements Linker {
  readonly #task: LinkTask
  readonly #tree: BytePath | undefined
  readonly #shared = new Int32Array(new SharedArrayBuffer(SHARED_BYTES))
  readonly #directories: TreeDirectories | undefined
  #batch: LinkBlock[] = []
  #batched = 0
  #added = 0
  #tally = emptyTally()
  #worker: Worker | undefined
  #passed = 0
  /** Handed over and, as far as is known here, not answered. */
  readonly #waiting: (readonly LinkBlock[])[] = []
  #failure: Error | undefined
  #seenDone = 0

  constructor(task: LinkTask) {
    this.#task = task
    this.#tree = task.tree === undefined ? undefined : bytePathFromText(task.tree)
    this.#directories = this.#tree === undefined ? undefined : new TreeDirectories(this.#tree)
  }

  /** Whether anything was made in the tree. */
  get hasBegun(): boolean {
    return this.#added > 0
  }

  add(block: LinkBlock): void {
    this.#throwFailure()
    this.#directories?.make(block.directory)
    this.#batch.push(block)
    this.#batched += block.names.length
    this.#added += block.names.length
    if (this.#batched < BATCH_ENTRIES) return
    if (this.#added >= WORTH_A_THREAD) this.#startWorker()
    this.#pass()
  }

  async settle(): Promise<LinkOutcome> {
    if (this.#batch.length > 0) this.#pass()
    while (this.#waiting.length > 0 && this.#failure === undefined) {
      await setTimeout(LOOK_EVERY_MS)
      this.#showProgress()
    }
    this.#throwFailure()
    const outcome = this.#tally
    this.#tally = emptyTally()
    return outcome
  }

  /**
   * Makes those directories of the tree that nothing was linked into, private until they get their attributes.
   * @param directories each after the one above it
   * @throws the operating system's error
   */
  async makeDirectories(directories: readonly string[], signal: AbortSignal): Promise<void> {
    for (const [index, directory] of directories.entries()) {
      showLife()
      this.#directories?.make(directory)
      if (index % BATCH_ENTRIES !== 0) continue
      await setImmediate()
      if (signal.aborted) return
    }
  }

  /** Ends the second thread; what it was at is left half done when it had not been waited for. */
  async close(): Promise<void> {
    Atomics.store(this.#shared, STOP, 1)
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  /** Gives the batch to the other thread, or does it here when that one has enough to do. */
  #pass(): void {
    const batch = this.#batch
    this.#batch = []
    this.#batched = 0
    // An answer is heard at the next turn of the event loop; what is shared tells at once.
    const waiting = this.#passed - Atomics.load(this.#shared, ANSWERED)
    if (this.#worker !== undefined && waiting < WAITING_BATCHES) {
      this.#passed += 1
      this.#waiting.push(batch)
      this.#worker.postMessage(batch)
    } else this.#doHere(batch)
  }

  #doHere(batch: readonly LinkBlock[]): void {
    const place = { tree: this.#tree, keeps: this.#task.keeps }
    const onEntry = (): boolean => {
      showLife()
      return true
    }
    for (const block of batch) linkBlock(block, place, this.#tally, onEntry)
  }

  #startWorker(): void {
    const { worker: program, keeps } = this.#task
    if (this.#passed > 0 || this.#worker !== undefined || program === undefined) return
    const work: LinkWork = { place: { tree: this.#tree, keeps }, shared: this.#shared }
    const worker = new Worker(program, { workerData: work })
    this.#worker = worker
    worker.on('message', (answer: LinkAnswer) => this.#take(answer))
    worker.on('error', (error) => this.#goOnAlone(error))
  }

  /** Where no second thread can be had, the first has to do. */
  #goOnAlone(error: Error): void {
    this.#worker = undefined
    if (Atomics.load(this.#shared, DONE) > 0) this.#failure ??= error
    else {
      try {
        for (const batch of this.#waiting.splice(0)) this.#doHere(batch)
      } catch (failure) {
        this.#failure ??= failure instanceof Error ? failure : new Error(String(failure))
      }
    }
  }

  #take(answer: LinkAnswer): void {
    this.#waiting.shift()
    this.#showProgress()
    if (answer.kind === 'failed') {
      this.#failure ??= Object.assign(new Error(answer.message), { code: answer.code })
      return
    }
    const { linked, altered, refused, reason } = answer.tally
    const tally: LinkTally = this.#tally
    tally.linked += linked
    tally.altered.push(...altered)
    tally.refused.push(...refused)
    tally.reason ??= reason
  }

  #showProgress(): void {
    const done = Atomics.load(this.#shared, DONE)
    if (done === this.#seenDone) return
    this.#seenDone = done
    showLife()
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
