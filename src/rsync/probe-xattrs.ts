/**
 * Whether a file system keeps extended attributes. Node cannot set any, but `rsync --fake-super` stores
 * a mode that would lock its owner out in one, so copying a read-only file is a test.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { DEFAULT_STALL_MS } from '../model/stall-limit.ts'
import { type RsyncEnd, transferOutcome } from './outcome.ts'
import { runRsync } from './run-rsync.ts'

/**
 * @param parent a directory of the file system in question; what is made there is removed again
 * @throws SnapfsError when the attempt failed for another reason: a disk that is full for a moment must not
 *   make a snapshot without attributes
 */
export async function probeXattrs(
  parent: string,
  signal: AbortSignal,
  stallMs: number = DEFAULT_STALL_MS,
): Promise<boolean> {
  const directory = await mkdtemp(`${parent}/.probe-`)
  try {
    await writeFile(`${directory}/from`, '', { mode: 0o400 })
    const end = await runRsync({
      arguments: ['--perms', '--fake-super', '--', `${directory}/from`, `${directory}/to`],
      signal,
      stallMs,
      onLine: () => undefined,
    })
    return signal.aborted || keepsXattrs(end)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** How a file system says that it has no extended attributes, or not for us. */
const REFUSAL =
  /: (?:Operation not supported|Function not implemented|Operation not permitted|Permission denied|Invalid argument) \(\d+\)$/u

/** What the attempt tells. Pure. @throws SnapfsError when it tells nothing */
export function keepsXattrs(end: RsyncEnd): boolean {
  if (end.exitCode === 0) return true
  if (end.messages.some((line) => REFUSAL.test(line))) return false
  const outcome = transferOutcome(end)
  if (outcome.kind === 'failed') {
    const { code, message, hint, details } = outcome
    throw new SnapfsError(code, message, { hint, details })
  }
  throw new SnapfsError(
    'RSYNC_FAILED',
    'rsync could not find out whether the repository keeps extended attributes.',
    { hint: 'Nothing was published. Remove the cause and run again.', details: end.messages },
  )
}
