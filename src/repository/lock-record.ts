/**
 * What a lock file holds, and reading one. The file is foreign text: it may be anything, of any size, of
 * anybody, and whatever it is becomes a value.
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import * as v from 'valibot'
import { systemErrorCode } from '../errors/system-error.ts'

/** A lock is some 400 bytes. What is larger is not one, and is not read. */
const LOCK_LIMIT_BYTES = 16 * 1024

/** Long enough for a host name (64) and an id; short enough to stand in a sentence. */
const word = v.pipe(v.string(), v.maxLength(255))

/** Of a process. */
export const lockRecordSchema = v.object({
  host: word,
  /** Differs between machines and between boots of one machine. */
  bootId: word,
  /** Stays the same over boots of one machine; tells a reboot from another machine. */
  machineId: word,
  /** Process ids mean nothing outside their namespace (containers). */
  pidNamespace: word,
  /** At most PID_MAX_LIMIT of the kernel. */
  pid: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4_194_304)),
  /** Field 22 of /proc/PID/stat: tells a process from a later one with its number. */
  startTicks: word,
  command: word,
  /** RFC 3339, UTC. */
  since: v.pipe(
    word,
    v.isoTimestamp(),
    v.check((text) => !Number.isNaN(Date.parse(text))),
  ),
})
export type LockRecord = v.InferOutput<typeof lockRecordSchema>

/** Why a lock that is there does not tell whose it is. */
export type Illegibility =
  | 'empty'
  | 'garbage'
  | 'huge'
  /** It belongs to another user, and may not be read. */
  | 'forbidden'
  | 'directory'
  | 'link'
  /** A device, a pipe or a socket. */
  | 'special'

export type LockReading =
  | { readonly kind: 'absent' }
  | { readonly kind: 'record'; readonly record: LockRecord }
  | { readonly kind: 'illegible'; readonly reason: Illegibility }

export function encodeLock(record: LockRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`
}

/** Never throws: the text is foreign. */
export function decodeLock(text: string): LockReading {
  if (text.trim() === '') return illegible('empty')
  try {
    return { kind: 'record', record: v.parse(lockRecordSchema, JSON.parse(text)) }
  } catch {
    return illegible('garbage')
  }
}

/** Whose lock it is, as a word for a file name. Two holders never have the same. */
export function lockIdentity(record: LockRecord): string {
  const { host, bootId, machineId, pidNamespace, pid, startTicks, since } = record
  return createHash('sha256')
    .update(JSON.stringify([host, bootId, machineId, pidNamespace, pid, startTicks, since]))
    .digest('hex')
    .slice(0, 16)
}

/** Follows no link, waits for no pipe. @throws the operating system's error when the disk fails */
export async function readLock(file: string): Promise<LockReading> {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    await using handle = await open(file, flags)
    const status = await handle.stat()
    if (status.isDirectory()) return illegible('directory')
    if (!status.isFile()) return illegible('special')
    if (status.size > LOCK_LIMIT_BYTES) return illegible('huge')
    const buffer = Buffer.alloc(LOCK_LIMIT_BYTES)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
    return decodeLock(buffer.toString('utf8', 0, bytesRead))
  } catch (error) {
    switch (systemErrorCode(error)) {
      case 'ENOENT':
        return { kind: 'absent' }
      case 'EACCES':
      case 'EPERM':
        return illegible('forbidden')
      case 'ELOOP':
        return illegible('link')
      case 'ENXIO':
        return illegible('special')
      default:
        throw error
    }
  }
}

function illegible(reason: Illegibility): LockReading {
  return { kind: 'illegible', reason }
}
