import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pruneNotice } from '../../../../src/fuse/kernel/encode-notice.ts'
import { agreeOn, FEATURES } from '../../../../src/fuse/kernel/agreement.ts'
import {
  type DescribedEntry,
  type DescribedHistory,
  file,
  symlink,
} from '../../../support/described-history.ts'
import {
  fuseRequest,
  longs,
  name,
  OFFERED_BY_LINUX_6_18,
  reading,
  words,
} from '../../../support/fuse-requests.ts'
import { type ServedHistory, serveHistory } from '../../../support/kernel-server.ts'
import { MemoryCatalog } from '../../../support/memory-catalog.ts'
import { SUITE_HISTORY } from '../../../suites/view-suite.ts'

const FIRST = { id: '2026-07-01T08-00-00Z', tree: { a: file('one'), b: file('same') } }
const SECOND = {
  id: '2026-07-02T08-00-00Z',
  tree: { a: file('two'), b: file('same'), l: symlink('a') },
}
const [FIRST_DATE, SECOND_DATE] = ['2026-07-01_08-00-00', '2026-07-02_08-00-00']

function served(history: DescribedHistory = [FIRST, SECOND]) {
  const catalog = new MemoryCatalog(history)
  return { catalog, ...serveHistory(catalog, 'UTC') }
}

/** Of an answer that must be no error. */
function body(answer: Buffer | number): Buffer {
  if (typeof answer === 'number') throw new Error(`errno ${answer}`)
  return answer
}

const PLAIN = { accessLists: false, passthrough: false }
const LISTS = { accessLists: true, passthrough: false }

describe('the agreement with a kernel', () => {
  const offer = {
    major: 7,
    minor: 45,
    readaheadBytes: 131_072,
    flags: 0x73ff_fffb,
    moreFlags: 0x5fd,
  }

  test('is the most that both know', () => {
    expect(agreeOn(offer, PLAIN, [])).toMatchObject({
      ...{ withoutOpen: true, withoutOpendir: true, canExpire: true, pages: 256 },
    })
    expect(agreeOn(offer, LISTS, [])!.flags & (1 << 20)).not.toBe(0)
    expect(agreeOn(offer, PLAIN, [])!.flags & (1 << 20)).toBe(0)
  })

  test('asks for nothing that an old kernel does not offer', () => {
    fc.assert(
      fc.property(fc.nat(0x7fff_ffff), fc.nat(0xffff), (flags, moreFlags) => {
        const agreed = agreeOn(
          { ...offer, flags, moreFlags },
          { accessLists: true, passthrough: true },
          [],
        )!
        expect(agreed.flags & ~flags).toBe(0)
        expect(agreed.moreFlags & ~moreFlags).toBe(0)
      }),
    )
    expect(agreeOn({ ...offer, flags: 0 }, PLAIN, [])).toMatchObject({
      ...{ withoutOpen: false, withoutOpendir: false, canExpire: false, pages: 32 },
    })
    expect(agreeOn({ ...offer, minor: 30 }, PLAIN, [])).toBeUndefined()
    expect(agreeOn({ ...offer, major: 6 }, PLAIN, [])).toBeUndefined()
  })

  test('has files passed through only where that is wanted, and has them opened then', () => {
    const none = { ...offer, moreFlags: 0 }
    const wish = { accessLists: false, passthrough: true }
    expect(agreeOn(offer, wish, [])).toMatchObject({
      ...{ passthrough: true, withoutOpen: false, withoutOpendir: true, stackDepth: 1 },
    })
    expect(agreeOn(none, wish, [])).toMatchObject({ passthrough: false, stackDepth: 0 })
    expect(agreeOn(offer, PLAIN, [])).toMatchObject({ passthrough: false, stackDepth: 0 })
  })

  test('can be had with less', () => {
    const none = agreeOn(offer, PLAIN, FEATURES)
    expect(none).toMatchObject({ withoutOpen: false, withoutOpendir: false, canExpire: false })
    expect(none).toMatchObject({ canPrune: false })
  })

  test('has nodes forgotten by their numbers from Linux 6.18 on', () => {
    expect(agreeOn(offer, PLAIN, [])).toMatchObject({ canPrune: true })
    expect(agreeOn({ ...offer, minor: 44 }, PLAIN, [])).toMatchObject({ canPrune: false })
  })
})

