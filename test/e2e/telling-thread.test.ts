/** The built thread that tells the kernel what it has not asked. */
import { open, readFile } from 'node:fs/promises'
import { MessageChannel, Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { ThreadsState } from '../../src/fuse/kernel/threads-state.ts'
import type { TellerTask } from '../../src/fuse/kernel/telling-thread.ts'
import type { TellerWork } from '../../src/fuse/kernel/thread-messages.ts'
import { eventually } from '../support/eventually.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const MESSAGE_BYTES = 100_000
const MESSAGES = 1000
const KIB = 1024

async function residentKib(): Promise<number> {
  return Number(/^VmRSS:\s+(\d+)/mu.exec(await readFile('/proc/self/status', 'utf8'))?.[1])
}

test('the telling thread keeps nothing of what it has told', async () => {
  const { port1, port2 } = new MessageChannel()
  const state = ThreadsState.memory()
  const worker = new Worker(new URL('../../dist/telling-thread.js', import.meta.url), {
    workerData: { server: port2, state } satisfies TellerTask,
    transferList: [port2],
  })
  try {
    // In place of the kernel, a file that tells how much has come.
    await using told = await open(`${directory()}/told`, 'w+')
    const tell = (work: TellerWork): void => port1.postMessage(work)
    tell({ kind: 'start', device: told.fd, mountpoint: directory() })
    const notice = Buffer.alloc(MESSAGE_BYTES)
    notice.writeUInt32LE(MESSAGE_BYTES, 0)
    const sizes: number[] = []
    for (let sent = 1; sent <= MESSAGES; sent += 1) {
      tell({ kind: 'notices', bytes: notice })
      if (sent % 100 !== 0) continue
      await eventually(async () => {
        expect((await told.stat()).size).toBe(sent * MESSAGE_BYTES)
      })
      sizes.push(await residentKib())
    }
    const [first = 0, ...others] = sizes
    expect(Math.max(...others) - first).toBeLessThan(10 * KIB)
  } finally {
    await worker.terminate()
    port1.close()
  }
})
