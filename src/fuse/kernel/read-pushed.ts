/** The content of a file that is sent before it is asked for. The kernel keeps it for good, so it has to be the right one. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { systemPath } from '../../model/entry-name.ts'
import type { PushedFile } from './read-answers.ts'

/** Larger files are read by whoever wants them. */
export const PUSH_LIMIT_BYTES = 64 * 1024

/**
 * Reads the whole of a file to a place of a buffer, which has room for `PUSH_LIMIT_BYTES` there.
 * @returns how long it is; undefined when it is empty or larger, cannot be read, or its path has come to hold another:
 *   whoever reads it is told
 */
export function readPushed(
  { path, inode, birth, device }: PushedFile,
  buffer: Buffer,
  at: number,
): number | undefined {
  let descriptor: number | undefined
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    descriptor = openSync(systemPath(path), flags)
    const status = fstatSync(descriptor, { bigint: true })
    const isSame =
      status.isFile() &&
      status.ino === BigInt(inode) &&
      status.dev === device &&
      Number(status.birthtimeNs / 1000n) === birth
    if (!isSame || status.size === 0n || status.size > PUSH_LIMIT_BYTES) return undefined
    const size = Number(status.size)
    return readSync(descriptor, buffer, at, size, 0) === size ? size : undefined
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
