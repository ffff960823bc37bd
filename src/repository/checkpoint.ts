/**
 * What of a snapshot in the making is on the disk for certain. A run that was killed is gone on with by the next,
 * which may only believe what was copied before a checkpoint: after a power cut a file can have its size and time
 * and other content (a sparse one is cut to its size before its data is on the disk).
 */
import { randomUUID } from 'node:crypto'
import { lstat, open, rename, rm } from 'node:fs/promises'
import { requireSystemErrorCode } from '../errors/system-error.ts'
import type { StagedSnapshot } from './staged-snapshot.ts'
import { syncFileSystem } from './sync-file-system.ts'

/**
 * Writes all that is staged to the disk, then notes the moment at which that began. The moment is the time of an
 * empty file that the file system itself has set, so it can be held against the ctimes of what is staged.
 * @throws SnapfsError or the operating system's error when it could not be done
 */
export async function makeCheckpoint(staged: StagedSnapshot): Promise<void> {
  // A name of its own: another may be under way, and the time of its file is not that of our sync.
  const draft = `${staged.durable}.${randomUUID()}`
  try {
    await (await open(draft, 'wx', 0o600)).close()
    await syncFileSystem(staged.directory)
    await rename(draft, staged.durable)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw error
  }
}

/** Takes the checkpoints back: nothing of the run is to be believed without looking. */
export async function forgetCheckpoints(staged: StagedSnapshot): Promise<void> {
  await rm(staged.durable, { force: true })
}

/**
 * Until when an unfinished run is on the disk for certain, in nanoseconds since 1970; 0 when nothing is.
 * @param file the `durable` of a staged snapshot
 */
export async function checkpointNs(file: string): Promise<bigint> {
  try {
    return (await lstat(file, { bigint: true })).mtimeNs
  } catch (error) {
    requireSystemErrorCode(error)
    return 0n
  }
}
