/**
 * How much the server of driver `kernel` has told the kernel. Each answer and each notice is one write, and the kernel
 * counts the writes of each thread anyway: that costs the server nothing, as tracing it would.
 */
import { readdir, readFile } from 'node:fs/promises'

/** Where a thread sleeps that waits for a request. */
const WAITING_FOR_REQUEST = 'fuse_dev_do_read'

/** @typedef {{ writes: ReadonlyMap<string, number>, serving: ReadonlySet<string> }} Writes by thread */

/**
 * Of a server that has nothing to do just now.
 * @param {number} pid
 * @returns {Promise<Writes | undefined>} undefined where the kernel does not tell
 */
export async function writesOf(pid) {
  const tasks = `/proc/${pid}/task`
  const writes = new Map()
  const serving = new Set()
  try {
    for (const thread of await readdir(tasks)) {
      const counts = await readFile(`${tasks}/${thread}/io`, 'utf8')
      writes.set(thread, Number(/^syscw: (\d+)/mu.exec(counts)?.[1]))
      const place = await readFile(`${tasks}/${thread}/wchan`, 'utf8')
      if (place === WAITING_FOR_REQUEST) serving.add(thread)
    }
  } catch {
    return undefined
  }
  return serving.size === 0 ? undefined : { writes, serving }
}

/**
 * What came between two looks.
 * @param {Writes} before
 * @param {Writes} after
 * @returns {{ answers: number, unasked: number }} requests that were answered, which those are not by which the kernel forgets; and
 *   messages of the busiest other thread, which is the one that tells what was not asked. Words between
 *   the threads count too: one or two in a hundred
 */
export function between(before, after) {
  let answers = 0
  let unasked = 0
  for (const [thread, now] of after.writes) {
    const more = now - (before.writes.get(thread) ?? 0)
    if (before.serving.has(thread)) answers += more
    else unasked = Math.max(unasked, more)
  }
  return { answers, unasked }
}
