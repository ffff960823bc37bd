import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  entryNotice,
  inodeNotice,
  writeStoreHeader,
} from '../../../../src/fuse/kernel/encode-notice.ts'
import {
  direntBytes,
  Reply,
  writeAttributeReply,
  writeDirent,
  writeEntry,
  writeHeader,
  writeInit,
  writeOpen,
  writeSpace,
  writeStatx,
} from '../../../../src/fuse/kernel/encode-reply.ts'
import { nameFromBytes } from '../../../../src/model/entry-name.ts'
import type { NodeAttributes } from '../../../../src/view/virtual-file-system.ts'

const SOME: NodeAttributes = {
  kind: 'file',
  mode: 0o4755,
  owner: 1000,
  group: 4_294_967_294,
  sizeBytes: 5 * 2 ** 40 + 3,
  blocks512: 11,
  linkCount: 3,
  deviceNumber: 0,
  modifiedNs: -1n,
  changedNs: 4_300_000_000_123_456_789n,
  inode: 0xfedc_ba98_7654_3210n,
}

const out = new Reply(4096)
out.bytes.fill(0xaa)

describe('a reply', () => {
  test('begins with its length, its error and whom it is for', () => {
    writeHeader(out, { uniqueLow: 0x9abc_def0, uniqueHigh: 0x1234_5678 }, -2, 16)
    expect(out.bytes.readUInt32LE(0)).toBe(16)
    expect(out.bytes.readInt32LE(4)).toBe(-2)
    expect(out.bytes.readBigUInt64LE(8)).toBe(0x1234_5678_9abc_def0n)
  })

  test('tells attributes exactly: 64 bits of number and size, nanoseconds before 1970 and after 2106', () => {
    expect(writeAttributeReply(out, 0, SOME, 60)).toBe(104)
    expect(out.bytes.readBigUInt64LE(0)).toBe(60n)
    expect(out.bytes.readBigUInt64LE(16)).toBe(SOME.inode)
    expect(out.bytes.readBigUInt64LE(24)).toBe(BigInt(SOME.sizeBytes))
    expect(out.bytes.readBigInt64LE(48)).toBe(-1n)
    expect(out.bytes.readUInt32LE(68)).toBe(999_999_999)
    expect(out.bytes.readBigInt64LE(56)).toBe(4_300_000_000n)
    expect(out.bytes.readUInt32LE(72)).toBe(123_456_789)
    expect(out.bytes.readUInt32LE(76)).toBe(0o104755)
    expect(out.bytes.readUInt32LE(80)).toBe(3)
    expect(out.bytes.readUInt32LE(84)).toBe(1000)
    expect(out.bytes.readUInt32LE(88)).toBe(4_294_967_294)
  })

  test('tells every time there is', () => {
    fc.assert(
      fc.property(fc.bigInt(-(1n << 62n), 1n << 62n), (ns) => {
        writeAttributeReply(out, 0, { ...SOME, modifiedNs: ns, changedNs: ns }, 0)
        const [seconds, rest] = [out.bytes.readBigInt64LE(48), out.bytes.readUInt32LE(68)]
        expect(rest).toBeLessThan(1_000_000_000)
        expect(seconds * 1_000_000_000n + BigInt(rest)).toBe(ns)
        expect([out.bytes.readBigInt64LE(56), out.bytes.readUInt32LE(72)]).toEqual([seconds, rest])
      }),
    )
  })

  test('tells what is under a name, and how long that holds', () => {
    const told = { node: 2 ** 40, generation: 2 ** 41, nameSeconds: 1, attributeSeconds: 2 }
    expect(writeEntry(out, 0, told, SOME)).toBe(128)
    expect(out.bytes.readBigUInt64LE(0)).toBe(1n << 40n)
    expect(out.bytes.readBigUInt64LE(8)).toBe(1n << 41n)
    expect(out.bytes.readBigUInt64LE(16)).toBe(1n)
    expect(out.bytes.readBigUInt64LE(24)).toBe(2n)
    expect(out.bytes.readBigUInt64LE(32)).toBe(0n)
    expect(out.bytes.readBigUInt64LE(40)).toBe(SOME.inode)
    const nowhere = { node: 0, generation: 0, nameSeconds: 9, attributeSeconds: 0 }
    expect(writeEntry(out, 0, nowhere, undefined)).toBe(128)
    expect(out.bytes.subarray(40, 128).every((byte) => byte === 0)).toBe(true)
  })

  test('tells the time of birth, and the two numbers of a device', () => {
    // 259:65537, as the kernel packs it.
    const device = { ...SOME, kind: 'block-device' as const, deviceNumber: 0x10_010_301 }
    expect(writeStatx(out, 0, device, 5_000_000_007n, 60)).toBe(288)
    expect(out.bytes.readUInt32LE(32)).toBe(0xfff)
    expect(out.bytes.readUInt16LE(32 + 28)).toBe(0o64755)
    expect(out.bytes.readBigInt64LE(32 + 80)).toBe(5n)
    expect(out.bytes.readUInt32LE(32 + 88)).toBe(7)
    expect(out.bytes.readUInt32LE(32 + 128)).toBe(0x103)
    expect(out.bytes.readUInt32LE(32 + 132)).toBe(0x10001)
    writeStatx(out, 0, SOME, 0n, 60)
    expect(out.bytes.readUInt32LE(32)).toBe(0x7ff)
  })

  test('tells what was agreed upon', () => {
    const agreement = { readaheadBytes: 131_072, flags: 0x4000_0001, moreFlags: 8 }
    const more = { background: 64, pages: 256, stackDepth: 1 }
    expect(writeInit(out, 0, { ...agreement, ...more })).toBe(64)
    expect(out.bytes.readUInt32LE(0)).toBe(7)
    expect(out.bytes.readUInt32LE(8)).toBe(131_072)
    expect(out.bytes.readUInt32LE(12)).toBe(0x4000_0001)
    expect([out.bytes.readUInt16LE(16), out.bytes.readUInt16LE(18)]).toEqual([64, 48])
    expect(out.bytes.readUInt32LE(24)).toBe(1)
    expect(out.bytes.readUInt16LE(28)).toBe(256)
    expect([out.bytes.readUInt32LE(32), out.bytes.readUInt32LE(36)]).toEqual([8, 1])
  })

  test('tells an open file, and how much room there is', () => {
    expect(writeOpen(out, 0, 2 ** 33, 34)).toBe(16)
    expect([out.bytes.readBigUInt64LE(0), out.bytes.readUInt32LE(8)]).toEqual([1n << 33n, 34])
    expect(out.bytes.readUInt32LE(12)).toBe(0)
    writeOpen(out, 0, 1, 160, 7)
    expect(out.bytes.readUInt32LE(12)).toBe(7)
    const space = { blockBytes: 4096, blocks: 2 ** 34, freeBlocks: 3, availableBlocks: 2 }
    expect(writeSpace(out, 0, { ...space, inodes: 7, freeInodes: 5 })).toBe(80)
    expect(out.bytes.readBigUInt64LE(0)).toBe(1n << 34n)
    expect([16, 24, 32].map((at) => out.bytes.readBigUInt64LE(at))).toEqual([2n, 7n, 5n])
    expect([40, 44, 48].map((at) => out.bytes.readUInt32LE(at))).toEqual([4096, 255, 4096])
  })

  test('lists every name of 1 to 255 bytes, each beginning at a multiple of eight', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 255, unit: 'binary' }), (text) => {
        const listed = Buffer.from(text).toString('latin1').slice(0, 255)
        const end = writeDirent(out, 16, { name: listed, kind: 'symlink', inode: 9n }, 2 ** 35)
        expect(end).toBe(16 + direntBytes(listed))
        expect(end % 8).toBe(0)
        expect(out.bytes.readBigUInt64LE(24)).toBe(1n << 35n)
        const length = out.bytes.readUInt32LE(32)
        expect(out.bytes.readUInt32LE(36)).toBe(10)
        expect(out.bytes.toString('latin1', 40, 40 + length)).toBe(listed)
      }),
    )
  })
})

