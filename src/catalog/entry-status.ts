/** What the operating system tells of an entry, as snapfs says it. */
import { type BigIntStats, type Dirent, lstatSync } from 'node:fs'
import { systemErrorCode } from '../errors/system-error.ts'
import type { Entry, EntryKind } from '../model/entry.ts'
import { type BytePath, systemPath } from '../model/entry-name.ts'

const NOT_ASCII = /[^ -~]/u

/** Tells what lies at a path, no link followed; undefined where nothing is. Throws the operating system's error. */
export type LookAt = (place: BytePath) => Entry | undefined

/** By Node alone. */
export const lookAt: LookAt = (place) => entryFrom(statusOf(place))

/** What lstat(2) tells; undefined where nothing is. */
export function statusOf(path: BytePath): BigIntStats | undefined {
  try {
    // Text is passed faster than bytes; where all of it is ASCII the two are one.
    const place = NOT_ASCII.test(path) ? systemPath(path) : path
    return lstatSync(place, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    undefinedIfAbsent(error)
    return
  }
}

/** A name no file system can hold is as absent as one it does not. */
export function undefinedIfAbsent(error: unknown): undefined {
  const code = systemErrorCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'EINVAL') {
    return undefined
  }
  throw error
}

export function entryFrom(status: BigIntStats | undefined): Entry | undefined {
  if (status === undefined) return undefined
  return {
    kind: kindOf(status),
    mode: Number(status.mode & 0o7777n),
    owner: Number(status.uid),
    group: Number(status.gid),
    sizeBytes: Number(status.size),
    blocks512: Number(status.blocks),
    linkCount: Number(status.nlink),
    deviceNumber: Number(status.rdev),
    modifiedNs: status.mtimeNs,
    changedNs: status.ctimeNs,
    device: status.dev,
    inode: status.ino,
    birthNs: status.birthtimeNs,
  }
}

export function kindOf(status: BigIntStats | Dirent): EntryKind {
  if (status.isFile()) return 'file'
  if (status.isDirectory()) return 'directory'
  if (status.isSymbolicLink()) return 'symlink'
  if (status.isFIFO()) return 'fifo'
  if (status.isSocket()) return 'socket'
  if (status.isCharacterDevice()) return 'character-device'
  return 'block-device'
}
