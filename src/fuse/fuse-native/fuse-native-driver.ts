/**
 * The portable driver: fuse-native 2.2.6, which is libfuse 2.9 behind two thread hops. The package is
 * optional and loaded only here. Its limits, and the reason for every option, are in native-notes/fuse.md.
 */
import { readdir, readlink } from 'node:fs/promises'
import type Fuse from 'fuse-native'
import { SnapfsError } from '../../errors/snapfs-error.ts'
import { messageOf } from '../../errors/system-error.ts'
import { type Driver, type MountRequest, type MountSession, SUBTYPE } from '../driver.ts'
import { checkFuseDevice, FUSE_DEVICE } from '../fuse-device.ts'
import { ERANGE } from '../errno.ts'
import { openViews, sourcesOf, type ViewClock } from '../../view/open-views.ts'
import { runUnmount } from '../run-unmount.ts'
import { fuseOperations } from './operations.ts'

/**
 * How long the kernel may keep names and attributes. Nothing inside a snapshot ever changes, but there
 * is one lifetime for all, and the directories of by-file do change when a snapshot is made.
 */
const KEEP_SECONDS = 60
/** How long a name may stay unknown after it has come to exist. */
const KEEP_ABSENCE_SECONDS = 1

/**
 * There are no options for these in fuse-native, but libfuse reads what follows a comma. Constants
 * only: text of a user in here could switch off `nosuid`.
 */
const INJECTED_OPTIONS = `ro,nosuid,nodev,noatime,use_ino,negative_timeout=${KEEP_ABSENCE_SECONDS}`

/** libfuse's buffer for the path. */
const PATH_LIMIT_BYTES = 1000

type FuseClass = typeof Fuse

export function fuseNativeDriver(clock: ViewClock): Driver {
  return { name: 'fuse-native', mount: (request) => mount(request, clock) }
}

/** @throws SnapfsError FUSE_UNAVAILABLE where it cannot be loaded */
export async function checkFuseNative(): Promise<void> {
  await loadFuseNative()
}

async function mount(request: MountRequest, clock: ViewClock): Promise<MountSession> {
  const { mountpoint } = request
  if (Buffer.byteLength(mountpoint) > PATH_LIMIT_BYTES) {
    throw new SnapfsError('MOUNT_FAILED', 'The path of the mountpoint is too long.', {
      hint: `libfuse takes at most ${PATH_LIMIT_BYTES} bytes.`,
    })
  }
  await checkFuseDevice()
  const FuseNative = withRoomForAttributes(await loadFuseNative())
  const views = openViews(request.recipe, clock, 'by path')
  const operations = fuseOperations(views.fileSystem, request.onError)
  const fuse = new FuseNative(mountpoint, operations, {
    timeout: false,
    kernelCache: true,
    entryTimeout: KEEP_SECONDS,
    attrTimeout: KEEP_SECONDS,
    defaultPermissions: true,
    allowOther: request.allowOther,
    autoUnmount: true,
    subtype: SUBTYPE,
    fsname: `${SUBTYPE},${INJECTED_OPTIONS}`,
  })
  await new Promise<void>((resolve, reject) => {
    fuse.mount((error) => (error === null ? resolve() : reject(error)))
  }).catch(async (error: unknown) => {
    // A refused option can leave a mount without a server behind.
    await runUnmount(mountpoint, 'lazily')
    throw mountFailed(request, error)
  })
  return {
    sources: sourcesOf(views),
    isServing: holdsDevice,
    // The end of this process does that.
    cutOff: () => Promise.resolve(),
    end: () => Promise.resolve(),
  }
}

/** libfuse closes the device when the kernel has let go of the mount; it tells nobody else. */
async function holdsDevice(): Promise<boolean> {
  for (const descriptor of await readdir('/proc/self/fd')) {
    const target = await readlink(`/proc/self/fd/${descriptor}`).catch(() => '')
    if (target === FUSE_DEVICE) return true
  }
  return false
}

async function loadFuseNative(): Promise<FuseClass> {
  try {
    return (await import('fuse-native')).default
  } catch (error) {
    const message = messageOf(error)
    const withoutLibrary = message.includes('libfuse.so.2')
    throw new SnapfsError(
      'FUSE_UNAVAILABLE',
      withoutLibrary
        ? 'The library libfuse.so.2 is not installed.'
        : 'The package fuse-native is not installed, or has no build for this machine.',
      {
        hint: withoutLibrary
          ? 'On Debian and Ubuntu: apt-get install libfuse2 (or libfuse2t64).'
          : 'Install it with: npm install fuse-native@2.2.6. "snapfs backup" works without it.',
        details: [message.split('\n')[0] ?? message],
        cause: error,
      },
    )
  }
}

/**
 * fuse-native copies the value of an extended attribute into whatever room there is and tells its whole length, which
 * libfuse reports as EIO. Without room, how long it is was asked.
 */
function withRoomForAttributes(FuseNative: FuseClass): FuseClass {
  return class extends FuseNative {
    readonly #operations: Fuse.Operations

    constructor(mountpoint: string, operations: Fuse.Operations, options: Fuse.Options) {
      super(mountpoint, operations, options)
      this.#operations = operations
    }

    protected override _op_getxattr(
      signal: (bytesOrErrno: number, buffer: ArrayBufferLike) => void,
      path: string,
      name: string,
      room: Buffer,
      position: number,
    ): void {
      this.#operations.getxattr(path, name, position, (errno, value) => {
        if (errno !== 0 || value === undefined) signal(errno, room.buffer)
        else if (room.length > 0 && value.length > room.length) signal(ERANGE, room.buffer)
        else {
          value.copy(room)
          signal(value.length, room.buffer)
        }
      })
    }
  }
}

function mountFailed(request: MountRequest, error: unknown): SnapfsError {
  return new SnapfsError('MOUNT_FAILED', `Mounting on ${request.mountpoint} failed.`, {
    hint: request.allowOther
      ? 'For --allow-other, /etc/fuse.conf must hold a line: user_allow_other.'
      : 'Is fusermount (package fuse3) installed, and is it allowed here?',
    details: [messageOf(error)],
    cause: error,
  })
}
