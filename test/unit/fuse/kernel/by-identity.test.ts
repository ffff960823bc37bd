import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByIdentity, type Identified } from '../../../../src/fuse/kernel/by-identity.ts'
import type { NodeIdentity } from '../../../../src/view/virtual-file-system.ts'

class Item implements Identified<Item> {
  readonly identity: NodeIdentity
  next: Item | undefined

  constructor(identity: NodeIdentity) {
    this.identity = identity
  }

  get inode(): number | bigint {
    return this.identity.inode
  }

  is({ inode, birth, device }: NodeIdentity): boolean {
    const own = this.identity
    return own.inode === inode && own.birth === birth && own.device === device
  }
}

test('finds what was added and not removed, of one number and of many', () => {
  const identity = fc.record({
    inode: fc.oneof(
      fc.integer({ min: 2, max: 5 }),
      fc.integer({ min: 2, max: 5 }).map((n) => n * 2 ** 45),
      fc.integer({ min: 0, max: 5 }).map((n) => 2n ** 63n + BigInt(n)),
    ),
    birth: fc.integer({ min: 0, max: 2 }),
    device: fc.constantFrom(1n, 2n),
  })
  const step = fc.record({ identity, removes: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), (steps) => {
      const table = new ByIdentity<Item>()
      const model = new Map<string, Item>()
      for (const { identity: one, removes } of steps) {
        const key = `${typeof one.inode} ${one.inode} ${one.birth} ${one.device}`
        expect(table.find(one)).toBe(model.get(key))
        const item = model.get(key) ?? new Item(one)
        if (removes) {
          table.remove(item)
          model.delete(key)
        } else if (!model.has(key)) {
          table.add(item)
          model.set(key, item)
        }
        expect(table.size).toBe(model.size)
      }
      for (const item of model.values()) expect(table.find(item.identity)).toBe(item)
    }),
  )
})

test('has room for many, and gives it back', () => {
  const table = new ByIdentity<Item>()
  // As ext4 numbers files, and as others do: in steps of a power of two.
  const items = Array.from(
    { length: 40_000 },
    (_, n) => new Item({ inode: n < 20_000 ? n + 12 : n * 2 ** 20, birth: 0, device: 1n }),
  )
  for (const item of items) table.add(item)
  for (const item of items) expect(table.find(item.identity)).toBe(item)
  for (const item of items.slice(1)) table.remove(item)
  expect(table.size).toBe(1)
  expect(table.find(items[0]!.identity)).toBe(items[0])
  expect(table.find(items[1]!.identity)).toBeUndefined()
})