describe('a notice', () => {
  test('has the kernel forget attributes, and what it holds where that is said', () => {
    const attributes = inodeNotice(2 ** 33, 'attributes')
    expect([attributes.readUInt32LE(0), attributes.readInt32LE(4)]).toEqual([40, 2])
    expect(attributes.readBigUInt64LE(8)).toBe(0n)
    expect(attributes.readBigUInt64LE(16)).toBe(1n << 33n)
    expect(attributes.readBigInt64LE(24)).toBe(-1n)
    expect(inodeNotice(2, 'content').readBigInt64LE(24)).toBe(0n)
  })

  test('has it ask again for a name, or forget it with all below', () => {
    const notice = entryNotice(5, nameFromBytes('caf\u00e9'), 'ask again')
    expect([notice.readUInt32LE(0), notice.readInt32LE(4)]).toEqual([37, 3])
    expect(notice.readBigUInt64LE(16)).toBe(5n)
    expect([notice.readUInt32LE(24), notice.readUInt32LE(28)]).toEqual([4, 1])
    expect(notice.toString('latin1', 32)).toBe('caf\u00e9\0')
    expect(entryNotice(5, nameFromBytes('x'), 'now').readUInt32LE(28)).toBe(0)
  })

  test('announces content', () => {
    writeStoreHeader(out.bytes, 2 ** 34, 1000)
    expect([out.bytes.readUInt32LE(0), out.bytes.readInt32LE(4)]).toEqual([1040, 4])
    expect(out.bytes.readBigUInt64LE(16)).toBe(1n << 34n)
    expect(out.bytes.readBigUInt64LE(24)).toBe(0n)
    expect(out.bytes.readUInt32LE(32)).toBe(1000)
  })
})