test('a notice to forget nodes is as the kernel wants it', () => {
  // struct fuse_out_header, struct fuse_notify_prune_out, and the numbers.
  const words = [48, 9, 0, 0, 2, 0, 0, 0, 7, 0, 1, 1]
  const expected = Buffer.from(Uint32Array.from(words).buffer)
  expect(pruneNotice([7, 0x1_0000_0001])).toEqual(expected)
})

describe('a node of the kernel driver', () => {
  test('is the stored inode, in every snapshot and view', () => {
    const { client } = served()
    const [first, second, version] = [
      `/by-date/${FIRST_DATE}/b`,
      `/by-date/${SECOND_DATE}/b`,
      `/by-file/b/b@${FIRST_DATE}`,
    ].map((path) => client.walk(path)!.node)
    expect(second).toBe(first)
    expect(version).toBe(first)
    expect(client.walk(`/by-date/${FIRST_DATE}/a`)!.node).not.toBe(
      client.walk(`/by-date/${SECOND_DATE}/a`)!.node,
    )
  })

  test('is not that of another file with its number, which was given out again', () => {
    const born = (content: string, bornMs: number): DescribedEntry => ({
      kind: 'file',
      inode: 'again',
      content,
      bornMs,
    })
    const { catalog, client } = served([{ id: FIRST.id, tree: { a: born('one', 1) } }])
    const { node } = client.walk(`/by-date/${FIRST_DATE}/a`)!
    catalog.replace([{ id: SECOND.id, tree: { a: born('two', 2) } }])
    client.ask(17, 1n)
    const other = client.walk(`/by-date/${SECOND_DATE}/a`)!
    expect(other.node).not.toBe(node)
    expect(body(client.ask(15, other.node, reading(9, 0n))).toString()).toBe('two')
    expect(client.ask(15, node, reading(9, 0n))).toBe(-116)
  })

  test('is forgotten when the kernel forgets it, and never given its number again', () => {
    const { server, client } = served()
    const before = server.knownNodes
    const { node } = client.walk(`/by-date/${FIRST_DATE}/a`)!
    expect(server.knownNodes).toBeGreaterThan(before)
    client.forgetAll()
    expect(server.knownNodes).toBe(before)
    expect(client.ask(3, node, longs(0n, 0n))).toBe(-116)
    expect(client.walk(`/by-date/${FIRST_DATE}/a`)!.node).toBeGreaterThan(node)
  })

  test('stays as long as it was told more often than forgotten', () => {
    const { server, client } = served()
    const { node } = client.walk('/README.txt')!
    client.walk('/README.txt')
    server.answer(fuseRequest(2, longs(1n), { node }))
    expect(typeof client.ask(3, node, longs(0n, 0n))).toBe('object')
    server.answer(fuseRequest(2, longs(1n), { node }))
    expect(client.ask(3, node, longs(0n, 0n))).toBe(-116)
  })

  test('that nobody was told of after all is not kept', () => {
    const { server } = served()
    const before = server.knownNodes
    server.answer(fuseRequest(1, name('by-date')))
    expect(server.knownNodes).toBe(before + 1)
    server.takeBack()
    expect(server.knownNodes).toBe(before)
  })

  test('tells how long its name holds', () => {
    const { client } = served()
    const secondsOf = (path: string): bigint => client.walk(path)!.entry.readBigUInt64LE(16)
    const always = secondsOf('/by-date')
    expect(always).toBeGreaterThan(1_000_000n)
    expect(secondsOf(`/by-date/${FIRST_DATE}/a`)).toBe(always)
    expect(secondsOf(`/by-date/${FIRST_DATE}`)).toBe(always)
    expect(secondsOf('/by-date/latest')).toBe(always)
    expect(secondsOf(`/by-file/a/a@${FIRST_DATE}`)).toBe(0n)
    expect(secondsOf(`/by-date/${FIRST_DATE}/a@yesterday`)).toBe(0n)
  })

  test('is looked for once where it never will be', () => {
    const { client } = served()
    const { node } = client.walk(`/by-date/${FIRST_DATE}`)!
    const absent = body(client.ask(1, node, name('nothing')))
    expect([absent.length, absent.readBigUInt64LE(0)]).toEqual([128, 0n])
    // This may be found tomorrow.
    expect(client.ask(1, node, name('nothing@tomorrow'))).toBe(-2)
    expect(client.ask(1, 1n, name('x'.repeat(256)))).toBe(-36)
  })
})

