/**
 * Whether a run of rsync still gets on. Decided from looks at its processes, and pure: time is counted in looks,
 * so that a machine that slept, or a snapfs that was stopped, has missed nothing but one of them.
 */
import type { TreeProcess } from './process-tree.ts'

export interface Look {
  /** Lines of output so far. */
  readonly lines: number
  readonly processes: readonly TreeProcess[]
}

export interface StallWatch {
  readonly last: Look | undefined
  /** Looks in a row at which nothing had moved. */
  readonly quietLooks: number
}

export const NOTHING_SEEN: StallWatch = { last: undefined, quietLooks: 0 }

/** So many looks make up the limit; more of them would notice a stall little sooner. */
const LOOKS_PER_LIMIT = 30
const SHORTEST_LOOK_MS = 100
/** A timer cannot wait for more than 24 days; an hour is seldom enough. */
const LONGEST_LOOK_MS = 3_600_000

/**
 * Less than this is no progress. An rsync that waits wakes up once a minute and computes some microseconds; twenty
 * milliseconds between two looks are work.
 */
const LEAST_CPU_TICKS = 2
/** The same for bytes: a daemon with a timeout sends a few now and then to keep the connection alive. */
const LEAST_IO_BYTES = 1024

/** How far looks are apart, in milliseconds, and how many quiet ones are a stall. */
export function looksFor(stallMs: number): { readonly everyMs: number; readonly limit: number } {
  const everyMs = Math.min(
    LONGEST_LOOK_MS,
    Math.max(SHORTEST_LOOK_MS, Math.ceil(stallMs / LOOKS_PER_LIMIT)),
  )
  return { everyMs, limit: Math.ceil(stallMs / everyMs) }
}

/** The watch after one more look. */
export function lookAgain({ last, quietLooks }: StallWatch, look: Look): StallWatch {
  return { last: look, quietLooks: last === undefined || hasMoved(last, look) ? 0 : quietLooks + 1 }
}

function hasMoved(before: Look, now: Look): boolean {
  if (now.lines > before.lines) return true
  const working = now.processes.filter(({ isRemoteShell }) => !isRemoteShell)
  const known = new Map(
    before.processes
      .filter(({ isRemoteShell }) => !isRemoteShell)
      .map((process) => [process.pid, process]),
  )
  // One began or ended: the run has got to another stage.
  if (working.length !== known.size || working.some(({ pid }) => !known.has(pid))) return true
  let [cpuTicks, ioBytes] = [0, 0]
  for (const process of working) {
    const earlier = known.get(process.pid)
    cpuTicks += process.cpuTicks - (earlier?.cpuTicks ?? 0)
    ioBytes += (process.ioBytes ?? 0) - (earlier?.ioBytes ?? 0)
  }
  return cpuTicks >= LEAST_CPU_TICKS || ioBytes >= LEAST_IO_BYTES
}
