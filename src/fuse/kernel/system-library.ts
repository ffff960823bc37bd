/**
 * The few functions of the C library that Node does not have. koffi calls them; it is optional, brings builds of its own and
 * is loaded only here. Structures are those of 64-bit little-endian Linux, the same on x86-64 and arm64.
 */
import type Koffi from 'koffi'
import { constants } from 'node:fs'
import type { ListingCalls } from '../../catalog/raw-listing.ts'
import type { BytePath, EntryName } from '../../model/entry-name.ts'
import { ENAMETOOLONG } from '../errno.ts'
import type { StoredAttributes } from './attribute-answers.ts'
import type { Backing } from './open-files.ts'

/** msghdr(3type), iovec and a control message with one descriptor. */
const MESSAGE_BYTES = 56
const VECTOR_BYTES = 16
const CONTROL_BYTES = 24
/** From bits/socket.h. */
const AF_UNIX = 1
const SOCK_STREAM = 1
/** No child inherits an end but by being given it: fusermount3 waits for the last one to be closed. */
const SOCK_CLOEXEC = 0x8_0000
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const MSG_DONTWAIT = 0x40
const MSG_CMSG_CLOEXEC = 0x4000_0000
/** Of statx(2), from fcntl.h and linux/stat.h: paths from here on, no link followed, and all that there is to tell. */
const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
const AT_EMPTY_PATH = 0x1000
const STATX_BASIC_STATS_AND_BTIME = 0xfff
const PATH_LIMIT_BYTES = 4096
/** No child inherits it. */
const O_CLOEXEC = 0x8_0000
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | O_CLOEXEC
/** From linux/fuse.h: FUSE_DEV_IOC_BACKING_OPEN, of a `struct fuse_backing_map`, and FUSE_DEV_IOC_BACKING_CLOSE. */
const BACKING_OPEN = 0x4010_e501
const BACKING_CLOSE = 0x4004_e502
const BACKING_MAP_BYTES = 16
/** Only to look at what is in it. */
const O_PATH = 0x20_0000
const DIRECTORY_FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW | O_CLOEXEC
/** To read what it lists. */
const LISTING_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | O_CLOEXEC
/** XATTR_SIZE_MAX and XATTR_LIST_MAX, from linux/limits.h. */
const ATTRIBUTE_LIMIT_BYTES = 65_536

export interface SystemLibrary {
  /** Two ends of a socket, as descriptors that no child inherits. @returns undefined when there are none left */
  socketPair(): readonly [number, number] | undefined
  /** A descriptor that was sent through a socket; undefined when none has come yet. */
  receiveDescriptor(socket: number): number | undefined
  /** lseek(2). @returns the place, or a negative errno */
  readonly seek: (descriptor: number, offset: number, whence: number) => number
  /**
   * statx(2), into a room of `struct statx`, which must live as long as what is returned.
   * Each returns 0 or a negative errno.
   */
  readonly statusInto: (room: Buffer) => StatusCalls
  /** Files past Node, which takes twice as long: what is known of them goes to one room, what is read to another. Both must live. */
  readonly filesInto: (status: Buffer, content: Buffer) => QuickFiles
  /** Directories past Node, into a room that must live. Undefined where the C library has no getdents64. */
  readonly listingsInto: ((room: Buffer) => ListingCalls) | undefined
  /** Passing files through a FUSE device; for root. @param device asked for at each call */
  readonly backing: (device: () => number) => Backing
  readonly attributes: StoredAttributes
  /** malloc_trim(3): gives back what was freed in the midst of what is in use. Where the C library has it. */
  readonly giveBack: () => void
}

export interface StatusCalls {
  /** Looks at a path, no link followed. */
  readonly at: (place: BytePath) => number
  /** Opens a directory, so that not all of the way to it is gone for each name. @returns a descriptor, if not negative */
  readonly enter: (directory: BytePath) => number
  /** Looks at a name in an open directory. */
  readonly in: (descriptor: number, name: EntryName) => number
  readonly leave: (descriptor: number) => void
}

