/** The second thread of a `LinkCrew`: links what it is sent, and says what came of it. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemErrorCode } from '../errors/system-error.ts'
import type { LinkBlock } from '../model/link-block.ts'
import { emptyTally, linkBlock, type LinkPlace, type LinkTally } from './link-block.ts'

export interface LinkWork {
  readonly place: LinkPlace
  /** Shared between the threads: `DONE` counts entries, `ANSWERED` batches, `STOP` is set to end early. */
  readonly shared: Int32Array
}

export const DONE = 0
export const ANSWERED = 1
export const STOP = 2
/** Bytes of what is shared. */
export const SHARED_BYTES = 12

/** What the thread answers to each batch of blocks. */
export type LinkAnswer =
  | { readonly kind: 'done'; readonly tally: LinkTally }
  /** What an error loses on its way between threads. */
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined }

/** To be called where the file is loaded as the thread, and nowhere else. */
function serve(port: NonNullable<typeof parentPort>): void {
  const { place, shared } = workerData as LinkWork
  const onEntry = (): boolean => {
    Atomics.add(shared, DONE, 1)
    return Atomics.load(shared, STOP) === 0
  }
  port.on('message', (blocks: readonly LinkBlock[]) => {
    port.postMessage(work(blocks, place, onEntry))
    Atomics.add(shared, ANSWERED, 1)
  })
}

function work(blocks: readonly LinkBlock[], place: LinkPlace, onEntry: () => boolean): LinkAnswer {
  const tally = emptyTally()
  try {
    for (const block of blocks) linkBlock(block, place, tally, onEntry)
    return { kind: 'done', tally }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { kind: 'failed', message, code: systemErrorCode(error) }
  }
}

if (parentPort !== null) serve(parentPort)
