/** A server over a repository, as it is without a mount. */
import { KernelServer } from '../../src/fuse/kernel/kernel-server.ts'
import { lookQuickly, type QuickLook } from '../../src/fuse/kernel/quick-look.ts'
import { DEFAULT_TEMPLATE_TEXT } from '../../src/view/default-template.ts'
import { openViews } from '../../src/view/open-views.ts'
import { fuseRequest, OFFERED_BY_LINUX_6_18, reading } from './fuse-requests.ts'

const READDIR = 28
export const READDIRPLUS = 44
/** As glibc reads a directory. */
export const PIECE_BYTES = 32_768

export interface ListedEntry {
  readonly name: string
  readonly isDirectory: boolean
  /** 0 where the kernel was not told of one. */
  readonly node: bigint
  readonly links: number
}

export type DiskServer = Pick<KernelServer<object>, 'answer' | 'rest' | 'reply'>

export function serveDisk(repository: string, quick: QuickLook | undefined): DiskServer {
  const owner = { owner: 0, group: 0 }
  const recipe = { repository, profiles: ['home'], dateFormat: DEFAULT_TEMPLATE_TEXT, owner }
  const clock = { now: () => 0, elapsed: () => 0 }
  const { fileSystem } = openViews(
    { ...recipe, timeZone: 'UTC', patienceMs: Infinity },
    clock,
    'by node',
    { look: quick && lookQuickly(quick) },
  )
  const server = new KernelServer(
    fileSystem,
    {
      notify: () => undefined,
      push: () => undefined,
      overtaken: () => undefined,
      isPushing: () => false,
      reserve: () => undefined,
      owe: () => false,
      takeBackOwed: () => false,
      isTelling: () => false,
      elapsed: () => 0,
      report: (error) => {
        throw error
      },
      look: quick,
    },
    { accessLists: false, passthrough: false, without: [], generation: 1 },
  )
  server.answer(fuseRequest(26, OFFERED_BY_LINUX_6_18))
  return server
}

/** Lists a directory to its end. @returns the answers, as they were */
export function listPieces(
  server: DiskServer,
  node: bigint,
  opcode: number,
  size = PIECE_BYTES,
): readonly Buffer[] {
  const pieces: Buffer[] = []
  for (let offset = 0n; ;) {
    const length = server.answer(fuseRequest(opcode, reading(size, offset), { node }))
    const piece = Buffer.from(server.reply.bytes.subarray(0, length))
    server.rest()
    pieces.push(piece)
    if (length <= 16) return pieces
    for (const { next } of entriesOf(piece, opcode)) offset = next
  }
}

export function listed(server: DiskServer, node: bigint): readonly ListedEntry[] {
  return listPieces(server, node, READDIRPLUS).flatMap((piece) => [
    ...entriesOf(piece, READDIRPLUS),
  ])
}

/** What a server answers to whoever walks through all directories: each, and then those in it. */
export function everyListing(
  server: DiskServer,
  opcodes: readonly number[] = [READDIR, READDIRPLUS],
): readonly string[] {
  const listings: string[] = []
  const toList = [1n]
  for (let node = toList.pop(); node !== undefined; node = toList.pop()) {
    const inside: bigint[] = []
    for (const opcode of opcodes) {
      for (const piece of listPieces(server, node, opcode, 4096)) {
        listings.push(`${opcode} of ${node}: ${piece.toString('hex')}`)
        for (const entry of entriesOf(piece, opcode)) {
          if (entry.isDirectory && entry.node !== 0n) inside.push(entry.node)
        }
      }
    }
    toList.push(...inside.toReversed())
  }
  return listings
}

function* entriesOf(piece: Buffer, opcode: number): Generator<ListedEntry & { next: bigint }> {
  const entryBytes = opcode === READDIRPLUS ? 128 : 0
  for (let at = 16; at < piece.length;) {
    const dirent = at + entryBytes
    const length = piece.readUInt32LE(dirent + 16)
    yield {
      name: piece.toString('latin1', dirent + 24, dirent + 24 + length),
      isDirectory: piece.readUInt32LE(dirent + 20) === 0o4,
      node: entryBytes === 0 ? 0n : piece.readBigUInt64LE(at),
      links: entryBytes === 0 ? 0 : piece.readUInt32LE(at + 40 + 64),
      next: piece.readBigUInt64LE(dirent + 8),
    }
    at = dirent + ((24 + length + 7) & ~7)
  }
}