describe('news', () => {
  const codes = (notices: readonly Buffer[]): number[] => notices.map((one) => one.readInt32LE(4))

  test('take back what may be otherwise, and leave what cannot be', () => {
    const { catalog, client, notices } = served([FIRST])
    const file_ = client.walk(`/by-date/${FIRST_DATE}/a`)!.node
    const top = client.walk(`/by-date/${FIRST_DATE}`)!.node
    const dates = client.walk('/by-date')!.node
    const container = client.walk('/by-file/a')!.node
    catalog.replace([FIRST, SECOND])
    client.ask(17, 1n)
    const nodes = notices
      .filter((notice) => notice.readInt32LE(4) === 2)
      .map((notice) => [notice.readBigUInt64LE(16), notice.readBigInt64LE(24)])
    expect(nodes).toContainEqual([file_, -1n])
    expect(nodes).toContainEqual([dates, 0n])
    expect(nodes).toContainEqual([container, 0n])
    expect(nodes.map(([node]) => node)).not.toContain(top)
    const names = notices.filter((notice) => notice.readInt32LE(4) === 3)
    expect(names.map((notice) => notice.toString('latin1', 32))).toEqual(['a\0'])
    expect(names.map((notice) => notice.readUInt32LE(28))).toEqual([1])
    // Nothing is told twice.
    notices.length = 0
    client.ask(17, 1n)
    expect(notices).toEqual([])
  })

  test('wait while earlier ones are being told, and are told together then', () => {
    const { catalog, client, notices, telling } = served()
    client.walk(`/by-date/${FIRST_DATE}/a`)
    client.walk(`/by-date/${SECOND_DATE}/a`)
    telling.is = true
    catalog.replace([SECOND])
    client.ask(17, 1n)
    catalog.replace([])
    client.ask(17, 1n)
    expect(notices).toEqual([])
    // What is asked meanwhile is answered by what is there.
    expect(client.walk(`/by-date/${FIRST_DATE}`)).toBeUndefined()
    telling.is = false
    client.ask(17, 1n)
    const names = notices.filter((notice) => notice.readInt32LE(4) === 3)
    expect(names.map((notice) => notice.toString('latin1', 32))).toEqual(
      expect.arrayContaining([`${FIRST_DATE}\0`, `${SECOND_DATE}\0`]),
    )
    notices.length = 0
    client.ask(17, 1n)
    expect(notices).toEqual([])
  })

  test('have a removed snapshot forgotten with all that is in it', () => {
    const { catalog, client, notices } = served()
    const { node } = client.walk('/by-date')!
    client.walk(`/by-date/${FIRST_DATE}/a`)
    catalog.replace([SECOND])
    client.ask(17, 1n)
    const [gone] = notices.filter((notice) => notice.readInt32LE(4) === 3)
    expect(gone!.readBigUInt64LE(16)).toBe(node)
    expect(gone!.readUInt32LE(28)).toBe(0)
    expect(gone!.toString('latin1', 32)).toBe(`${FIRST_DATE}\0`)
    expect(codes(notices)).toContain(2)
  })

  test('do not take from a reader what he reads', () => {
    const { catalog, client } = served()
    const { node } = client.walk(`/by-file/a/a@${FIRST_DATE}`)!
    catalog.replace([SECOND])
    client.ask(17, 1n)
    expect(body(client.ask(15, node, reading(100, 0n))).toString()).toBe('one')
    expect(body(client.ask(3, node, longs(0n, 0n))).readBigUInt64LE(24)).toBe(3n)
    expect(client.walk(`/by-file/a/a@${FIRST_DATE}`)).toBeUndefined()
  })

  test('find a file where it still is', () => {
    const { catalog, client } = served()
    const { node } = client.walk(`/by-date/${FIRST_DATE}/b`)!
    catalog.replace([SECOND])
    client.ask(17, 1n)
    expect(body(client.ask(15, node, reading(100, 0n))).toString()).toBe('same')
    expect(body(client.ask(3, node, longs(0n, 0n))).length).toBe(104)
  })
})

