/**
 * What is known of a mount beside the kernel's table: what it shows, who serves it, and where that is logged. A file
 * for each mountpoint, of the user who mounted; without it a mount works as well, and `status` knows less.
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, rename, rm, stat, writeFile } from 'node:fs/promises'
import * as v from 'valibot'
import { lockRecordSchema } from '../repository/lock-record.ts'
import { makeDirectoriesAbove } from '../repository/make-directory.ts'
import { describeMyself } from '../repository/process-record.ts'

const recordSchema = v.object({
  mountpoint: v.string(),
  repository: v.string(),
  profiles: v.pipe(v.array(v.string()), v.readonly()),
  /** The directories of this machine that the newest snapshots were made of, by profile. */
  sources: v.record(v.string(), v.string()),
  driver: v.string(),
  server: lockRecordSchema,
})
export type MountRecord = v.InferOutput<typeof recordSchema>

export interface MountFiles {
  readonly record: string
  readonly log: string
}

/** A record is some 600 bytes; a repository with a thousand profiles has more. */
const RECORD_LIMIT_BYTES = 256 * 1024
/** A log that has grown to this is put aside when the next mount begins; one older is kept. */
const LOG_LIMIT_BYTES = 1024 * 1024
/** Of the path in a file's name; the hash after it makes it unique. */
const READABLE_LIMIT = 80

/**
 * @param stateDirectory of snapfs and this user
 * @param mountpoint absolute, without symbolic links
 */
export function mountFiles(stateDirectory: string, mountpoint: string): MountFiles {
  const readable = mountpoint.replaceAll(/[^A-Za-z0-9._]+/gu, '-').replaceAll(/^-|-$/gu, '')
  const hash = createHash('sha256').update(mountpoint).digest('hex').slice(0, 8)
  const base = `${stateDirectory}/mounts/${readable.slice(0, READABLE_LIMIT)}-${hash}`
  return { record: `${base}.json`, log: `${base}.log` }
}

/** @param now milliseconds since 1970 @throws the operating system's error */
export async function writeMountRecord(
  files: MountFiles,
  shown: Omit<MountRecord, 'server'>,
  now: number,
): Promise<void> {
  await makeDirectoriesAbove(files.record)
  const record: MountRecord = { ...shown, server: await describeMyself('snapfs mount', now) }
  const draft = `${files.record}.${record.server.pid}`
  await writeFile(draft, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
  await rename(draft, files.record)
}

export async function removeMountRecord({ record }: MountFiles): Promise<void> {
  await rm(record, { force: true })
}

/** Undefined when there is none, or it is not understood: the file is foreign text. */
export async function readMountRecord({ record }: MountFiles): Promise<MountRecord | undefined> {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    await using handle = await open(record, flags)
    const status = await handle.stat()
    if (!status.isFile() || status.size > RECORD_LIMIT_BYTES) return undefined
    return v.parse(recordSchema, JSON.parse(await handle.readFile('utf8')))
  } catch {
    return undefined
  }
}

/**
 * Opens the log of a mount for the process that is to serve it.
 * @throws the operating system's error
 */
export async function openMountLog({ log }: MountFiles): ReturnType<typeof open> {
  await makeDirectoriesAbove(log)
  const size = await stat(log).then(
    (status) => status.size,
    () => 0,
  )
  if (size > LOG_LIMIT_BYTES) await rename(log, `${log}.old`)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW
  return open(log, flags, 0o600)
}
