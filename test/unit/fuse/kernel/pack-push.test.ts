import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packPush, unpackPush } from '../../../../src/fuse/kernel/pack-push.ts'
import type { BytePath, EntryName } from '../../../../src/model/entry-name.ts'

const safe = fc.nat({ max: Number.MAX_SAFE_INTEGER })

test('what is packed is unpacked as it was', () => {
  const file = fc.record({
    id: safe,
    name: fc
      .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 255 })
      .map((bytes) => Buffer.from(bytes).toString('latin1') as EntryName),
    inode: fc.oneof(safe, fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n })),
    birth: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
    device: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  })
  const push = fc.record({
    directory: fc.constantFrom(undefined, '/some/where' as BytePath),
    files: fc.array(file),
    held: fc.constantFrom(undefined, { place: 3, until: 4 }),
  })
  fc.assert(
    fc.property(push, (one) => {
      expect(unpackPush(packPush(one))).toEqual(one)
    }),
  )
})
