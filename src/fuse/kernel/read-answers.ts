/**
 * Content of files. Where the kernel does not open them, nobody tells when a reader begins or ends; a descriptor is kept for
 * each that is being read, as long as there is room, so that it is read to its end also when its snapshot is removed.
 */
import type { ReadHandle } from '../../catalog/catalog.ts'
import { systemErrorCode } from '../../errors/system-error.ts'
import type { VirtualFileSystem } from '../../view/virtual-file-system.ts'
import { EBADF, EINVAL, EISDIR, EMFILE, ENOSYS, EROFS, ESTALE } from '../errno.ts'
import { writeOpen, writeSize, type Reply } from './encode-reply.ts'
import type { Known } from './known-node.ts'
import type { NodeTable } from './node-table.ts'
import { type Backing, OpenFiles } from './open-files.ts'
import { OPEN_FLAG, OUT_HEADER_BYTES } from './protocol.ts'

export interface ReadHost {
  /** Gives files to the kernel, where it can be asked to take them. */
  readonly backing?: Backing | undefined
  /** Where data or a hole begins in an open file; undefined where that cannot be asked. */
  readonly seek?: (descriptor: number, offset: number, whence: number) => number
}

/** open(2)'s access mode; anything but reading is refused. */
const ACCESS_MODE_BITS = 0b11
/** Descriptors kept for files that are being read. */
const HANDLES_LIMIT = 4096
export class ReadAnswers<Node extends object> {
  readonly #fileSystem: VirtualFileSystem<Node>
  readonly #table: NodeTable<Node>
  readonly #reply: Reply
  readonly #host: ReadHost
  /** In the order of their last use. */
  readonly #handles = new Set<Known<Node>>()
  /** Where the kernel opens files. */
  readonly #open: OpenFiles<Known<Node>>

  constructor(
    fileSystem: VirtualFileSystem<Node>,
    table: NodeTable<Node>,
    reply: Reply,
    host: ReadHost,
  ) {
    this.#fileSystem = fileSystem
    this.#table = table
    this.#reply = reply
    this.#host = host
    this.#open = new OpenFiles(host.backing)
  }

  open(known: Known<Node>, node: Node, flags: number): number {
    if ((flags & ACCESS_MODE_BITS) !== 0) return EROFS
    if (known.kind === 'directory') return EISDIR
    if (this.#open.isFull) return EMFILE
    const file = this.#fileSystem.open(node)
    if (file === undefined) return ESTALE
    const { sizeBytes } = this.#fileSystem.attributes(node)
    const { handle, backing } = this.#open.add(known, file, sizeBytes)
    const way = backing === 0 ? OPEN_FLAG.keepCache : OPEN_FLAG.passthrough
    return writeOpen(this.#reply, OUT_HEADER_BYTES, handle, way | OPEN_FLAG.noFlush, backing)
  }

  release(handle: number): void {
    this.#open.remove(handle)
  }

  read(
    known: Known<Node>,
    {
      handle,
      offset,
      size,
    }: { readonly handle: number; readonly offset: number; readonly size: number },
  ): number {
    if (known.kind === 'directory') return EISDIR
    if (!Number.isSafeInteger(offset)) return EINVAL
    const opened = handle === 0 ? this.#handleOf(known) : this.#open.file(handle)
    if (opened === undefined) return handle === 0 ? ESTALE : EBADF
    const end = Math.min(OUT_HEADER_BYTES + size, this.#reply.bytes.length)
    const length = opened.read(this.#reply.bytes.subarray(OUT_HEADER_BYTES, end), offset)
    // All of it was read in one go, so the kernel has it now; and what it is can be found again.
    const isWhole = offset === 0 && length < end - OUT_HEADER_BYTES
    if (handle === 0 && isWhole && known.lasts === 'always') this.close(known)
    return OUT_HEADER_BYTES + length
  }

  seek(
    known: Known<Node>,
    asked: { readonly handle: number; readonly offset: number; readonly whence: number },
  ): number {
    if (this.#host.seek === undefined) return ENOSYS
    if (!Number.isSafeInteger(asked.offset)) return EINVAL
    const opened = asked.handle === 0 ? this.#handleOf(known) : this.#open.file(asked.handle)
    if (opened === undefined) return asked.handle === 0 ? ESTALE : EBADF
    if (opened.descriptor === undefined) return EINVAL
    const found = this.#host.seek(opened.descriptor, asked.offset, asked.whence)
    return found < 0 ? found : writeSize(this.#reply, OUT_HEADER_BYTES, found)
  }

  /** Keeps what is in use open, as far as there is room: whoever reads it reads on when its last name is gone. */
  hold(known: Known<Node>): void {
    if (known.kind === 'file' && this.#handles.size < HANDLES_LIMIT) this.#handleOf(known)
  }

  close(known: Known<Node>): void {
    known.open?.handle.close()
    known.open = undefined
    this.#handles.delete(known)
  }

  #handleOf(known: Known<Node>): ReadHandle | undefined {
    if (known.open !== undefined) {
      this.#handles.delete(known)
      this.#handles.add(known)
      return known.open.handle
    }
    const node = this.#table.nodeOf(known)
    if (node === undefined) return undefined
    if (this.#handles.size >= HANDLES_LIMIT) this.#closeOldest()
    const handle = this.#openAt(node)
    if (handle === undefined) return undefined
    known.open = { handle, node }
    this.#handles.add(known)
    return handle
  }

  /** Where this process may have fewer descriptors, those that were used longest ago go. */
  #openAt(node: Node): ReadHandle | undefined {
    for (;;) {
      try {
        return this.#fileSystem.open(node)
      } catch (error) {
        if (systemErrorCode(error) !== 'EMFILE' || !this.#closeOldest()) throw error
      }
    }
  }

  #closeOldest(): boolean {
    const [oldest] = this.#handles
    if (oldest !== undefined) this.close(oldest)
    return oldest !== undefined
  }
}
