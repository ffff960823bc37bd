import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeRequest } from '../../../../src/fuse/kernel/decode-request.ts'
import {
  fuseRequest,
  longs,
  name,
  OFFERED_BY_LINUX_6_18,
  reading,
  words,
} from '../../../support/fuse-requests.ts'

function questionOf(opcode: number, body?: Buffer): unknown {
  return decodeRequest(fuseRequest(opcode, body))?.question
}

/** As Linux 6.18 sent them, read off the device while programs looked at a mount; what each asks for. */
const CAPTURED: readonly (readonly [hex: string, question: object])[] = [
  [
    '2f00000001000000060000000000000001000000000000000000000000000000305c0000000000006e6f7465733100',
    { kind: 'lookup', name: 'notes1' },
  ],
  [
    '3800000003000000040000000000000001000000000000000000000000000000605a0000000000000000000000000000' +
      '0000000000000000',
    { kind: 'getattr' },
  ],
  [
    '28000000050000001a000000000000000a000000000000000000000000000000645a000000000000',
    { kind: 'readlink' },
  ],
  [
    '300000000e0000001e000000000000000b000000000000000000000000000000655a0000000000000080000000000000',
    { kind: 'open', flags: 0x8000 },
  ],
  [
    '500000000f00000020000000000000000b000000000000000000000000000000655a0000000000000000000000000000' +
      '0000000000000000001000000000000000000000000000000080000000000000',
    { kind: 'read', handle: 0, offset: 0, size: 4096 },
  ],
  [
    '28000000110000002a0000000000000001000000000000000000000000000000695a000000000000',
    { kind: 'statfs' },
  ],
  [
    '4100000016000000060000000000000001000000000000000000000000000000605a000000000000ff00000000000000' +
      '73656375726974792e73656c696e757800',
    { kind: 'getxattr', name: 'security.selinux', size: 255 },
  ],
  [
    '300000001700000028000000000000000b000000000000000000000000000000675a0000000000000000000000000000',
    { kind: 'listxattr', size: 0 },
  ],
  [
    '400000001900000022000000000000000b000000000000000000000000000000655a0000000000000000000000000000' +
      '0000000000000000f64c2c591bca1619',
    { kind: 'unknown' },
  ],
  [
    '680000001a0000000200000000000000000000000000000000000000000000000000000000000000070000002d000000' +
      '00000200fbffff73fd050000' +
      '00'.repeat(44),
    {
      ...{ kind: 'init', major: 7, minor: 45, readaheadBytes: 131_072 },
      ...{ flags: 0x73ff_fffb, moreFlags: 0x5fd },
    },
  ],
  [
    '300000001b0000000a0000000000000001000000000000000000000000000000605a0000000000000088010000000000',
    { kind: 'opendir' },
  ],
  [
    '500000001c000000120000000000000003000000000000000000000000000000625a0000000000000000000000000000' +
      '0400000002000000008000000000000000000000000000000088010000000000',
    { kind: 'readdir', offset: 0x2_0000_0004, size: 32_768, plus: false },
  ],
  [
    '500000002a0000002e000000000000000000000000000000000000000000000000000000000000000200000000000000' +
      '0200000000000000010000000000000004000000000000000100000000000000',
    {
      kind: 'forget',
      forgotten: [
        { node: 2, count: 1 },
        { node: 4, count: 1 },
      ],
    },
  ],
  [
    '500000002c0000000c0000000000000001000000000000000000000000000000605a0000000000000000000000000000' +
      '0000000000000000008000000000000000000000000000000088010000000000',
    { kind: 'readdir', offset: 0, size: 32_768, plus: true },
  ],
  [
    '40000000340000002c000000000000000b0000000000000000000000000000006a5a0000000000000000000000000000' +
      '0000000000000000' +
      '00000000ff0f0000',
    { kind: 'statx' },
  ],
]

