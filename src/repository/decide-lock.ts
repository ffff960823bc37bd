/** Whether a lock that is there still counts. Only proof of death breaks it; age never does. Pure. */
import type { Illegibility, LockReading, LockRecord } from './lock-record.ts'

/** What the machine says of the process id in a lock. */
export type HolderNow =
  | { readonly kind: 'gone' }
  | { readonly kind: 'running'; readonly startTicks: string }
  /** There is such a process, of another user, and /proc does not show it (mount option hidepid). */
  | { readonly kind: 'hidden' }

/** This machine, as the reader of a lock finds it. What it cannot learn is empty. */
export interface Present {
  readonly host: string
  readonly bootId: string
  readonly machineId: string
  readonly pidNamespace: string
  readonly holder: HolderNow
}

export interface DeadLock {
  readonly kind: 'dead'
  readonly record: LockRecord
  /** Its process ended, its number is another process's by now, or the machine was started anew. */
  readonly because: 'ended' | 'replaced' | 'rebooted'
}

export interface HeldLock {
  readonly kind: 'held'
  readonly record: LockRecord
  /** `unproven`: one side does not know where it is or when its process began. */
  readonly because: 'running' | 'hidden' | 'other-machine' | 'other-container' | 'unproven'
}

export interface UnknownLock {
  readonly kind: 'unknown'
  readonly because: Illegibility
}

export type LockVerdict = { readonly kind: 'free' } | DeadLock | HeldLock | UnknownLock

export function decideLock(reading: LockReading, present: Present): LockVerdict {
  switch (reading.kind) {
    case 'absent':
      return { kind: 'free' }
    case 'illegible':
      return { kind: 'unknown', because: reading.reason }
    case 'record':
      return decideRecord(reading.record, present)
  }
}

/** The same for whoever describes itself so. */
export function decideRecord(record: LockRecord, present: Present): DeadLock | HeldLock {
  const dead = (because: DeadLock['because']): DeadLock => ({ kind: 'dead', record, because })
  const held = (because: HeldLock['because']): HeldLock => ({ kind: 'held', record, because })
  if (record.bootId === '' || present.bootId === '') return held('unproven')
  if (record.bootId !== present.bootId) {
    // Clones of one machine share its id until somebody changes it; they rarely share the name too.
    const isThisMachine =
      record.machineId !== '' &&
      record.machineId === present.machineId &&
      record.host === present.host
    return isThisMachine ? dead('rebooted') : held('other-machine')
  }
  if (record.pidNamespace === '' || record.pidNamespace !== present.pidNamespace) {
    return held('other-container')
  }
  switch (present.holder.kind) {
    case 'gone':
      return dead('ended')
    case 'hidden':
      return held('hidden')
    case 'running':
      if (record.startTicks === '' || present.holder.startTicks === '') return held('unproven')
      return record.startTicks === present.holder.startTicks ? held('running') : dead('replaced')
  }
}
