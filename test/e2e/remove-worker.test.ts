/** The built thread that deletes. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { bytePathFromText } from '../../src/model/entry-name.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
/** As proc(5) counts them, without the name, which may have spaces. */
const NICE_FIELD = 19

async function priorities(): Promise<readonly number[]> {
  const tasks = await readdir('/proc/self/task')
  return Promise.all(
    tasks.map(async (task) => {
      const stat = await readFile(`/proc/self/task/${task}/stat`, 'utf8')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[NICE_FIELD - 3])
    }),
  )
}

test('what others do comes before what a thread deletes', async () => {
  const before = await priorities()
  await mkdir(`${directory()}/tree/below`, { recursive: true })
  await writeFile(`${directory()}/tree/file`, '')
  const worker = new Worker(new URL('../../dist/remove-worker.js', import.meta.url))
  try {
    worker.postMessage([bytePathFromText(`${directory()}/tree`)])
    const [answer] = (await once(worker, 'message')) as unknown[]
    const below = bytePathFromText(`${directory()}/tree/below`)
    expect(answer).toEqual({ kind: 'emptied', directories: [below] })
    expect(await readdir(`${directory()}/tree`)).toEqual(['below'])
    const own = Math.max(...before)
    expect((await priorities()).filter((nice) => nice >= 10 && nice > own)).toHaveLength(1)
  } finally {
    await worker.terminate()
  }
})