describe('a listing', () => {
  const many = {
    id: '2026-07-01T08-00-00Z',
    tree: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`f${n}`, file(`${n}`)])),
  }

  test('is the same whole, in whatever pieces it is asked for', () => {
    const { client } = served([many])
    const { node } = client.walk(`/by-date/${FIRST_DATE}`)!
    for (const plus of [true, false]) {
      for (const pieceBytes of [200, 333, 4096, 1 << 20]) {
        const names = client.list(node, plus, pieceBytes)!.map((listed) => listed.name)
        expect(names.toSorted()).toEqual(Object.keys(many.tree).toSorted())
      }
    }
  })

  test('goes on as it began, whatever is new meanwhile', () => {
    const { catalog, client } = served([FIRST])
    const { node } = client.walk('/by-date')!
    const piece = body(client.ask(28, node, reading(100, 0n)))
    expect(piece.toString('latin1')).not.toContain(FIRST_DATE)
    const next = piece.readBigUInt64LE(piece.length - 32 + 8)
    catalog.replace([FIRST, SECOND])
    const rest = body(client.ask(28, node, reading(4096, next))).toString('latin1')
    expect(rest).toContain(FIRST_DATE)
    expect(rest).not.toContain(SECOND_DATE)
    expect(client.list(node, true, 4096)!.map((listed) => listed.name)).toContain(SECOND_DATE)
  })

  test('that may be longer next time is not kept', () => {
    const { client, notices } = served()
    const listed = (path: string): number => {
      notices.length = 0
      client.list(client.walk(path)!.node, true, 4096)
      return notices.length
    }
    expect(listed('/deleted')).toBe(1)
    expect(notices[0]!.readBigUInt64LE(16)).toBe(client.walk('/deleted')!.node)
    expect(notices[0]!.readBigInt64LE(24)).toBe(0n)
    expect(listed(`/changes/${SECOND_DATE}/added`)).toBe(1)
    expect(listed('/by-date')).toBe(0)
    expect(listed(`/by-date/${FIRST_DATE}`)).toBe(0)
  })

  test('from a place that was never told ends, or is refused', () => {
    const { client } = served()
    expect(client.ask(28, 1n, reading(4096, (1n << 63n) + 5n))).toBe(-22)
    expect(body(client.ask(28, 1n, reading(4096, 1000n))).length).toBe(0)
    expect(client.ask(28, client.walk('/README.txt')!.node, reading(4096, 0n))).toBe(-20)
  })
})

