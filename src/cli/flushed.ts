/** The last words of a process. */
import type { Writable } from 'node:stream'

/**
 * Waits until all that was written is on its way. Node writes to a pipe when its reader has room, and what it holds back
 * is lost when a process is ended (Node 20.20 on Linux: beyond 65,536 bytes). Nobody reading any more is the end, too.
 */
export async function flushed(...streams: readonly Writable[]): Promise<void> {
  await Promise.all(
    streams.map(async (stream) => {
      await new Promise<void>((resolve) => {
        stream.write('', () => resolve())
      })
    }),
  )
}
