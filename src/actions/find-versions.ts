/**
 * `snapfs open-versions`: from a file as it lies in its place, or anywhere in a mount, to the directory of its versions. Asks the
 * records of the mounts and not the repository, since somebody waits before a menu.
 */
import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CHANGES } from '../catalog/series-changes.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf, systemErrorCode } from '../errors/system-error.ts'
import { probeMount } from '../fuse/probe-mount.ts'
import { type MountStatus, mountStatuses, type ShownMount } from './status.ts'

interface Mount extends ShownMount {
  readonly mountpoint: string
  readonly state: MountStatus['state']
}

/** In a mount: the profile's own top, and the way below it. */
interface Place {
  readonly mount: Mount
  /** With several profiles each has a directory of its own. */
  readonly top: string
  readonly below: readonly string[]
}

/**
 * A path from a file manager: `file:` URIs have no characters that are special to anything.
 * @param toAbsolute for a path, which may be relative
 * @throws SnapfsError USAGE for a URI of something that is no file here
 */
export function pathFromArgument(text: string, toAbsolute: (path: string) => string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//u.exec(text)?.[1]
  if (scheme === undefined) return toAbsolute(text)
  try {
    const path = scheme === 'file' ? fileURLToPath(text) : '\0'
    if (!path.includes('\0')) return path
  } catch (error) {
    throw noFile(text, messageOf(error))
  }
  throw noFile(text)
}

function noFile(text: string, detail?: string): SnapfsError {
  return new SnapfsError('USAGE', `${text} is not a file of this machine.`, {
    hint: 'Only local files have versions in a snapshot.',
    details: detail === undefined ? [] : [detail],
  })
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
  const place = inside === undefined ? placeOfSource(mounts, real) : placeInMount(inside, real)
  if (place === undefined) throw notShown(path, mounts, inside)
  await checkAnswers(place.mount)
  const found = await containerAt(place)
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
  return { mount: best.mount, top: topOf(best.mount, best.profile), below: ['by-file', ...below] }
}

function placeInMount(mount: Mount, path: string): Place | undefined {
  const parts = path.slice(mount.mountpoint.length).split(sep).filter(Boolean)
  const [profile] = mount.profiles.length === 1 ? mount.profiles : parts.splice(0, 1)
  if (profile === undefined) return undefined
  return { mount, top: topOf(mount, profile), below: parts }
}

function topOf({ mountpoint, profiles }: Mount, profile: string): string {
  return profiles.length === 1 ? mountpoint : join(mountpoint, profile)
}

/** Undefined where there is none. */
async function containerAt({ top, below }: Place): Promise<string | undefined> {
  const [view, ...rest] = below
  switch (view) {
    case 'by-file':
      return directoryAt(join(top, ...below))
    case 'deleted':
      return directoryAt(join(top, 'by-file', ...rest))
    case 'changes': {
      const kind = rest.findIndex((name) => CHANGES.some((change) => change === name))
      return kind === -1 ? undefined : directoryAt(join(top, 'by-file', ...rest.slice(kind + 1)))
    }
    case 'by-date': {
      // The names of dates may have several levels; in a snapshot every directory has this link.
      const path = join(top, ...below)
      const container = join(dirname(path), '.history', basename(path))
      return realpath(container).then(directoryAt, undefinedIfAbsent)
    }
    default:
      return undefined
  }
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
