/** A process and those below it, and what they have done so far, as the kernel counts it in /proc. */
import { readdir, readFile } from 'node:fs/promises'

export interface TreeProcess {
  readonly pid: number
  /** Of the program, cut to fifteen bytes by the kernel. */
  readonly name: string
  /** When it began, in the kernel's ticks: with the pid it names one process, not the next one of that number. */
  readonly startTicks: string
  /** Processor time so far, in hundredths of a second. */
  readonly cpuTicks: number
  /** How often it went to sleep so far, and was woken. */
  readonly sleeps: number
  /** Bytes read and written so far; undefined where the kernel does not say. */
  readonly ioBytes: number | undefined
  /** Of those the ones that were read. */
  readonly readBytes: number | undefined
  /** A remote shell or below one: it moves by keeping a connection alive, which is no progress. */
  readonly isRemoteShell: boolean
}

/** The name under which a remote shell runs. */
const REMOTE_SHELL = 'ssh'

/** A process and everything below it; empty when it is gone. What ends meanwhile is left out. */
export async function readProcessTree(root: number): Promise<readonly TreeProcess[]> {
  const children = new Map<number, ProcessStat[]>()
  for (const stat of await allProcesses()) {
    const siblings = children.get(stat.parent)
    if (siblings === undefined) children.set(stat.parent, [stat])
    else siblings.push(stat)
  }
  const rootStat = await readStat(root)
  const tree: TreeProcess[] = []
  const add = async (stat: ProcessStat, above: boolean): Promise<void> => {
    const isRemoteShell = above || stat.name === REMOTE_SHELL
    const { pid, name, startTicks, cpuTicks } = stat
    tree.push({
      pid,
      name,
      startTicks,
      cpuTicks,
      ...(await readIo(pid)),
      isRemoteShell,
      sleeps: await readSleeps(pid),
    })
    for (const child of children.get(pid) ?? []) await add(child, isRemoteShell)
  }
  if (rootStat !== undefined) await add(rootStat, false)
  return tree
}

/** Sends SIGKILL to a process, unless it has ended, even if its number has another by now. */
export async function killProcess({ pid, startTicks }: TreeProcess): Promise<void> {
  const stat = await readStat(pid)
  if (stat?.startTicks !== startTicks) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended just now.
  }
}

interface ProcessStat {
  readonly pid: number
  readonly name: string
  readonly parent: number
  readonly startTicks: string
  readonly cpuTicks: number
}

/** Reads a line of /proc/PID/stat (proc(5)). The name may hold spaces and parentheses. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const match = /^(\d+) \((.*)\) (.*)$/su.exec(text.trimEnd())
  if (match === null) return undefined
  const [, pid = '', name = '', rest = ''] = match
  // The first of these is the third field of the manual.
  const fields = rest.split(' ')
  const [parent, user, system, startTicks] = [fields[1], fields[11], fields[12], fields[19]]
  if (startTicks === undefined) return undefined
  return {
    pid: Number(pid),
    name,
    parent: Number(parent),
    startTicks,
    cpuTicks: Number(user) + Number(system),
  }
}

async function allProcesses(): Promise<readonly ProcessStat[]> {
  const names = await readdir('/proc').catch(() => [])
  const stats = await Promise.all(
    names.filter((name) => /^\d+$/u.test(name)).map((name) => readStat(Number(name))),
  )
  return stats.filter((stat) => stat !== undefined)
}

async function readStat(pid: number): Promise<ProcessStat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  return parseProcessStat(text)
}

/** Of its first thread alone. 0 where the kernel does not say. */
async function readSleeps(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '')
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/mu.exec(text)?.[1] ?? 0)
}

async function readIo(pid: number): Promise<Pick<TreeProcess, 'ioBytes' | 'readBytes'>> {
  const text = await readFile(`/proc/${pid}/io`, 'latin1').catch(() => '')
  const read = /^rchar: (\d+)$/mu.exec(text)
  const written = /^wchar: (\d+)$/mu.exec(text)
  if (read === null || written === null) return { ioBytes: undefined, readBytes: undefined }
  return { ioBytes: Number(read[1]) + Number(written[1]), readBytes: Number(read[1]) }
}
