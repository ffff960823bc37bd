/**
 * Whether a disk still completes what it is given. A `sync` waits without computing, reading or saying anything,
 * for as long as a slow disk needs for what is cached; only the disk tells that it gets on.
 */
import { readFile } from 'node:fs/promises'

/** Pages of memory written, of all disks together, that are one event where the disk itself cannot be asked. */
const PAGES_PER_EVENT = 256

/**
 * How often a disk has completed something so far.
 * @param device the `st_dev` of a file on it
 * @returns undefined where the kernel does not say
 */
export async function diskEvents(device: number): Promise<number | undefined> {
  const { major, minor } = splitDevice(device)
  const own = await readFile(`/sys/dev/block/${major}:${minor}/stat`, 'latin1').catch(() => '')
  if (own !== '') return parseDiskStat(own)
  // A network, a program, or a file system of several disks.
  const machine = await readFile('/proc/vmstat', 'latin1').catch(() => '')
  return parseWrittenPages(machine)
}

/** As makedev(3) packs it; the kernel has twelve bits of one and twenty of the other. */
export function splitDevice(device: number): { readonly major: number; readonly minor: number } {
  const bits = BigInt(device)
  return {
    major: Number((bits >> 8n) & 0xfffn),
    minor: Number((bits & 0xffn) | ((bits >> 12n) & 0xff_f00n)),
  }
}

/** Reads, writes, discards and flushes completed (Documentation/block/stat.rst of the kernel). */
export function parseDiskStat(text: string): number | undefined {
  const fields = text.trim().split(/\s+/u).map(Number)
  const completed = [fields[0], fields[4], fields[11], fields[15]]
  const [reads, writes] = completed
  if (reads === undefined || writes === undefined) return undefined
  return completed.reduce<number>((sum, count) => sum + (count ?? 0), 0)
}

/** From `/proc/vmstat`, in steps large enough not to count the log that some other program writes. */
export function parseWrittenPages(text: string): number | undefined {
  const match = /^nr_written (\d+)$/mu.exec(text)
  return match === null ? undefined : Math.floor(Number(match[1]) / PAGES_PER_EVENT)
}
