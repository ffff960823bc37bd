/** What counts as movement: of a run of rsync, and of a backup as a whole. Pure; the looks come from `/proc`. */
import type { TreeProcess } from './process-tree.ts'

/** A look at a run of rsync. */
export interface RunLook {
  /** Lines of output so far. */
  readonly lines: number
  readonly processes: readonly TreeProcess[]
}

/** A look at a backup: the process that makes it, and all that it has started. */
export interface EngineLook {
  /** Signs of life so far. */
  readonly signs: number
  readonly processes: readonly TreeProcess[]
  /** How often the disk of the repository has completed something; undefined when nobody waits for that. */
  readonly diskEvents: number | undefined
}

/**
 * Less than this is no progress. An rsync that waits wakes up once a minute and computes some microseconds; twenty
 * milliseconds between two looks are work.
 */
const LEAST_CPU_TICKS = 2
/** The same for bytes: a daemon with a timeout sends a few now and then to keep the connection alive. */
const LEAST_IO_BYTES = 1024
/**
 * On a slow disk each answer wakes a process that hardly computes. One that waits for another process wakes once a
 * minute, three of them three times.
 */
const LEAST_SLEEPS_PER_MINUTE = 10
/**
 * A backup that waits computes, too: a line of progress that is drawn anew takes half a hundredth of one processor
 * (measured, 340 ms a minute). Four times that is work; whoever works slower, on a slow disk, gives signs.
 */
const LEAST_CPU_SHARE = 0.02
const TICK_MS = 10

/** Whether a run of rsync got on between two looks. */
export function hasRunMoved(before: RunLook, now: RunLook, everyMs: number): boolean {
  if (now.lines > before.lines) return true
  const working = now.processes.filter(({ isRemoteShell }) => !isRemoteShell)
  const known = new Set(
    before.processes.filter(({ isRemoteShell }) => !isRemoteShell).map(({ pid }) => pid),
  )
  // One began or ended: the run has got to another stage.
  if (working.length !== known.size || working.some(({ pid }) => !known.has(pid))) return true
  const { cpuTicks, ioBytes, sleeps } = workBetween(before.processes, now.processes)
  const leastSleeps = Math.max(1, (everyMs * LEAST_SLEEPS_PER_MINUTE) / 60_000)
  return cpuTicks >= LEAST_CPU_TICKS || ioBytes >= LEAST_IO_BYTES || sleeps >= leastSleeps
}

/**
 * Whether a backup got on between two looks. That a process began or ended is no movement here: each checkpoint
 * starts a `sync`, whatever else hangs.
 */
export function hasEngineMoved(before: EngineLook, now: EngineLook, everyMs: number): boolean {
  if (now.signs > before.signs) return true
  if (now.diskEvents !== undefined && now.diskEvents !== before.diskEvents) return true
  const { cpuTicks, ioBytes } = workBetween(before.processes, now.processes)
  const leastTicks = Math.max(LEAST_CPU_TICKS, (everyMs * LEAST_CPU_SHARE) / TICK_MS)
  return cpuTicks >= leastTicks || ioBytes >= LEAST_IO_BYTES
}

function workBetween(
  before: readonly TreeProcess[],
  now: readonly TreeProcess[],
): { readonly cpuTicks: number; readonly ioBytes: number; readonly sleeps: number } {
  const earlier = new Map(before.map((process) => [process.pid, process]))
  let [cpuTicks, ioBytes, sleeps] = [0, 0, 0]
  for (const process of now) {
    // It keeps a connection alive, which is no progress.
    if (process.isRemoteShell) continue
    const was = earlier.get(process.pid)
    cpuTicks += process.cpuTicks - (was?.cpuTicks ?? 0)
    ioBytes += (process.ioBytes ?? 0) - (was?.ioBytes ?? 0)
    sleeps += process.sleeps - (was?.sleeps ?? 0)
  }
  return { cpuTicks, ioBytes, sleeps }
}
