/** The view suite's questions as a kernel would ask them of a server, without a kernel: request by request, as bytes. */
import type { EntryKind } from '../../src/model/entry.ts'
import type { Listed, Subject } from '../suites/view-subject.ts'
import { fuseRequest, longs, name as nameBytes, reading, words } from './fuse-requests.ts'

const ENOENT = -2
const KIND_OF_TYPE: Readonly<Record<number, EntryKind>> = {
  0o14: 'socket',
  0o12: 'symlink',
  0o10: 'file',
  0o06: 'block-device',
  0o04: 'directory',
  0o02: 'character-device',
  0o01: 'fifo',
}

interface Answering {
  readonly reply: { readonly bytes: Buffer }
  answer(request: Buffer): number
  rest(): void
}

export class ProtocolClient {
  readonly #server: Answering
  #unique = 0n
  /** How often each node was told, as a kernel counts it. */
  readonly #told = new Map<bigint, bigint>()

  constructor(server: Answering) {
    this.#server = server
  }

  /** The body of the answer, or a negative errno. */
  ask(opcode: number, node: bigint, body: Buffer = Buffer.alloc(0)): Buffer | number {
    this.#unique += 1n
    const unique = this.#unique
    const length = this.#server.answer(fuseRequest(opcode, body, { unique, node }))
    const reply = Buffer.from(this.#server.reply.bytes.subarray(0, length))
    this.#server.rest()
    if (reply.length !== reply.readUInt32LE(0)) throw new Error('a reply of another length')
    if (reply.readBigUInt64LE(8) !== unique) throw new Error('a reply to somebody else')
    const error = reply.readInt32LE(4)
    if (error !== 0 && length !== 16) throw new Error('an error with a body')
    return error === 0 ? reply.subarray(16) : error
  }

  /** What a lookup of a name tells; undefined where there is nothing. */
  lookUp(parent: bigint, name: string): { node: bigint; entry: Buffer } | undefined {
    const entry = this.ask(1, parent, nameBytes(name))
    if (typeof entry === 'number') {
      if (entry === ENOENT || entry === -20 || entry === -36) return undefined
      throw new Error(`lookup of ${name}: ${entry}`)
    }
    const node = entry.readBigUInt64LE(0)
    if (node === 0n) return undefined
    this.#told.set(node, (this.#told.get(node) ?? 0n) + 1n)
    return { node, entry }
  }

  walk(path: string): { node: bigint; entry: Buffer } | undefined {
    let found: { node: bigint; entry: Buffer } | undefined
    let node = 1n
    for (const name of path.split('/').filter((part) => part !== '')) {
      found = this.lookUp(node, name)
      if (found === undefined) return undefined
      node = found.node
    }
    if (found !== undefined) return found
    const attributes = this.ask(3, 1n, longs(0n, 0n))
    if (typeof attributes === 'number') throw new Error('the root has no attributes')
    return { node: 1n, entry: Buffer.concat([Buffer.alloc(40), attributes.subarray(16)]) }
  }

  /** Names, kinds and what is told of each, in pieces of the size a kernel asks for. */
  list(node: bigint, plus: boolean, pieceBytes: number): Listed[] | undefined {
    const listed: Listed[] = []
    let offset = 0n
    for (;;) {
      const piece = this.ask(plus ? 44 : 28, node, reading(pieceBytes, offset))
      if (typeof piece === 'number') return undefined
      if (piece.length === 0) return listed
      if (piece.length > pieceBytes) throw new Error('more than was asked for')
      let at = 0
      while (at < piece.length) {
        const entry = plus ? piece.subarray(at, at + 128) : undefined
        if (plus) at += 128
        const length = piece.readUInt32LE(at + 16)
        const type = piece.readUInt32LE(at + 20)
        const name = piece.toString('latin1', at + 24, at + 24 + length)
        offset = piece.readBigUInt64LE(at + 8)
        const told = entry?.readBigUInt64LE(0) ?? 0n
        if (told !== 0n) this.#told.set(told, (this.#told.get(told) ?? 0n) + 1n)
        at += (24 + length + 7) & ~7
        const kind = KIND_OF_TYPE[type]
        if (kind === undefined) throw new Error(`a kind ${type}`)
        if (name !== '.' && name !== '..') listed.push({ name, kind })
      }
    }
  }

  /** Forgets everything, as a kernel does that needs memory. */
  forgetAll(): void {
    const forgotten = [...this.#told].flatMap(([node, count]) => [node, count])
    this.#told.clear()
    const body = Buffer.concat([words(forgotten.length / 2, 0), longs(...forgotten)])
    this.#unique += 1n
    this.#server.answer(fuseRequest(42, body, { unique: this.#unique, node: 0n }))
  }
}

export function protocolSubject(client: ProtocolClient): Subject {
  const at = <T>(path: string, ask: (node: bigint, entry: Buffer) => T): Promise<T | undefined> => {
    const found = client.walk(path)
    return Promise.resolve(found === undefined ? undefined : ask(found.node, found.entry))
  }
  let plus = false
  return {
    nameOf: (listed) => listed,
    list: (path) =>
      at(path, (node) => {
        plus = !plus
        return client.list(node, plus, plus ? 4096 : 1024)
      }),
    status: (path) =>
      at(path, (_node, entry) => {
        const mode = entry.readUInt32LE(40 + 60)
        return {
          kind: KIND_OF_TYPE[mode >> 12] ?? 'file',
          mode: mode & 0o7777,
          inode: entry.readBigUInt64LE(40),
          sizeBytes: Number(entry.readBigUInt64LE(48)),
          modifiedMs:
            Number(entry.readBigInt64LE(40 + 32)) * 1000 +
            Math.floor(entry.readUInt32LE(40 + 52) / 1_000_000),
        }
      }),
    read: (path) =>
      at(path, (node) => {
        const content = client.ask(15, node, reading(1 << 17, 0n))
        return typeof content === 'number' ? undefined : content.toString('utf8')
      }),
    target: (path) =>
      at(path, (node) => {
        const target = client.ask(5, node)
        return typeof target === 'number' ? undefined : target.toString('latin1')
      }),
    attribute: (path, name) =>
      at(path, (node) => {
        const value = client.ask(22, node, Buffer.concat([words(4096, 0), nameBytes(name)]))
        return typeof value === 'number' ? undefined : value.toString('latin1')
      }),
  }
}
