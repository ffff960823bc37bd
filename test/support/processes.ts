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

/** Sends a signal to a process that may have ended meanwhile. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}
