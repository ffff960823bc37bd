/** A thread of a removal: empties the directories it is sent. What others do meanwhile comes first. */
import { constants, getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import type { BytePath } from '../model/entry-name.ts'
import { emptyAtOnce } from './empty-directory.ts'

/** What it answers to each batch of directories. */
export type RemoveAnswer =
  /** The directories that were in them, each after the one above it. */
  | { readonly kind: 'emptied'; readonly directories: readonly BytePath[] }
  /** What an error loses on its way between threads. */
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined }

/** To be called where the file is loaded as the thread, and nowhere else. */
function serve(port: NonNullable<typeof parentPort>): void {
  // On Linux that is of this thread alone (setpriority(2)).
  setPriority(Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL))
  port.on('message', (paths: readonly BytePath[]) => {
    port.postMessage(work(paths))
  })
}

function work(paths: readonly BytePath[]): RemoveAnswer {
  try {
    return {
      kind: 'emptied',
      directories: paths.flatMap((path) => emptyAtOnce(path)),
    }
  } catch (error) {
    return { kind: 'failed', message: messageOf(error), code: systemErrorCode(error) }
  }
}

if (parentPort !== null) serve(parentPort)
