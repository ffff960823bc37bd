/**
 * Writing down that a source was found unchanged: a line is added to the file of the snapshot it equals, beside the
 * snapshot and never in it. The caller holds the lock.
 */
import { constants } from 'node:fs'
import { chmod, type FileHandle, lstat, mkdir, open } from 'node:fs/promises'
import { systemErrorCode } from '../errors/system-error.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import {
  encodeVerification,
  type Verification,
  VERIFICATIONS_LIMIT_BYTES,
} from '../model/verification.ts'
import {
  seriesDirectory,
  type SeriesPlace,
  verificationsDirectory,
  verificationsFile,
} from './layout.ts'
import { syncDirectory } from './staged-snapshot.ts'

/** More than any line takes. */
const LINE_LIMIT_BYTES = 4096

/** Whether the file of a snapshot takes one more line. A snapshot that is verified so often is due for another one. */
export async function hasRoomForVerification(place: SeriesPlace, id: SnapshotId): Promise<boolean> {
  try {
    const status = await lstat(verificationsFile(place, id))
    return status.isFile() && status.size + LINE_LIMIT_BYTES <= VERIFICATIONS_LIMIT_BYTES
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return true
    throw error
  }
}

/**
 * Adds a line, and returns when it is on the disk. Whenever this ends, there is the whole line or none that is read.
 * @throws the operating system's error; then the file is as it was, as far as the disk lets it
 */
export async function appendVerification(
  place: SeriesPlace,
  id: SnapshotId,
  verification: Verification,
): Promise<void> {
  await makeDirectory(place)
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants
  {
    await using file = await open(
      verificationsFile(place, id),
      O_RDWR | O_CREAT | O_NOFOLLOW,
      0o600,
    )
    const end = await endOfLastLine(file)
    await file.truncate(end)
    try {
      await writeAll(file, Buffer.from(encodeVerification(verification)), end)
      await file.sync()
    } catch (error) {
      await file.truncate(end).catch(() => undefined)
      throw error
    }
  }
  await syncDirectory(verificationsDirectory(place))
}

async function makeDirectory(place: SeriesPlace): Promise<void> {
  const directory = verificationsDirectory(place)
  try {
    await mkdir(directory, { mode: 0o700 })
    await chmod(directory, 0o700)
    await syncDirectory(seriesDirectory(place))
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  }
}

/** What follows was not finished. */
async function endOfLastLine(file: FileHandle): Promise<number> {
  let { size: end } = await file.stat()
  const piece = Buffer.alloc(LINE_LIMIT_BYTES)
  while (end > 0) {
    const start = Math.max(0, end - piece.length)
    const { bytesRead } = await file.read(piece, 0, end - start, start)
    const last = piece.subarray(0, bytesRead).lastIndexOf('\n')
    if (last !== -1) return start + last + 1
    end = start
  }
  return 0
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const result = await file.write(bytes, written, bytes.length - written, position + written)
    written += result.bytesWritten
  }
}
