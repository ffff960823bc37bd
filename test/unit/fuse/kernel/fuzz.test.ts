import { expect, test } from 'vitest'
import { fuseRequest, longs, name, reading, words } from '../../../support/fuse-requests.ts'
import { serveHistory } from '../../../support/kernel-server.ts'
import { MemoryCatalog } from '../../../support/memory-catalog.ts'
import { SUITE_HISTORY } from '../../../suites/view-suite.ts'

/** More of them with SNAPFS_TEST_REQUESTS=1000000, and others with SNAPFS_TEST_SEED. */
const REQUESTS = Number(process.env['SNAPFS_TEST_REQUESTS'] ?? 20_000)
const SEED = Number(process.env['SNAPFS_TEST_SEED'] ?? 1)
const NAMES = [
  ...['by-date', 'by-file', 'deleted', 'changes', '@gmt', 'latest', 'README.txt', '.history', '..'],
  ...['2026-07-01_10-00-00', 'notes.txt', 'notes@2026-07-01_10-00-00.txt', 'many', 'link', 'added'],
  ...['notes.txt@yesterday', 'notes.txt@~1', 'back', 'Documents', '@GMT-2026.07.01-08.00.00', 'x'],
]
/** No request that has been answered takes longer; a hang would never end. */
const LIMIT_MS = 2000

/** Numbers below a bound, the same for a seed (mulberry32). */
function randomFrom(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}

/** Requests as they come, then bent: bits turned, ends cut off or grown, numbers of nodes and kinds exchanged. */
function requestsFrom(random: (bound: number) => number, known: readonly bigint[]): () => Buffer {
  const bodies: readonly (() => Buffer)[] = [
    () => name(NAMES[random(NAMES.length)]!),
    () => reading(random(20_000), BigInt(random(2 ** 32)) * BigInt(random(2 ** 32))),
    () => reading(4096, 0n),
    () => longs(BigInt(random(4))),
    () => Buffer.concat([words(random(5), 0), longs(BigInt(random(300)), BigInt(random(3)))]),
    () => Buffer.concat([words(random(300), 0), name(`user.snapfs.${NAMES[random(9)]!}`)]),
    () => Buffer.concat([words(random(300), 0), name('user.snapfs.same-as')]),
    () => longs(BigInt(random(9)), BigInt(random(99)), BigInt(random(9))),
    () => Buffer.alloc(random(64)),
  ]
  const kinds = [
    1, 1, 1, 1, 1, 2, 3, 5, 14, 15, 15, 17, 18, 22, 23, 27, 28, 29, 36, 42, 44, 44, 46, 52,
  ]
  return () => {
    const kind = random(20) === 0 ? random(64) : kinds[random(kinds.length)]!
    const node = random(30) === 0 ? BigInt(random(2 ** 32)) << 31n : known[random(known.length)]!
    let request = fuseRequest(kind, bodies[random(bodies.length)]!(), { node, unique: 5n })
    if (random(3) === 0) {
      for (let turned = random(4); turned >= 0; turned -= 1) {
        const at = random(request.length)
        // Whom it is for is not bent, so that the answer can be told.
        if (at < 8 || at > 15) request[at]! ^= 1 << random(8)
      }
    }
    if (random(10) === 0) request = request.subarray(0, random(request.length))
    return request
  }
}

test(`a server has a valid answer for each of ${REQUESTS} bent requests`, () => {
  const { server, client, reported } = serveHistory(new MemoryCatalog(SUITE_HISTORY), 'UTC')
  const random = randomFrom(SEED)
  const known = [1n]
  const next = requestsFrom(random, known)
  let slowestMs = 0
  const kinds = new Map<number, number>()
  for (let index = 0; index < REQUESTS; index += 1) {
    if (index % 1000 === 0) client.walk('/by-file/notes.txt')
    // Some are forgotten meanwhile, and asked for all the same.
    if (known.length > 300) known.splice(1, 200)
    const request = next()
    const began = performance.now()
    const length = server.answer(request)
    const reply = Buffer.from(server.reply.bytes.subarray(0, Math.max(length, 16)))
    server.rest()
    slowestMs = Math.max(slowestMs, performance.now() - began)
    if (length === 0) continue
    const error = reply.readInt32LE(4)
    const isValid =
      reply.readUInt32LE(0) === length &&
      reply.readBigUInt64LE(8) === 5n &&
      (error === 0 || (error < 0 && error > -4096 && length === 16)) &&
      length <= server.reply.bytes.length
    if (!isValid) expect(request.toString('hex')).toBe('answered')
    if (length === 144 && error === 0) known.push(reply.readBigUInt64LE(16))
    kinds.set(error, (kinds.get(error) ?? 0) + 1)
  }
  expect(reported).toEqual([])
  expect(slowestMs).toBeLessThan(LIMIT_MS)
  // It was not refused alone: content, absence, and what is no more.
  for (const error of [0, -2, -22, -38, -116]) expect(kinds.get(error)).toBeGreaterThan(10)
})