describe('a question that cannot be answered', () => {
  test('has an errno: what writes EROFS, what is unknown ENOSYS, what is no more ESTALE', () => {
    const { client, reported } = served()
    for (const writing of [4, 6, 8, 9, 10, 11, 12, 13, 16, 21, 24, 35, 43, 45, 47, 51, 53]) {
      expect([writing, client.ask(writing, 1n, Buffer.alloc(64))]).toEqual([writing, -30])
    }
    for (const unknown of [0, 7, 19, 33, 37, 39, 40, 41, 48, 49, 50, 77, 4096]) {
      expect([unknown, client.ask(unknown, 1n, Buffer.alloc(64))]).toEqual([unknown, -38])
    }
    expect(client.ask(3, 999n, longs(0n, 0n))).toBe(-116)
    expect(client.ask(3, 1n << 60n, longs(0n, 0n))).toBe(-116)
    expect(client.ask(15, 1n, reading(10, 0n))).toBe(-21)
    expect(client.ask(5, 1n)).toBe(-22)
    expect(reported).toEqual([])
  })

  test('is told apart by whether files are opened', () => {
    const { client } = served()
    const { node } = client.walk('/README.txt')!
    expect(client.ask(14, node, words(0, 0))).toBe(-38)
    expect(client.ask(27, 1n, words(0, 0))).toBe(-38)
    const old = serveHistory(new MemoryCatalog([FIRST]), 'UTC', FEATURES).client
    const readme = old.walk('/README.txt')!.node
    expect(old.ask(14, readme, words(1, 0))).toBe(-30)
    expect(old.ask(14, 1n, words(0, 0))).toBe(-21)
    const handle = body(old.ask(14, readme, words(0, 0))).readBigUInt64LE(0)
    expect(body(old.ask(15, readme, reading(10, 0n, handle))).length).toBe(10)
    old.ask(18, readme, longs(handle, 0n, 0n))
    expect(old.ask(15, readme, reading(10, 0n, handle))).toBe(-9)
    expect(body(old.ask(27, 1n, words(0, 0))).length).toBe(16)
  })

  test('about extended attributes is answered so that programs ask no more than they must', () => {
    const { client } = served()
    const { node } = client.walk(`/by-date/${FIRST_DATE}/a`)!
    const ask = (text: string, room: number) =>
      client.ask(22, node, Buffer.concat([words(room, 0), name(text)]))
    expect(body(ask('user.snapfs.path', 0)).readUInt32LE(0)).toBe(1)
    expect(body(ask('user.snapfs.path', 64)).toString()).toBe('a')
    expect(ask('user.snapfs.first', 3)).toBe(-34)
    expect(ask('user.snapfs.nothing', 64)).toBe(-61)
    expect(ask('security.selinux', 64)).toBe(-95)
    expect(body(client.ask(23, node, words(0, 0))).readUInt32LE(0)).toBe(0)
    expect(body(client.ask(23, node, words(64, 0))).length).toBe(0)
  })
})

