/**
 * From a file as it lies in its place, or anywhere in a mount, to the directory of its versions. Asks the
 * records of the mounts and not the repository, since somebody waits before a menu.
 */
import { lstat, readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import { probeMount } from '../fuse/probe-mount.ts'
import { type MountStatus, mountStatuses, type ShownMount } from './status.ts'

interface Mount extends ShownMount {
  readonly mountpoint: string
  readonly state: MountStatus['state']
}

/** An entry of a source in a mount. */
interface Place {
  readonly mount: Mount
  /** Of its profile; with several, each has a directory of its own. */
  readonly top: string
  /** From the source down to it. */
  readonly path: readonly string[]
}

/**
 * @param path absolute
 * @returns a directory in a mount
 * @throws SnapfsError when no mount shows it, it was never backed up, or the mount does not answer
 */
export async function findVersions(path: string, stateDirectory: string): Promise<string> {
  const mounts = await shownMounts(stateDirectory)
  const real = await realPathOf(path)
  const inside = mounts.find(({ mountpoint }) => isBelow(real, mountpoint))
  const place = inside === undefined ? placeOfSource(mounts, real) : await placeIn(inside, real)
  if (place === undefined) throw notShown(path, mounts, inside)
  if (inside === undefined) await checkAnswers(place.mount)
  const found = await directoryAt(join(place.top, 'by-file', ...place.path))
  if (found !== undefined) return found
  throw new SnapfsError('USAGE', `${path} is in no snapshot.`, {
    hint: 'It may be new, or left out. "snapfs backup --explain PATH" says what the next backup does with it.',
  })
}

async function shownMounts(stateDirectory: string): Promise<readonly Mount[]> {
  return (await mountStatuses(stateDirectory)).flatMap(({ mountpoint, shown, state }) =>
    shown === undefined || state === 'dead'
      ? []
      : [{ ...shown, state, mountpoint: Buffer.from(mountpoint, 'latin1').toString('utf8') }],
  )
}

/** Of what is there; a file that was deleted has only the directory it was in, or that above. */
async function realPathOf(path: string): Promise<string> {
  // A symbolic link has versions itself, so only what is above it is followed.
  const [directory, name] = [dirname(path), basename(path)]
  if (directory === path) return path
  try {
    return join(await realpath(directory), name)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return join(await realPathOf(directory), name)
    throw new SnapfsError('USAGE', `${path} cannot be reached: ${messageOf(error)}.`, {
      cause: error,
    })
  }
}

/** The profile with the innermost source above it. */
function placeOfSource(mounts: readonly Mount[], path: string): Place | undefined {
  const places = mounts.flatMap((mount) =>
    Object.entries(mount.sources)
      .filter(([, source]) => path === source || isBelow(path, source))
      .map(([profile, source]) => ({ mount, profile, source })),
  )
  const [best] = places.sort((one, other) => other.source.length - one.source.length)
  if (best === undefined) return undefined
  const below = path.slice(best.source.length).split(sep).filter(Boolean)
  return { mount: best.mount, top: topOf(best.mount, best.profile), path: below }
}

/** Undefined for what only a mount has. */
async function placeIn(mount: Mount, path: string): Promise<Place | undefined> {
  await checkAnswers(mount)
  const parts = path.slice(mount.mountpoint.length).split(sep).filter(Boolean)
  const [profile] = mount.profiles.length === 1 ? mount.profiles : parts.splice(0, 1)
  if (profile === undefined) return undefined
  const top = topOf(mount, profile)
  const [view, ...rest] = parts
  const above = await levelsAbove(view, top)
  if (above === undefined || rest.length < above) return undefined
  return { mount, top, path: rest.slice(above) }
}

function topOf({ mountpoint, profiles }: Mount, profile: string): string {
  return profiles.length === 1 ? mountpoint : join(mountpoint, profile)
}

/** How many names of a view come before those of the source. */
async function levelsAbove(view: string | undefined, top: string): Promise<number | undefined> {
  switch (view) {
    case 'by-file':
    case 'deleted':
      return 0
    case 'by-date':
      return levelsOfDates(top)
    case 'changes':
      // Then what was added, modified or deleted.
      return (await levelsOfDates(top)) + 1
    default:
      return undefined
  }
}

/** A date may have several: where the link to the newest leads tells. */
async function levelsOfDates(top: string): Promise<number> {
  const latest = await readlink(join(top, 'by-date/latest')).catch(undefinedIfAbsent)
  return latest?.split(sep).length ?? 1
}

/** A version lies in the directory of its versions. */
async function directoryAt(path: string): Promise<string | undefined> {
  const status = await lstat(path).catch(undefinedIfAbsent)
  if (status === undefined) return undefined
  return status.isDirectory() ? path : dirname(path)
}

function undefinedIfAbsent(error: unknown): undefined {
  const code = systemErrorCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
  throw new SnapfsError('MOUNT_FAILED', `The mount cannot be read: ${messageOf(error)}.`, {
    cause: error,
  })
}

async function checkAnswers({ mountpoint, state, pid }: Mount): Promise<void> {
  const answer = state === 'stopped' ? 'silent' : await probeMount(mountpoint)
  if (answer === 'answers') return
  throw new SnapfsError('MOUNT_FAILED', `The mount on ${mountpoint} does not answer.`, {
    hint:
      answer === 'dead'
        ? 'Its process has ended; mount it again.'
        : `Its process ${pid} is stopped, or waits for a disk.`,
  })
}

function notShown(path: string, mounts: readonly Mount[], inside: Mount | undefined): SnapfsError {
  if (inside !== undefined) {
    return new SnapfsError('USAGE', `${path} is not a file of a snapshot.`, {
      hint: 'Choose something in by-date, by-file, deleted or changes.',
    })
  }
  const sources = mounts.flatMap((mount) => Object.values(mount.sources))
  return new SnapfsError('USAGE', `No mount shows the history of ${path}.`, {
    hint:
      sources.length === 0
        ? 'Mount your snapshots first: snapfs mount ~/history'
        : `What is mounted shows ${sources.join(', ')}.`,
  })
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory === sep ? sep : `${directory}${sep}`)
}
