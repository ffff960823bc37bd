/** The guard for the repository's file system: no backup begins where it would end for want of room. */
import { readdir } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { readMountTable } from '../fuse/mount-table.ts'
import { bytePathFromText, printableName } from '../model/entry-name.ts'
import { bytesText, countText } from '../model/figures.ts'
import type { Floors } from '../model/floor.ts'
import { mountAround } from '../model/mount-around.ts'
import { findShortage, readRoom, type RoomShortage } from '../repository/free-room.ts'
import { incomingDirectory, type SeriesPlace } from '../repository/layout.ts'
import { type Leftover, removeLeftovers } from '../repository/leftovers.ts'

export interface RoomQuestion {
  readonly place: SeriesPlace
  readonly floors: Floors
}

/**
 * Looked at before the lock is taken, so that nothing at all is written. While something lies there that an
 * interrupted run left, that may be what fills the disk; then it is looked at under the lock alone.
 * @throws SnapfsError DESTINATION_FULL when less is free than must be
 */
export async function refuseWithoutRoomEarly(question: RoomQuestion): Promise<void> {
  const names = await readdir(incomingDirectory(question.place)).catch(() => [])
  if (names.length === 0) await refuseWithoutRoom(question)
}

/**
 * Looked at under the lock. A run that goes on where one ended takes its space over, so it may need none; but it
 * needs an inode for each directory, and without any rsync waits for ever, so then all is begun anew.
 * @returns the interrupted runs that can be gone on with; others are removed
 * @throws SnapfsError DESTINATION_FULL
 */
export async function makeSureOfRoom(
  question: RoomQuestion,
  leftovers: readonly Leftover[],
): Promise<readonly Leftover[]> {
  const shortage = findShortage(await readRoom(question.place.repository), question.floors)
  if (shortage === undefined || (shortage.what === 'space' && leftovers.length > 0))
    return leftovers
  await removeLeftovers(leftovers)
  await refuseWithoutRoom(question)
  return []
}

/** @throws SnapfsError DESTINATION_FULL when less is free than must be */
export async function refuseWithoutRoom({ place, floors }: RoomQuestion): Promise<void> {
  const shortage = findShortage(await readRoom(place.repository), floors)
  if (shortage === undefined) return
  const mount = mountAround(await readMountTable(), bytePathFromText(place.repository))
  const fileSystem =
    mount === undefined
      ? ''
      : ` (${printableName(mount.source)} on ${printableName(mount.mountpoint)})`
  const { message, hint } = shortageWords(`${place.repository}${fileSystem}`, shortage)
  throw new SnapfsError('DESTINATION_FULL', message, { hint })
}

function shortageWords(
  repository: string,
  { what, free, total, floor }: RoomShortage,
): { readonly message: string; readonly hint: string } {
  const beginning = `The file system of the repository ${repository} has too`
  switch (what) {
    case 'space':
      return {
        message: `${beginning} little space: ${bytesText(free)} of ${bytesText(total)} are free, and a backup begins with ${bytesText(floor)} at least.`,
        hint: 'Nothing was written. Make room there, or set another floor: min_free in the configuration, --min-free for one run.',
      }
    case 'inodes':
      return {
        message: `${beginning} few inodes: ${countText(free)} of ${countText(total)} are free, and a backup begins with ${countText(floor)} at least.`,
        hint: 'Nothing was written. Make room there by removing files, or set another floor: min_free_inodes in the configuration, --min-free-inodes for one run.',
      }
  }
}
