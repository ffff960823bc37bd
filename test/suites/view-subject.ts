/** What the view suite asks, whoever answers: the view itself, or a mount in another process. */
import { execa } from 'execa'
import { constants } from 'node:fs'
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import type { EntryKind } from '../../src/model/entry.ts'
import { nameFromBytes } from '../../src/model/entry-name.ts'
import { nameOfPassed } from '../../src/fuse/fuse-native/passed-name.ts'
import type { VirtualFileSystem } from '../../src/view/virtual-file-system.ts'

export interface Status {
  readonly kind: EntryKind
  readonly mode: number
  readonly inode: bigint
  readonly sizeBytes: number
  readonly modifiedMs: number
}

export interface Listed {
  readonly name: string
  readonly kind: EntryKind
}

/** Paths begin with a slash, '' is the root; bytes as characters. Absence is undefined. */
export interface Subject {
  /** The bytes a listed name stands for; a driver may have to spell them in its own way. */
  readonly nameOf: (listed: string) => string
  list(path: string): Promise<readonly Listed[] | undefined>
  status(path: string): Promise<Status | undefined>
  read(path: string): Promise<string | undefined>
  target(path: string): Promise<string | undefined>
  /** An extended attribute. */
  attribute(path: string, name: string): Promise<string | undefined>
}

/** The view, asked directly. */
export function viewSubject<Node>(fileSystem: VirtualFileSystem<Node>): Subject {
  const find = (path: string): Node | undefined => {
    fileSystem.refresh()
    let node: Node | undefined = fileSystem.root
    for (const name of path.split('/').filter((part) => part !== '')) {
      node = node === undefined ? undefined : fileSystem.lookup(node, nameFromBytes(name))
    }
    return node
  }
  const at = <T>(path: string, ask: (node: Node) => T | undefined): Promise<T | undefined> => {
    const node = find(path)
    return Promise.resolve(node === undefined ? undefined : ask(node))
  }
  return {
    nameOf: (listed) => listed,
    list: (path) => at(path, (node) => fileSystem.list(node)),
    status: (path) =>
      at(path, (node) => {
        const { kind, mode, inode, sizeBytes, modifiedNs } = fileSystem.attributes(node)
        return { kind, mode, inode, sizeBytes, modifiedMs: Number(modifiedNs / 1_000_000n) }
      }),
    read: (path) =>
      at(path, (node) => {
        const handle = fileSystem.open(node)
        if (handle === undefined) return undefined
        const buffer = Buffer.alloc(1 << 20)
        const length = handle.read(buffer, 0)
        handle.close()
        return buffer.toString('utf8', 0, length)
      }),
    target: (path) => at(path, (node) => fileSystem.linkTarget(node)),
    attribute: (path, name) => at(path, (node) => fileSystem.extendedAttribute(node, name)),
  }
}

/**
 * A mount, asked through the kernel. The process that serves it must be another one.
 * @param spelling how its driver passes names that are not UTF-8
 */
export function mountSubject(mountpoint: string, spelling: 'as bytes' | 'as text'): Subject {
  const place = (path: string): Buffer => Buffer.from(mountpoint + path, 'latin1')
  return {
    nameOf: (listed) =>
      spelling === 'as bytes'
        ? listed
        : nameOfPassed(Buffer.from(listed, 'latin1').toString('utf8')),
    list: (path) =>
      orUndefined(async () => {
        const entries = await readdir(place(path), { withFileTypes: true, encoding: 'latin1' })
        return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
      }),
    status: (path) =>
      orUndefined(async () => {
        const status = await lstat(place(path), { bigint: true })
        return {
          kind: kindOf(status),
          mode: Number(status.mode & 0o7777n),
          inode: status.ino,
          sizeBytes: Number(status.size),
          modifiedMs: Number(status.mtimeMs),
        }
      }),
    read: (path) =>
      orUndefined(async () => {
        await using handle = await open(place(path), constants.O_RDONLY | constants.O_NOFOLLOW)
        return await handle.readFile('utf8')
      }),
    target: (path) => orUndefined(() => readlink(place(path), { encoding: 'latin1' })),
    attribute: async (path, name) => {
      const words = ['-h', '--only-values', '--absolute-names', '-n', name, '--', mountpoint + path]
      const { exitCode, stdout } = await execa('getfattr', words, { reject: false })
      return exitCode === 0 ? stdout : undefined
    },
  }
}

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EINVAL', 'EISDIR', 'ENXIO', 'ELOOP'])

async function orUndefined<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Error && 'code' in error && ABSENT.has(String(error.code)))
      return undefined
    throw error
  }
}

interface HasKind {
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
  isFIFO(): boolean
}

function kindOf(found: HasKind): EntryKind {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'directory'
  if (found.isSymbolicLink()) return 'symlink'
  return found.isFIFO() ? 'fifo' : 'socket'
}
