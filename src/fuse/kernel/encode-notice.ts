/** What the kernel is told unasked, as bytes. */
import type { EntryName } from '../../model/entry-name.ts'
import { EXPIRE_ONLY, NOTIFY, OUT_HEADER_BYTES } from './protocol.ts'

/** To forget the attributes of a node; and what it holds, if that is asked for. */
export function inodeNotice(node: number, also: 'attributes' | 'content'): Buffer {
  const out = notice(NOTIFY.invalidateInode, 24)
  writeLong(out, 16, node)
  // From -1 on nothing is.
  out.writeBigInt64LE(also === 'content' ? 0n : -1n, 24)
  out.writeBigInt64LE(0n, 32)
  return out
}

/** To forget what a name stands for: now, with all below it, or to ask again before it is next used. */
export function entryNotice(parent: number, name: EntryName, how: 'now' | 'ask again'): Buffer {
  const out = notice(NOTIFY.invalidateEntry, 16 + name.length + 1)
  writeLong(out, 16, parent)
  out.writeUInt32LE(name.length, 24)
  out.writeUInt32LE(how === 'ask again' ? EXPIRE_ONLY : 0, 28)
  out.write(name, 32, 'latin1')
  out.writeUInt8(0, 32 + name.length)
  return out
}

/** To forget nodes, under whatever names, but for those that are in use (`fuse_notify_prune_out`). */
export function pruneNotice(nodes: readonly number[]): Buffer {
  const out = notice(NOTIFY.prune, 16 + 8 * nodes.length)
  out.fill(0, 16, 32)
  out.writeUInt32LE(nodes.length, 16)
  nodes.forEach((node, index) => writeLong(out, 32 + 8 * index, node))
  return out
}

/** Before the content of a file that is told unasked; how long it is then is told too. */
export const STORE_HEADER_BYTES = OUT_HEADER_BYTES + 24

export function writeStoreHeader(out: Buffer, node: number, sizeBytes: number): void {
  out.fill(0, 0, STORE_HEADER_BYTES)
  out.writeUInt32LE(STORE_HEADER_BYTES + sizeBytes, 0)
  out.writeInt32LE(NOTIFY.store, 4)
  writeLong(out, 16, node)
  out.writeUInt32LE(sizeBytes, 32)
}

function notice(code: number, bodyBytes: number): Buffer {
  // There may be hundreds of thousands at a time. Each writes all of its body.
  const out = Buffer.allocUnsafe(OUT_HEADER_BYTES + bodyBytes)
  out.writeUInt32LE(out.length, 0)
  out.writeInt32LE(code, 4)
  writeLong(out, 8, 0)
  return out
}

function writeLong(out: Buffer, at: number, value: number): void {
  out.writeUInt32LE(value % 0x1_0000_0000, at)
  out.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4)
}
