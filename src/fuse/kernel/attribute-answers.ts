/** Targets of links, and extended attributes: facts of the view, and what is stored with a file. */
import type { BytePath } from '../../model/entry-name.ts'
import { ATTRIBUTE_PREFIX, type VirtualFileSystem } from '../../view/virtual-file-system.ts'
import { EINVAL, ENODATA, ENOTSUP, ERANGE } from '../errno.ts'
import { writeSize, type Reply } from './encode-reply.ts'
import { OUT_HEADER_BYTES } from './protocol.ts'

/** Extended attributes of what lies on a disk. Answers are bytes, or a negative errno. */
export interface StoredAttributes {
  value(place: BytePath, name: string): Buffer | number
  /** The names, each with a NUL after it, as listxattr(2) has them. */
  names(place: BytePath): Buffer | number
}

/**
 * Labels, capabilities and access control lists: programs that list a directory ask for them file by file, until they hear
 * that there are none. Where the kernel looks at the lists itself it remembers them, and must hear which file has none.
 */
const ASKED_BY_HABIT = /^(?:security|system)\./u
const ACCESS_LISTS = 'system.posix_acl_'

export class AttributeAnswers<Node extends object> {
  readonly #fileSystem: VirtualFileSystem<Node>
  readonly #reply: Reply
  readonly #stored: StoredAttributes | undefined
  readonly #looksAtLists: boolean

  /** @param looksAtLists whether the kernel looks at access control lists */
  constructor(
    fileSystem: VirtualFileSystem<Node>,
    reply: Reply,
    stored: StoredAttributes | undefined,
    looksAtLists: boolean,
  ) {
    this.#fileSystem = fileSystem
    this.#reply = reply
    this.#stored = stored
    this.#looksAtLists = looksAtLists
  }

  linkTarget(node: Node): number {
    const target = this.#fileSystem.linkTarget(node)
    if (target === undefined) return EINVAL
    return OUT_HEADER_BYTES + this.#reply.bytes.write(target, OUT_HEADER_BYTES, 'latin1')
  }

  /** @param room 0 to ask how long it is */
  value(node: Node, name: string, room: number): number {
    if (name.startsWith(ATTRIBUTE_PREFIX)) {
      const fact = this.#fileSystem.extendedAttribute(node, name)
      return fact === undefined ? ENODATA : this.#answer(Buffer.from(fact, 'latin1'), room)
    }
    const place = this.#stored === undefined ? undefined : this.#fileSystem.storedPlace(node)
    if (this.#stored === undefined) return ENOTSUP
    const value = place === undefined ? ENODATA : this.#stored.value(place, name)
    // Without a list the mode decides. Any other answer would have the kernel keep everybody out.
    if (value === ENODATA && this.#looksAtLists && name.startsWith(ACCESS_LISTS)) return ENODATA
    if (value === ENODATA && ASKED_BY_HABIT.test(name)) return ENOTSUP
    return typeof value === 'number' ? value : this.#answer(value, room)
  }

  names(node: Node, room: number): number {
    const place = this.#stored === undefined ? undefined : this.#fileSystem.storedPlace(node)
    if (this.#stored === undefined || place === undefined) return this.#answer(NONE, room)
    const names = this.#stored.names(place)
    return typeof names === 'number' ? names : this.#answer(names, room)
  }

  #answer(bytes: Buffer, room: number): number {
    if (room === 0) return writeSize(this.#reply, OUT_HEADER_BYTES, bytes.length)
    if (bytes.length > room || bytes.length > this.#reply.bytes.length - OUT_HEADER_BYTES)
      return ERANGE
    return OUT_HEADER_BYTES + bytes.copy(this.#reply.bytes, OUT_HEADER_BYTES)
  }
}

const NONE = Buffer.alloc(0)
