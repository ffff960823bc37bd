/**
 * A virtual file system as fuse-native's operations. Handlers are synchronous and each is wrapped: one
 * that throws would end the process, one that never answers would leave its reader unkillable.
 * What is not here (access, opendir, xattrs, everything that writes) must stay away; native-notes/fuse.md
 * says why.
 */
import type Fuse from 'fuse-native'
import type { ReadHandle, Space } from '../../catalog/catalog.ts'
import { nameFromBytes } from '../../model/entry-name.ts'
import {
  ATTRIBUTE_PREFIX,
  type NodeAttributes,
  type VirtualFileSystem,
} from '../../view/virtual-file-system.ts'
import {
  EBADF,
  EISDIR,
  EMFILE,
  ENODATA,
  ENOENT,
  ENOTDIR,
  ENOTSUP,
  EROFS,
  ESTALE,
  errnoOf,
} from '../errno.ts'
import { statMode } from '../stat-mode.ts'
import { DenseInodes } from './dense-inodes.ts'
import { passedName } from './passed-name.ts'
import { PathNodes } from './path-nodes.ts'

/** open(2)'s access mode; anything but reading is refused. */
const ACCESS_MODE_BITS = 0b11
/** Files that may be open at once. */
const HANDLES_LIMIT = 60_000
const NAME_LIMIT_BYTES = 255
const LARGEST_32_BIT = 0xffff_ffff

type Answer<Result> = readonly [errno: number, result?: Result]

export function fuseOperations<Node extends object>(
  fileSystem: VirtualFileSystem<Node>,
  onError: (error: unknown) => void,
): Fuse.Operations {
  const handles = new HandleTable()
  const answers = answersOf(fileSystem, handles)

  /** Runs a handler; what it throws becomes an errno, and is reported. */
  const settled = <Result>(handler: () => Answer<Result>): Answer<Result> => {
    try {
      return handler()
    } catch (error) {
      onError(error)
      return [errnoOf(error)]
    }
  }

  return {
    getattr: (path, answer) => {
      answer(...settled(() => answers.getattr(path)))
    },
    readdir: (path, answer) => {
      const [errno, listing] = settled(() => answers.readdir(path))
      answer(errno, listing?.names, listing?.stats)
    },
    readlink: (path, answer) => {
      answer(...settled(() => answers.readlink(path)))
    },
    open: (path, flags, answer) => {
      answer(...settled(() => answers.open(path, flags)))
    },
    read: (_path, handle, buffer, length, offset, answer) => {
      answer(...settled(() => answers.read(handle, buffer.subarray(0, length), offset)))
    },
    release: (_path, handle, answer) => {
      const [errno] = settled(() => {
        handles.close(handle)
        return [0]
      })
      answer(errno)
    },
    getxattr: (path, name, _position, answer) => {
      answer(...settled(() => answers.getxattr(path, name)))
    },
    statfs: (_path, answer) => {
      answer(...settled(() => [0, statfsOf(fileSystem.space())]))
    },
  }
}