describe('a request of the kernel', () => {
  test('says whom the answer is for, and of which node it is', () => {
    const request = decodeRequest(
      fuseRequest(3, longs(0n, 0n), { unique: 0x1234_5678_9abc_def0n, node: 0x1_0000_0002n }),
    )
    expect(request).toMatchObject({
      uniqueLow: 0x9abc_def0,
      uniqueHigh: 0x1234_5678,
      node: 0x1_0000_0002,
    })
  })

  test.each(CAPTURED)('captured as %s is understood', (hex, question) => {
    const bytes = Buffer.from(hex, 'hex')
    expect(bytes.readUInt32LE(0)).toBe(bytes.length)
    expect(decodeRequest(bytes)?.question).toEqual(question)
  })

  test.each([
    [1, name('caf\u00e9'), { kind: 'lookup', name: 'caf\u00e9' }],
    [2, longs(3n), { kind: 'forget', forgotten: [{ node: 1, count: 3 }] }],
    [3, longs(0n, 0n), { kind: 'getattr' }],
    [5, undefined, { kind: 'readlink' }],
    [14, words(0x8000, 0), { kind: 'open', flags: 0x8000 }],
    [15, reading(4096, 1n << 40n), { kind: 'read', handle: 0, offset: 2 ** 40, size: 4096 }],
    [17, undefined, { kind: 'statfs' }],
    [18, longs(9n, 0n, 0n), { kind: 'release', handle: 9 }],
    [
      22,
      Buffer.concat([words(64, 0), name('user.x')]),
      { kind: 'getxattr', name: 'user.x', size: 64 },
    ],
    [23, words(0, 0), { kind: 'listxattr', size: 0 }],
    [27, words(0, 0), { kind: 'opendir' }],
    [28, reading(4096, 5n), { kind: 'readdir', offset: 5, size: 4096, plus: false }],
    [29, longs(0n, 0n, 0n), { kind: 'releasedir' }],
    [36, longs(5n), { kind: 'interrupt' }],
    [38, undefined, { kind: 'destroy' }],
    [
      42,
      Buffer.concat([words(2, 0), longs(5n, 1n, 6n, 2n)]),
      {
        kind: 'forget',
        forgotten: [
          { node: 5, count: 1 },
          { node: 6, count: 2 },
        ],
      },
    ],
    [44, reading(4096, 0n), { kind: 'readdir', offset: 0, size: 4096, plus: true }],
    [
      46,
      Buffer.concat([longs(0n, 8n), words(4, 0)]),
      { kind: 'lseek', handle: 0, offset: 8, whence: 4 },
    ],
    [52, Buffer.alloc(24), { kind: 'statx' }],
    [16, Buffer.alloc(40), { kind: 'writing' }],
    [21, Buffer.alloc(8), { kind: 'writing' }],
    [99, undefined, { kind: 'unknown' }],
  ])('of the kind %i is understood', (opcode, body, expected) => {
    expect(questionOf(opcode, body)).toEqual(expected)
  })

  test('tells what a new kernel offers, and an old one', () => {
    expect(questionOf(26, OFFERED_BY_LINUX_6_18)).toMatchObject({
      ...{ kind: 'init', major: 7, minor: 45, readaheadBytes: 131_072, moreFlags: 0x5fd },
    })
    expect(questionOf(26, words(7, 31, 65_536, 0x7f))).toEqual({
      ...{ kind: 'init', major: 7, minor: 31, readaheadBytes: 65_536, flags: 0x7f, moreFlags: 0 },
    })
  })

  test('that is shorter than its kind is malformed', () => {
    for (const opcode of [1, 2, 14, 15, 18, 22, 23, 26, 28, 42, 44, 46]) {
      expect([opcode, questionOf(opcode)]).toEqual([opcode, { kind: 'malformed' }])
    }
    expect(questionOf(1, Buffer.from('no end'))).toEqual({ kind: 'malformed' })
    expect(questionOf(42, Buffer.concat([words(1000, 0), longs(5n, 1n)]))).toEqual({
      ...{ kind: 'forget', forgotten: [{ node: 5, count: 1 }] },
    })
  })

  test('is read or left, whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.uint8Array({ maxLength: 300 }), (opcode, bytes) => {
        const request = decodeRequest(fuseRequest(opcode, Buffer.from(bytes)))
        expect(typeof request?.question.kind).toBe('string')
        decodeRequest(Buffer.from(bytes))
      }),
      { numRuns: 2000 },
    )
  })
})
