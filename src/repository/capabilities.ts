/** What a file system can keep, found out by trying, since neither its name nor its options tell. */
import { chmod, chown, link, lstat, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import { setTime } from './set-time.ts'

export interface Capabilities {
  readonly hardLinks: boolean
  readonly symlinks: boolean
  readonly modes: boolean
  /** Undefined where it cannot be tried, because we are not root. */
  readonly owners: boolean | undefined
  readonly nanoseconds: boolean
  readonly caseSensitive: boolean
  /** Names with bytes that are not UTF-8, and the characters Windows forbids. */
  readonly anyName: boolean
}

/** An owner nobody is likely to have; the file is ours again at once, and then gone. */
const TRIAL_OWNER = 61_234
/** For touch, and what it is in nanoseconds. */
const TRIAL_TIME = '@1234567890.123456789'
const TRIAL_TIME_NS = 1_234_567_890_123_456_789n

/**
 * Tries everything in a fresh directory below `parent`, which it removes again.
 * @throws the operating system's error when not even a plain file can be written
 */
export async function probeCapabilities(parent: string, asRoot: boolean): Promise<Capabilities> {
  const directory = await mkdtemp(`${parent}/.probe-`)
  try {
    const file = `${directory}/file`
    await writeFile(file, '', { mode: 0o600 })
    const capabilities = {
      hardLinks: await holds(async () => {
        await link(file, `${directory}/link`)
        const [left, right] = await Promise.all([lstat(file), lstat(`${directory}/link`)])
        return left.ino === right.ino && left.nlink === 2
      }),
      symlinks: await holds(async () => {
        await symlink('file', `${directory}/symlink`)
        return (await lstat(`${directory}/symlink`)).isSymbolicLink()
      }),
      modes: await holds(async () => {
        await chmod(file, 0o640)
        const first = (await lstat(file)).mode & 0o777
        await chmod(file, 0o600)
        return first === 0o640 && ((await lstat(file)).mode & 0o777) === 0o600
      }),
      owners: asRoot
        ? await holds(async () => {
            await chown(file, TRIAL_OWNER, TRIAL_OWNER)
            const { uid, gid } = await lstat(file)
            await chown(file, 0, 0)
            return uid === TRIAL_OWNER && gid === TRIAL_OWNER
          })
        : undefined,
      nanoseconds: await holds(() => keepsNanoseconds(file)),
      caseSensitive: await holds(async () => {
        await writeFile(`${directory}/Case`, '', { flag: 'wx' })
        await writeFile(`${directory}/case`, '', { flag: 'wx' })
        return true
      }),
      anyName: await holds(async () => {
        const name = Buffer.from(`${directory}/a:b?\u00ff`, 'latin1')
        await writeFile(name, '', { flag: 'wx' })
        return true
      }),
    }
    // What was tried on a disk that was taken away meanwhile tells nothing of it.
    await lstat(file)
    return capabilities
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/**
 * Node 20 sets times by the microsecond only. The file system's own stamps tell at once in 99 of 100 cases: those of one that
 * counts in nanoseconds do not end in 00 (NTFS counts in hundreds). But they are those of the kernel's ticks, which
 * keep their last digits for half a second and more (measured, Linux 6.18), so a stamp that does tells nothing, and
 * a time is set that does not.
 * @param stampOf writes to a file, and tells the time the file system gave that, in nanoseconds
 */
export async function keepsNanoseconds(
  file: string,
  stampOf: (file: string) => Promise<bigint> = stampOfWriting,
): Promise<boolean> {
  if ((await stampOf(file)) % 100n !== 0n) return true
  await setTime(file, TRIAL_TIME)
  return (await lstat(file, { bigint: true })).mtimeNs === TRIAL_TIME_NS
}

async function stampOfWriting(file: string): Promise<bigint> {
  await writeFile(file, 'written')
  return (await lstat(file, { bigint: true })).mtimeNs
}

/** An operation the file system refuses is an answer; a full or failing disk is not. */
async function holds(trial: () => Promise<boolean>): Promise<boolean> {
  try {
    return await trial()
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === undefined || ['ENOSPC', 'EDQUOT', 'EROFS', 'ENOENT'].includes(code)) {
      if (code === 'ENOENT') return false
      throw error
    }
    return false
  }
}

/** What a backup to such a file system loses, as sentences; empty when nothing. */
export function lossesOf(capabilities: Capabilities, xattrs: boolean): string[] {
  const losses: string[] = []
  if (!capabilities.symlinks) losses.push('Symbolic links cannot be stored.')
  if (!capabilities.modes) losses.push('Permissions cannot be stored.')
  if (capabilities.owners === false) losses.push('Owners and groups cannot be stored.')
  if (!capabilities.nanoseconds) {
    losses.push('Times are not stored to the nanosecond.')
  }
  if (!capabilities.caseSensitive) {
    losses.push('Names that differ only in case would overwrite one another.')
  }
  if (!capabilities.anyName) losses.push('Some names cannot be stored (":", "?", not UTF-8).')
  if (!xattrs) losses.push('Extended attributes and access control lists cannot be stored.')
  return losses
}
