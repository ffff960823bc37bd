/**
 * One writer per series. The lock is a file that says who holds it; it appears with its content in one
 * step (written aside, then linked), so that nobody ever reads half of it.
 */
import { link, open, readFile, readlink, rm, unlink } from 'node:fs/promises'
import * as v from 'valibot'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { systemErrorCode } from '../errors/system-error.ts'
import { lockFile, type SeriesPlace } from './layout.ts'

const recordSchema = v.object({
  host: v.string(),
  /** Differs between machines and between boots of one machine. */
  bootId: v.string(),
  /** Stays the same over boots of one machine; tells a reboot from another machine. */
  machineId: v.string(),
  /** Process ids mean nothing outside their namespace (containers). */
  pidNamespace: v.string(),
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Field 22 of /proc/PID/stat: tells a process from a later one with its number. */
  startTicks: v.string(),
  command: v.string(),
  /** RFC 3339, UTC. */
  since: v.string(),
})
export type LockRecord = v.InferOutput<typeof recordSchema>

export interface Lock {
  /** Gives the lock back. Does nothing the second time. */
  release(): Promise<void>
}

/** What `decideLock` is told of the present machine. */
export interface Present {
  readonly bootId: string
  readonly machineId: string
  readonly pidNamespace: string
  /** Start of the process that has the recorded pid now, or undefined when there is none. */
  readonly startTicksOfPid: string | undefined
}

/** Whether a lock that is there still counts. Only proof of death breaks it; age never does. */
export function decideLock(record: LockRecord, present: Present): 'held' | 'dead' {
  if (record.bootId !== present.bootId) {
    const sameMachine = record.machineId !== '' && record.machineId === present.machineId
    return sameMachine ? 'dead' : 'held'
  }
  if (record.pidNamespace !== present.pidNamespace) return 'held'
  return record.startTicks === present.startTicksOfPid ? 'held' : 'dead'
}

/**
 * Takes the lock of a series.
 * @param now milliseconds since 1970
 * @throws SnapfsError LOCKED, saying who holds it and since when
 */
export async function takeLock(place: SeriesPlace, command: string, now: number): Promise<Lock> {
  const file = lockFile(place)
  const mine = await describeMyself(command, now)
  const draft = `${file}.${mine.pid}.${mine.startTicks}`
  try {
    await writeDraft(draft, mine)
    if (!(await linkUnlessThere(draft, file))) {
      await breakIfDead(file, place, draft)
      if (!(await linkUnlessThere(draft, file))) throw lockedBy(await readRecord(file), place, file)
    }
  } finally {
    await rm(draft, { force: true })
  }
  let held = true
  return {
    async release() {
      if (!held) return
      held = false
      // Somebody may have removed the file by hand, as the message to a second user allows.
      const record = await readRecord(file)
      if (typeof record === 'object' && isSame(record, mine)) await unlink(file)
    },
  }
}

/** On the disk before it counts: a lock that a power cut left empty could not say whose it was. */
async function writeDraft(draft: string, record: LockRecord): Promise<void> {
  await using handle = await open(draft, 'w', 0o600)
  await handle.writeFile(`${JSON.stringify(record, undefined, 2)}\n`)
  await handle.sync()
}

async function linkUnlessThere(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false
    throw error
  }
}

/**
 * Removes the lock of a dead holder. Only one process at a time may do so, and it looks again when it is
 * the one: else two could see the same dead lock, and the second would remove the live one of the first.
 */
async function breakIfDead(file: string, place: SeriesPlace, draft: string): Promise<void> {
  const record = await requireDead(file, place)
  if (record === undefined) return
  const breaking = `${file}.breaking`
  if (!(await linkUnlessThere(draft, breaking))) {
    const other = await readRecord(breaking)
    const died =
      typeof other === 'object' && decideLock(other, await presentFor(other.pid)) === 'dead'
    if (died) await unlink(breaking)
    throw lockedBy(died ? 'absent' : other, place, breaking)
  }
  try {
    if ((await requireDead(file, place)) !== undefined) await unlink(file)
  } finally {
    await unlink(breaking)
  }
}

/** The record of a dead holder, or undefined when there is no lock. @throws SnapfsError when it counts */
async function requireDead(file: string, place: SeriesPlace): Promise<LockRecord | undefined> {
  const record = await readRecord(file)
  if (record === 'absent') return undefined
  if (record === 'garbage' || decideLock(record, await presentFor(record.pid)) === 'held') {
    throw lockedBy(record, place, file)
  }
  return record
}

function isSame(left: LockRecord, right: LockRecord): boolean {
  return (
    left.pid === right.pid &&
    left.startTicks === right.startTicks &&
    left.bootId === right.bootId &&
    left.pidNamespace === right.pidNamespace
  )
}

async function readRecord(file: string): Promise<LockRecord | 'absent' | 'garbage'> {
  let text: string
  try {
    text = (await readFile(file, 'utf8')).slice(0, 64 * 1024)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 'absent'
    throw error
  }
  try {
    return v.parse(recordSchema, JSON.parse(text))
  } catch {
    return 'garbage'
  }
}

function lockedBy(
  record: LockRecord | 'absent' | 'garbage',
  place: SeriesPlace,
  file: string,
): SnapfsError {
  if (record === 'absent') {
    return new SnapfsError('LOCKED', `Another snapfs works on "${place.profile}".`, {
      hint: 'Try again.',
    })
  }
  if (record === 'garbage') {
    return new SnapfsError('LOCKED', `The lock ${file} is unreadable, so its holder is unknown.`, {
      hint: 'When no snapfs is running on any machine that uses this repository, remove the file.',
    })
  }
  return new SnapfsError(
    'LOCKED',
    `Another snapfs works on "${place.profile}": ${record.command}, process ${record.pid} on ${record.host}, since ${record.since}.`,
    { hint: 'Wait for it to end. If that machine is gone for good, remove the file ' + file + '.' },
  )
}

async function describeMyself(command: string, now: number): Promise<LockRecord> {
  const pid = process.pid
  const present = await presentFor(pid)
  return {
    host: (await readText('/proc/sys/kernel/hostname')) || 'unknown',
    bootId: present.bootId,
    machineId: present.machineId,
    pidNamespace: present.pidNamespace,
    pid,
    startTicks: present.startTicksOfPid ?? '',
    command,
    since: new Date(now).toISOString(),
  }
}

async function presentFor(pid: number): Promise<Present> {
  const stat = await readText(`/proc/${pid}/stat`)
  // The command name is in parentheses and may hold spaces; field 22 is the 20th after it (proc(5)).
  const startTicks = stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return {
    bootId: await readText('/proc/sys/kernel/random/boot_id'),
    machineId: await readText('/etc/machine-id'),
    pidNamespace: await readlink('/proc/self/ns/pid').catch(() => ''),
    startTicksOfPid: startTicks,
  }
}

/** A file of the kernel, trimmed; empty when it cannot be read. */
async function readText(file: string): Promise<string> {
  return (await readFile(file, 'utf8').catch(() => '')).trim()
}
