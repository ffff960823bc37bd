/** Processes that say who they are in a file, so that others can tell whether they live. */
import { readlink } from 'node:fs/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import {
  type DeadLock,
  decideRecord,
  type HeldLock,
  type HolderNow,
  type Present,
} from './decide-lock.ts'
import type { LockRecord } from './lock-record.ts'
import { readText, thisMachine } from './this-machine.ts'

/** This process, as others find it. @param now milliseconds since 1970 */
export async function describeMyself(command: string, now: number): Promise<LockRecord> {
  const pid = process.pid
  const present = await presentFor(pid)
  return {
    host: present.host,
    bootId: present.bootId,
    machineId: present.machineId,
    pidNamespace: present.pidNamespace,
    pid,
    startTicks: present.holder.kind === 'running' ? present.holder.startTicks : '',
    command,
    since: new Date(now).toISOString(),
  }
}

/** What the machine says now of a process that was described by its number; undefined asks of none. */
export async function presentFor(pid: number | undefined): Promise<Present> {
  return {
    host: await readText('/proc/sys/kernel/hostname'),
    ...(await thisMachine()),
    pidNamespace: await readlink('/proc/self/ns/pid').catch(() => ''),
    holder: pid === undefined ? { kind: 'gone' } : await observeProcess(pid),
  }
}

/** Whether a process lives that described itself. Nothing is proven of one on another machine. */
export async function judgeProcess(record: LockRecord): Promise<DeadLock | HeldLock> {
  return decideRecord(record, await presentFor(record.pid))
}

/** Whether a process was stopped, as by SIGSTOP, and answers nobody. */
export async function isStopped(pid: number): Promise<boolean> {
  const [state] = statFields(await readText(`/proc/${pid}/stat`))
  return state === 'T' || state === 't'
}

async function observeProcess(pid: number): Promise<HolderNow> {
  const stat = await readText(`/proc/${pid}/stat`)
  if (stat === '') return exists(pid) ? { kind: 'hidden' } : { kind: 'gone' }
  const fields = statFields(stat)
  const [state, threads, startTicks] = [fields[0], fields[17], fields[19]]
  // It has ended and waits for its parent, which in a container may never ask. While it has threads one
  // of them can still be inside a system call.
  const isOver = state === 'X' || (state === 'Z' && Number(threads) <= 1)
  return isOver ? { kind: 'gone' } : { kind: 'running', startTicks: startTicks ?? '' }
}

/** Fields 3 and up of /proc/PID/stat. The command name before them is in parentheses and may hold spaces (proc(5)). */
function statFields(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** By asking whether it could be sent a signal; one of another user says no, and so that it is there. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH'
  }
}
