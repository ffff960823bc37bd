/**
 * Whether a file system has the room that must be free before a backup begins. A disk that is filled to the last
 * byte is in everybody's way, and with a handful of inodes left rsync 3.5.0 waits for itself for ever.
 */
import { statfs } from 'node:fs/promises'
import type { Floor, Floors } from '../model/floor.ts'

/** One hundredth of a file system, but not more than this: a hundredth of a large disk is a lot. */
const DEFAULT_SHARE = 0.01
const DEFAULT_BYTES = 100 * 1024 * 1024
/** So many new entries are a small run. */
const DEFAULT_INODES = 10_000

export interface Room {
  readonly totalBytes: number
  readonly freeBytes: number
  /** 0 where the file system does not count them, as btrfs. */
  readonly totalInodes: number
  readonly freeInodes: number
}

export interface RoomShortage {
  readonly what: 'space' | 'inodes'
  readonly free: number
  readonly total: number
  /** What must be free. */
  readonly floor: number
}

/**
 * The room on the file system of a path, as df shows it. What ext4 reserves for root counts as used for root too:
 * it is there for the system, and a further part of what is free nobody can use at all.
 * @throws the operating system's error
 */
export async function readRoom(path: string): Promise<Room> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path)
  return {
    totalBytes: blocks * bsize,
    freeBytes: bavail * bsize,
    totalInodes: files,
    freeInodes: ffree,
  }
}

/** What there is too little of, if anything. Pure. */
export function findShortage(room: Room, floors: Floors): RoomShortage | undefined {
  const { totalBytes, freeBytes, totalInodes, freeInodes } = room
  const inodesFloor = floorOf(totalInodes, floors.inodes, DEFAULT_INODES)
  if (totalInodes > 0 && freeInodes < inodesFloor) {
    return { what: 'inodes', free: freeInodes, total: totalInodes, floor: inodesFloor }
  }
  const bytesFloor = floorOf(totalBytes, floors.bytes, DEFAULT_BYTES)
  if (totalBytes > 0 && freeBytes < bytesFloor) {
    return { what: 'space', free: freeBytes, total: totalBytes, floor: bytesFloor }
  }
  return undefined
}

function floorOf(total: number, floor: Floor | undefined, most: number): number {
  switch (floor?.kind) {
    case undefined:
      return Math.min(Math.ceil(total * DEFAULT_SHARE), most)
    case 'share':
      return Math.ceil(total * floor.share)
    case 'amount':
      return floor.amount
    case 'off':
      return 0
  }
}