describe('a server', () => {
  test('answers whatever it is sent: no throw, no report, one valid answer', () => {
    const { server, reported } = serveHistory(new MemoryCatalog(SUITE_HISTORY), 'UTC')
    const names = ['by-date', 'latest', 'a', '.', '..', 'by-file', 'deleted', 'changes', '@gmt']
    const request = fc.tuple(
      fc.nat(60),
      fc.bigInt(0n, 400n),
      fc.oneof(
        fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
        fc.constantFrom(...names).map(name),
        fc.tuple(fc.nat(70_000), fc.bigInt(0n, 1n << 64n)).map(([size, at]) => reading(size, at)),
      ),
    )
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
        for (const [opcode, node, rest] of requests) {
          const bytes = fuseRequest(opcode, rest, { node, unique: 99n })
          const length = server.answer(bytes)
          if (length === 0) continue
          expect(server.reply.bytes.readUInt32LE(0)).toBe(length)
          expect(server.reply.bytes.readBigUInt64LE(8)).toBe(99n)
          const error = server.reply.bytes.readInt32LE(4)
          expect(error).toBeLessThanOrEqual(0)
          expect(error).toBeGreaterThan(-4096)
          if (error < 0) expect(length).toBe(16)
        }
      }),
      { numRuns: 300 },
    )
    expect(reported).toEqual([])
    expect(server.answer(fuseRequest(26, OFFERED_BY_LINUX_6_18))).toBe(80)
  })

  test('sends ahead what will be read next, once two files of a directory were read', () => {
    const tree = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}`, file(`${n}`)]))
    const { client, pushed, overtaken } = served([{ id: FIRST.id, tree }])
    const top = client.walk(`/by-date/${FIRST_DATE}`)!.node
    const listed = client.list(top, true, 1 << 17)!.map((one) => one.name)
    const nodeOf = (index: number): bigint =>
      client.walk(`/by-date/${FIRST_DATE}/${listed[index]!}`)!.node
    client.ask(15, nodeOf(0), reading(4096, 0n))
    expect(pushed).toEqual([])
    client.ask(15, nodeOf(1), reading(4096, 0n))
    expect(pushed.map(({ id }) => BigInt(id))).toEqual(
      // The reader is at the next ones before they could be there.
      Array.from({ length: 64 }, (_, n) => nodeOf(n + 5)),
    )
    // Whoever is there first says so.
    expect(overtaken).toEqual([])
    client.ask(15, nodeOf(7), reading(4096, 0n))
    expect(overtaken.map(BigInt)).toEqual([nodeOf(7)])
    // Nothing is sent twice.
    client.ask(15, nodeOf(69), reading(4096, 0n))
    expect(pushed).toHaveLength(64 + 27)
  })

  /** A process that has read files of directory `a` in their order, and comes to `b`. */
  function reader({ client, server }: Pick<ServedHistory, 'client' | 'server'>) {
    const nodeOf = (path: string) => client.walk(`/by-date/${FIRST_DATE}/${path}`)!.node
    const [a, b] = [nodeOf('a'), nodeOf('b')]
    client.list(a, true, 1 << 17)
    const ask = (opcode: number, node: bigint, body: Buffer, process = 5) =>
      server.answer(fuseRequest(opcode, body, { unique: 0x7_0000_0009n, node, process }))
    for (const name of ['f1', 'f2']) ask(15, nodeOf(`a/${name}`), reading(4096, 0n))
    /** Up to its end, which is asked for by this process. @returns the length of the answer to that */
    const list = (directory: bigint, process: number): number => {
      ask(44, directory, reading(1 << 17, 0n), process)
      server.rest()
      const last = server.reply.bytes.subarray(0, server.reply.bytes.readUInt32LE(0))
      // The last place that was told, from the dirent before the last name.
      const offset = last.readBigUInt64LE(last.length - 24)
      return ask(44, directory, reading(1 << 17, offset), process)
    }
    return { b, nodeOf, list }
  }

  test('keeps a reader waiting for the end of the next listing until enough is sent', () => {
    const names = Array.from({ length: 10 }, (_, n) => `f${n}`)
    const tree = Object.fromEntries(
      names.flatMap((name) => [
        [`a/${name}`, file(name)],
        [`b/${name}`, file(`other ${name}`)],
      ]),
    )
    const { client, pushed, held, pushing, state, ...history } = served([{ id: FIRST.id, tree }])
    const { b, nodeOf, list } = reader({ client, ...history })
    pushed.length = 0
    expect(list(b, 5)).toBe(16)
    pushing.is = true
    expect(list(b, 6)).toBe(16)
    expect([pushed, held]).toEqual([[], []])
    expect(list(b, 5)).toBe(0)
    expect(held).toEqual([{ place: 0, until: 4 }])
    expect(state.settleAll()).toEqual([{ uniqueLow: 9, uniqueHigh: 7 }])
    expect(pushed.map(({ id }) => BigInt(id))).toEqual(
      client.list(b, true, 1 << 17)!.map(({ name }) => nodeOf(`b/${name}`)),
    )
    // All is sent.
    expect(list(b, 5)).toBe(16)
  })

  test('answers himself when whoever was to do so has ended', () => {
    const tree = Object.fromEntries(
      ['a', 'b'].flatMap((name) =>
        Array.from({ length: 10 }, (_, n) => [`${name}/f${n}`, file(`${name}${n}`)]),
      ),
    )
    const { pushing, held, state, ...history } = served([{ id: FIRST.id, tree }])
    const { b, list } = reader(history)
    Object.assign(pushing, { is: true, ends: true })
    expect(list(b, 5)).toBe(16)
    expect(held).toHaveLength(1)
    expect(state.settleAll()).toEqual([])
  })

  test('counts what was read since a directory was listed from its beginning', () => {
    const tree = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}`, file(`${n}`)]))
    const { client, pushed } = served([{ id: FIRST.id, tree }])
    const top = client.walk(`/by-date/${FIRST_DATE}`)!.node
    const read = (path: string) => client.ask(15, client.walk(path)!.node, reading(4096, 0n))
    for (const name of ['f1', 'f2']) {
      client.list(top, true, 1 << 17)
      read(`/by-date/${FIRST_DATE}/${name}`)
      expect(pushed).toEqual([])
    }
    read(`/by-date/${FIRST_DATE}/f3`)
    expect(pushed).not.toEqual([])
  })
})
