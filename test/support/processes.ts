/** Processes that a test started by way of the program, found by what they have in their environment. */
import { readdir, readFile } from 'node:fs/promises'

export interface RunningProcess {
  readonly pid: number
  /** Its words, with spaces between them. */
  readonly commandLine: string
}

/** The living processes that were started with a text in their environment: the path of a test's directory. */
export async function processesOf(text: string): Promise<readonly RunningProcess[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name))
  const found = await Promise.all(
    ids.map(async (id) => {
      const environment = await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '')
      if (!environment.includes(text)) return []
      const words = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')
      return [{ pid: Number(id), commandLine: words.replaceAll('\0', ' ') }]
    }),
  )
  return found.flat()
}

/**
 * The process that makes a backup, below the one that was started and watches it; it is the one in the lock.
 * @throws when there is none
 */
export async function engineOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  for (const child of children.trim().split(' ')) {
    const words = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '')
    if (words.includes('main.js')) return Number(child)
  }
  throw new Error(`process ${pid} has started no engine, but ${children}`)
}

/** Sends a signal to a process that may have ended meanwhile. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}
