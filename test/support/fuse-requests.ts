/** Requests of the kernel as bytes, written by hand from fuse.h: apart from what reads them. */

export interface RequestOptions {
  readonly unique?: bigint
  readonly node?: bigint
  /** The thread that asks. */
  readonly process?: number
}

export function fuseRequest(
  opcode: number,
  body: Buffer = Buffer.alloc(0),
  { unique = 7n, node = 1n, process = 0 }: RequestOptions = {},
): Buffer {
  const header = Buffer.alloc(40)
  header.writeUInt32LE(40 + body.length, 0)
  header.writeUInt32LE(opcode, 4)
  header.writeBigUInt64LE(unique, 8)
  header.writeBigUInt64LE(node, 16)
  header.writeUInt32LE(process, 32)
  return Buffer.concat([header, body])
}

/** 64-bit numbers in a row. */
export function longs(...values: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  values.forEach((value, index) => bytes.writeBigUInt64LE(BigInt.asUintN(64, value), index * 8))
  return bytes
}

/** 32-bit numbers in a row. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, index * 4))
  return bytes
}

export function name(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'latin1')
}

/** What Linux 6.18 offers, as it was captured. */
export const OFFERED_BY_LINUX_6_18 = Buffer.concat([
  words(7, 45, 131_072, 0x73ff_fffb, 0x5fd),
  Buffer.alloc(44),
])

/** fuse_read_in: of files and directories alike. */
export function reading(size: number, offset: bigint, handle = 0n): Buffer {
  return Buffer.concat([longs(handle, offset), words(size, 0), longs(0n), words(0, 0)])
}
