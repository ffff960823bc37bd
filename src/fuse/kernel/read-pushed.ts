/** The content of a file that is sent before it is asked for. The kernel keeps it for good, so it has to be the right one. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { RawStatus } from '../../catalog/raw-status.ts'
import { type BytePath, joinPath, systemPath } from '../../model/entry-name.ts'
import type { PushedFile } from './thread-messages.ts'
import type { SystemLibrary } from './system-library.ts'

/** Larger files are read by whoever wants them. */
export const PUSH_LIMIT_BYTES = 64 * 1024

/** Reads files of one directory, then of another one. */
export interface ReadPushed {
  /** @param directory undefined where each file has its path */
  enter(directory: BytePath | undefined): void
  /**
   * Reads the whole of a file.
   * @returns how long it is; undefined when it is empty or larger, cannot be read, or its path has come to hold another:
   *   whoever reads it is told
   */
  read(file: PushedFile): number | undefined
  leave(): void
}

/** By Node. @param at a place of the buffer with room for `PUSH_LIMIT_BYTES` */
export function readByNode(buffer: Buffer, at: number): ReadPushed {
  let inside: BytePath | undefined
  const read = ({ name, inode, birth, device }: PushedFile): number | undefined => {
    let descriptor: number | undefined
    try {
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
      const path = isPath(name) || inside === undefined ? name : joinPath(inside, name)
      descriptor = openSync(systemPath(path as BytePath), flags)
      const status = fstatSync(descriptor, { bigint: true })
      const isSame =
        status.isFile() &&
        status.ino === BigInt(inode) &&
        status.dev === device &&
        Number(status.birthtimeNs / 1000n) === birth
      const size = Number(status.size)
      if (!isSame || !canBePushed(size)) return undefined
      return readSync(descriptor, buffer, at, size, 0) === size ? size : undefined
    } catch {
      return undefined
    } finally {
      if (descriptor !== undefined) closeSync(descriptor)
    }
  }
  const enter = (directory: BytePath | undefined): void => {
    inside = directory
  }
  return { enter, read, leave: () => enter(undefined) }
}

/** The same in half the time, which is what decides whether the reader is there first. */
export function readQuickly(
  { filesInto }: Pick<SystemLibrary, 'filesInto'>,
  buffer: Buffer,
  at: number,
): ReadPushed {
  const status = new RawStatus()
  const files = filesInto(status.bytes, buffer)
  let inside = -1
  const readOpened = (
    descriptor: number,
    { inode, birth, device }: PushedFile,
  ): number | undefined => {
    if (files.status(descriptor) !== 0) return undefined
    const isSame =
      status.kind === 'file' &&
      status.inodeKey === inode &&
      status.device === device &&
      status.birth === birth
    const size = status.sizeBytes
    if (!isSame || !canBePushed(size)) return undefined
    return files.read(descriptor, at, size) === size ? size : undefined
  }
  return {
    enter: (directory) => {
      inside = directory === undefined ? -1 : files.enter(directory)
    },
    read: (file) => {
      const descriptor = files.open(inside, file.name)
      if (descriptor < 0) return undefined
      const size = readOpened(descriptor, file)
      files.close(descriptor)
      return size
    },
    leave: () => {
      if (inside >= 0) files.close(inside)
      inside = -1
    },
  }
}

function isPath(name: string): boolean {
  return name.startsWith('/')
}

function canBePushed(size: number): boolean {
  return size > 0 && size <= PUSH_LIMIT_BYTES
}
