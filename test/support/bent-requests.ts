/** What a broken or hostile kernel might ask, and whether a server has an answer for it. */
import { fuseRequest, longs, name, reading, words } from './fuse-requests.ts'

interface Answering {
  readonly reply: { readonly bytes: Buffer }
  answer(request: Buffer): number
  rest(): void
}

export interface Answers {
  /** How often there was which error; 0 for none. */
  readonly errors: ReadonlyMap<number, number>
  readonly slowestMs: number
  /** A request that had no valid answer, in hex. */
  readonly unanswered: string | undefined
}

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

/**
 * Requests as they come, then bent: bits turned, ends cut off or grown, numbers of nodes and kinds exchanged.
 * @param known nodes to ask for, which may change
 * @param names to look up; attributes are called by the first nine
 */
function requestsFrom(
  random: (bound: number) => number,
  known: readonly bigint[],
  names: readonly string[],
): () => Buffer {
  const bodies: readonly (() => Buffer)[] = [
    () => name(names[random(names.length)]!),
    () => reading(random(20_000), BigInt(random(2 ** 32)) * BigInt(random(2 ** 32))),
    () => reading(4096, 0n),
    () => longs(BigInt(random(4))),
    () => Buffer.concat([words(random(5), 0), longs(BigInt(random(300)), BigInt(random(3)))]),
    () => Buffer.concat([words(random(300), 0), name(`user.snapfs.${names[random(9)]!}`)]),
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

/** Asks so many bent requests, the same for a seed. @param before each, with its number */
export function askBent(
  server: Answering,
  {
    count,
    seed,
    names,
  }: { readonly count: number; readonly seed: number; readonly names: readonly string[] },
  before: (index: number) => void = () => undefined,
): Answers {
  const known = [1n]
  const next = requestsFrom(randomFrom(seed), known, names)
  const errors = new Map<number, number>()
  let slowestMs = 0
  for (let index = 0; index < count; index += 1) {
    before(index)
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
    if (!isValid) return { errors, slowestMs, unanswered: request.toString('hex') }
    if (length === 144 && error === 0) known.push(reply.readBigUInt64LE(16))
    errors.set(error, (errors.get(error) ?? 0) + 1)
  }
  return { errors, slowestMs, unanswered: undefined }
}
