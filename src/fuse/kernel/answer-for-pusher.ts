/** What the thread that sends files owes when it ends. */
import { writeSync } from 'node:fs'
import { Reply, writeHeader } from './encode-reply.ts'
import { OUT_HEADER_BYTES } from './protocol.ts'
import type { ThreadsState } from './threads-state.ts'

/** Nobody is kept waiting for that thread any more, nor is whoever waits. */
export function answerForPusher(device: number, state: ThreadsState): void {
  state.isPushing = false
  for (const unique of state.settleAll()) {
    const reply = new Reply(OUT_HEADER_BYTES)
    writeHeader(reply, unique, 0, OUT_HEADER_BYTES)
    try {
      // At once: what comes later might meet another file under this descriptor.
      writeSync(device, reply.bytes)
    } catch {
      // Nobody waits for it, or there is no mount any more.
    }
  }
}
