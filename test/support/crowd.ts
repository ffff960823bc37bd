/** Inodes that have many names. */
import { linkSync, mkdirSync, statSync } from 'node:fs'

/** How many links an inode has on ext4 at most (fs/ext4/ext4.h). */
export const EXT4_LINKS = 65_000

/**
 * Gives a file other names, as a thousand snapshots would.
 * @param limit how many it has then
 * @param room where they are made
 */
export function crowd(file: string, room: string, limit: number): void {
  const { ino, nlink } = statSync(file)
  mkdirSync(room, { recursive: true })
  for (let links = nlink; links < limit; links += 1) linkSync(file, `${room}/${ino} ${links}`)
}