/** What each question is answered with; errors of the disk are thrown. */
function answersOf<Node extends object>(fileSystem: VirtualFileSystem<Node>, handles: HandleTable) {
  const nodes = new PathNodes(fileSystem)
  const inodes = new DenseInodes()

  const getattr = (path: string): Answer<Fuse.Stat> => {
    const node = nodes.at(path)
    return node === undefined ? [ENOENT] : [0, statOf(fileSystem.attributes(node), inodes)]
  }

  const readdir = (path: string): Answer<{ names: string[]; stats: Fuse.Stat[] }> => {
    const node = nodes.at(path)
    if (node === undefined) return [ENOENT]
    const listed = fileSystem.list(node)
    if (listed === undefined) return [ENOTDIR]
    const names: string[] = []
    const stats: Fuse.Stat[] = []
    for (const { name, kind, inode } of listed) {
      names.push(passedName(name))
      // Kind and number are all a directory entry holds; with them find need not ask for each.
      stats.push({ mode: statMode(kind, 0), ino: inodes.numberOf(inode) })
    }
    return [0, { names, stats }]
  }

  const readlink = (path: string): Answer<string> => {
    const node = nodes.at(path)
    if (node === undefined) return [ENOENT]
    const target = fileSystem.linkTarget(node)
    // The kernel takes it for the link that was at the path.
    return target === undefined ? [ESTALE] : [0, passedTarget(target)]
  }

  /** Programs that meet ENOTSUP ask less often than those that meet ENODATA. */
  const getxattr = (path: string, name: string): Answer<Buffer> => {
    if (!name.startsWith(ATTRIBUTE_PREFIX)) return [ENOTSUP]
    const node = nodes.at(path)
    if (node === undefined) return [ENOENT]
    const value = fileSystem.extendedAttribute(node, name)
    return value === undefined ? [ENODATA] : [0, Buffer.from(value, 'latin1')]
  }

  const open = (path: string, flags: number): Answer<number> => {
    if ((flags & ACCESS_MODE_BITS) !== 0) return [EROFS]
    const node = nodes.at(path)
    if (node === undefined) return [ENOENT]
    const { kind } = fileSystem.attributes(node)
    if (kind === 'directory') return [EISDIR]
    // Links are not opened: the kernel takes it for the file that was at the path. Told so, it looks again (path_openat).
    if (kind === 'symlink') return [ESTALE]
    if (handles.size() >= HANDLES_LIMIT) return [EMFILE]
    const opened = fileSystem.open(node)
    return opened === undefined ? [ENOENT] : [0, handles.add(opened)]
  }

  /** The number of bytes read takes the place of the errno. */
  const read = (handle: number, buffer: Uint8Array, offset: number): Answer<never> => {
    const opened = handles.at(handle)
    return [opened === undefined ? EBADF : opened.read(buffer, offset)]
  }

  return { getattr, readdir, readlink, getxattr, open, read }
}

/** Open files by a small number; `read` never resolves a path again, so pruning cannot disturb it. */
class HandleTable {
  readonly #open = new Map<number, ReadHandle>()
  #next = 1

  size(): number {
    return this.#open.size
  }

  add(handle: ReadHandle): number {
    while (this.#open.has(this.#next)) this.#next = (this.#next % LARGEST_32_BIT) + 1
    const number = this.#next
    this.#next = (this.#next % LARGEST_32_BIT) + 1
    this.#open.set(number, handle)
    return number
  }

  at(number: number): ReadHandle | undefined {
    return this.#open.get(number)
  }

  close(number: number): void {
    this.#open.get(number)?.close()
    this.#open.delete(number)
  }
}

function statOf(attributes: NodeAttributes, inodes: DenseInodes): Fuse.Stat {
  const modified = milliseconds(attributes.modifiedNs)
  return {
    mode: statMode(attributes.kind, attributes.mode),
    uid: attributes.owner,
    gid: attributes.group,
    size: attributes.sizeBytes,
    nlink: attributes.linkCount,
    ino: inodes.numberOf(attributes.inode),
    rdev: attributes.deviceNumber,
    blksize: 4096,
    blocks: attributes.blocks512,
    atime: modified,
    mtime: modified,
    ctime: milliseconds(attributes.changedNs),
  }
}

/** fuse-native turns a time before 1970 into one in the year 584,555,999; 1970 is nearer the truth. */
function milliseconds(ns: bigint): number {
  return ns < 0n ? 0 : Number(ns / 1_000_000n)
}

/** A target is a path: what is between its slashes is passed like any name. */
function passedTarget(target: string): string {
  return target
    .split('/')
    .map((name) => passedName(nameFromBytes(name)))
    .join('/')
}

/** Fields are 32 bits wide, so a large disk is told in larger blocks. */
function statfsOf(space: Space): Fuse.Statfs {
  let scale = 1
  while (space.blocks / scale > LARGEST_32_BIT) scale *= 2
  const scaled = (blocks: number): number => Math.floor(blocks / scale)
  const bounded = (count: number): number => Math.min(count, LARGEST_32_BIT)
  return {
    bsize: space.blockBytes * scale,
    frsize: space.blockBytes * scale,
    blocks: scaled(space.blocks),
    bfree: scaled(space.freeBlocks),
    bavail: scaled(space.availableBlocks),
    files: bounded(space.inodes),
    ffree: bounded(space.freeInodes),
    favail: bounded(space.freeInodes),
    namemax: NAME_LIMIT_BYTES,
  }
}