/** Regular files; the numbers that come back are negative where something is wrong, and nobody asks what. */
export interface QuickFiles {
  /** Opens a directory. @returns a descriptor */
  enter(directory: BytePath): number
  /** openat(2) for reading, no link followed, and a FIFO not waited for; what is a path needs no directory. @returns a descriptor */
  open(directory: number, name: EntryName | BytePath): number
  /** statx(2) of what is open */
  status(descriptor: number): number
  /** pread(2) from the beginning, to a place of the room. @returns how many bytes there were */
  read(descriptor: number, at: number, size: number): number
  close(descriptor: number): void
}

/** Undefined where koffi is not installed, has no build, or the machine is another. */
export async function loadSystemLibrary(): Promise<SystemLibrary | undefined> {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) return undefined
  try {
    const { default: koffi } = await import('koffi')
    if (koffi.sizeof('void *') !== 8) return undefined
    return bind(koffi)
  } catch {
    return undefined
  }
}

interface Openers {
  readonly open: (place: BytePath, flags: number) => number
  readonly close: (descriptor: number) => unknown
}

type Library = ReturnType<typeof Koffi.load>

function bind(koffi: typeof Koffi): SystemLibrary {
  const library = koffi.load(null)
  const lseek = library.func('int64_t lseek(int, int64_t, int)')
  const lgetxattr = library.func('int64_t lgetxattr(void *, void *, void *, size_t)')
  const llistxattr = library.func('int64_t llistxattr(void *, void *, size_t)')
  // Addresses as numbers are passed in half the time that buffers take.
  const statx = library.func('int statx(int, uintptr_t, int, unsigned int, uintptr_t)')
  const room = Buffer.alloc(ATTRIBUTE_LIMIT_BYTES)
  // And the byte after it, always NUL, is an empty path.
  const path = Buffer.alloc(PATH_LIMIT_BYTES + 1)
  const pathAddress = Number(koffi.address(path))
  const takesPath = (place: BytePath | EntryName): boolean => {
    // The kernel takes no longer one either.
    if (place.length >= PATH_LIMIT_BYTES) return false
    path[path.write(place, 'latin1')] = 0
    return true
  }
  const openat = library.func('int openat(int, uintptr_t, int)')
  const close = library.func('int close(int)')
  const openIn = (directory: number, place: BytePath | EntryName, flags: number): number => {
    if (!takesPath(place)) return ENAMETOOLONG
    const descriptor = Number(openat(directory, pathAddress, flags))
    return descriptor < 0 ? -koffi.errno() : descriptor
  }
  const openAs = (place: BytePath, flags: number): number => openIn(AT_FDCWD, place, flags)
  const pread = library.func('int64_t pread(int, uintptr_t, size_t, int64_t)')

  const bytesOrErrno = (length: unknown): Buffer | number => {
    const count = Number(length)
    return count < 0 ? -koffi.errno() : Buffer.from(room.subarray(0, count))
  }
  return {
    ...bindSockets(koffi, library),
    seek: (descriptor, offset, whence) => {
      const place = Number(lseek(descriptor, offset, whence))
      return place < 0 ? -koffi.errno() : place
    },
    statusInto: (status) => {
      const address = Number(koffi.address(status))
      const look = (directory: number, place: BytePath | EntryName): number => {
        if (!takesPath(place)) return ENAMETOOLONG
        const flags = AT_SYMLINK_NOFOLLOW
        const mask = STATX_BASIC_STATS_AND_BTIME
        return statx(directory, pathAddress, flags, mask, address) === 0 ? 0 : -koffi.errno()
      }
      return {
        at: (place) => look(AT_FDCWD, place),
        enter: (directory) => openAs(directory, DIRECTORY_FLAGS),
        in: look,
        leave: (descriptor) => void close(descriptor),
      }
    },
    filesInto: (status, content) => {
      const statusAddress = Number(koffi.address(status))
      const contentAddress = Number(koffi.address(content))
      const nothing = pathAddress + PATH_LIMIT_BYTES
      return {
        enter: (directory) => openAs(directory, DIRECTORY_FLAGS),
        open: (directory, name) => openIn(directory, name, OPEN_FLAGS),
        status: (descriptor) =>
          Number(
            statx(descriptor, nothing, AT_EMPTY_PATH, STATX_BASIC_STATS_AND_BTIME, statusAddress),
          ),
        read: (descriptor, at, size) => Number(pread(descriptor, contentAddress + at, size, 0)),
        close: (descriptor) => void close(descriptor),
      }
    },
    listingsInto: bindListings(koffi, library, { open: openAs, close }),
    backing: bindBacking(koffi, library),
    giveBack: bindTrim(library),
    attributes: {
      value: (place, name) => bytesOrErrno(lgetxattr(cText(place), cText(name), room, room.length)),
      names: (place) => bytesOrErrno(llistxattr(cText(place), room, room.length)),
    },
  }
}

function bindSockets(
  koffi: typeof Koffi,
  library: Library,
): Pick<SystemLibrary, 'socketPair' | 'receiveDescriptor'> {
  const socketpair = library.func('int socketpair(int, int, int, void *)')
  const recvmsg = library.func('int64_t recvmsg(int, void *, int)')
  return {
    socketPair: () => {
      const ends = Buffer.alloc(8)
      if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) !== 0) return undefined
      return [ends.readInt32LE(0), ends.readInt32LE(4)]
    },
    receiveDescriptor: (socket) => {
      const [byte, vector] = [Buffer.alloc(1), Buffer.alloc(VECTOR_BYTES)]
      const [control, message] = [Buffer.alloc(CONTROL_BYTES), Buffer.alloc(MESSAGE_BYTES)]
      vector.writeBigUInt64LE(koffi.address(byte), 0)
      vector.writeBigUInt64LE(1n, 8)
      message.writeBigUInt64LE(koffi.address(vector), 16)
      message.writeBigUInt64LE(1n, 24)
      message.writeBigUInt64LE(koffi.address(control), 32)
      message.writeBigUInt64LE(BigInt(CONTROL_BYTES), 40)
      const received = Number(recvmsg(socket, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC))
      const isDescriptor =
        received >= 0 &&
        message.readBigUInt64LE(40) >= 20n &&
        control.readInt32LE(8) === SOL_SOCKET &&
        control.readInt32LE(12) === SCM_RIGHTS
      return isDescriptor ? control.readInt32LE(16) : undefined
    },
  }
}

function bindListings(
  koffi: typeof Koffi,
  library: Library,
  { open, close }: Openers,
): SystemLibrary['listingsInto'] {
  let getdents: ReturnType<Library['func']>
  try {
    getdents = library.func('int64_t getdents64(int, uintptr_t, size_t)')
  } catch {
    // Of glibc since 2.30.
    return undefined
  }
  return (room) => {
    const address = Number(koffi.address(room))
    return {
      open: (directory) => open(directory, LISTING_FLAGS),
      read: (descriptor, at) => {
        const bytes = Number(getdents(descriptor, address + at, room.length - at))
        return bytes < 0 ? -koffi.errno() : bytes
      },
      close: (descriptor) => void close(descriptor),
    }
  }
}

function bindTrim(library: Library): SystemLibrary['giveBack'] {
  try {
    const trim = library.func('int malloc_trim(size_t)')
    return () => void trim(0)
  } catch {
    // It is of glibc alone.
    return () => undefined
  }
}

function bindBacking(koffi: typeof Koffi, library: Library): SystemLibrary['backing'] {
  const ioctl = library.func('int ioctl(int, unsigned long, uintptr_t)')
  const map = Buffer.alloc(BACKING_MAP_BYTES)
  const mapAddress = Number(koffi.address(map))
  return (device) => ({
    open: (descriptor) => {
      map.writeInt32LE(descriptor, 0)
      const number = Number(ioctl(device(), BACKING_OPEN, mapAddress))
      return number > 0 ? number : -koffi.errno()
    },
    close: (number) => {
      map.writeInt32LE(number, 0)
      ioctl(device(), BACKING_CLOSE, mapAddress)
      map.writeInt32LE(0, 0)
    },
  })
}

/** Bytes as characters, with a NUL after them. */
function cText(text: BytePath | string): Buffer {
  return Buffer.from(`${text}\0`, 'latin1')
}
