import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SnapshotId } from '../../../src/model/snapshot-id.ts'
import { lostFiles, planFreeing } from '../../../src/space/free-room.ts'
import { freedBytes } from '../../../src/space/space-sums.ts'
import { SpaceTable } from '../../../src/space/space-table.ts'

/** A version of a file: in which snapshots it is, and what it takes. */
interface Version {
  readonly from: number
  readonly to: number
  readonly blocks: number
  readonly elsewhere?: boolean
}

const DIRECTORY_BLOCKS = 8

function series(count: number, versions: readonly Version[]): SpaceTable {
  const table = new SpaceTable()
  for (let number = 0; number < count; number += 1) {
    versions.forEach(({ from, to, blocks, elsewhere }, index) => {
      if (number < from || number > to) return
      const links = to - from + 1 + (elsewhere === true ? 1 : 0)
      table.see({ inode: index, links, blocks }, table.placeOfDirectory('tree'), `f${index}`)
    })
    const id = `2026-11-20T08-00-${String(number).padStart(2, '0')}Z` as SnapshotId
    table.end({
      key: { id, sequence: number, inode: `${number}` },
      ...{ names: 0, directories: 1, directoryBlocks: DIRECTORY_BLOCKS, closed: 0 },
    })
  }
  return table
}

const NONE = new Set<number>()
const allOf = (count: number) => new Set(Array.from({ length: count }, (_none, number) => number))

describe('making room', () => {
  test('takes the large version that few have, and not many small ones', () => {
    const small = Array.from({ length: 50 }, () => ({ from: 1, to: 1, blocks: 20 }))
    const table = series(5, [...small, { from: 3, to: 3, blocks: 1000 }])
    const plan = planFreeing(table, NONE, allOf(4), 900 * 512)
    expect(plan).toMatchObject({ kind: 'enough', removed: new Set([3]) })
    expect(lostFiles(table, new Set([3]))).toBe(1)
  })

  test('takes all the snapshots that share a version, or none of them', () => {
    const table = series(8, [
      { from: 2, to: 4, blocks: 5000 },
      { from: 0, to: 0, blocks: 100 },
      { from: 6, to: 7, blocks: 9000 },
    ])
    expect(planFreeing(table, NONE, allOf(7), 4000 * 512)).toMatchObject({
      ...{ kind: 'enough', removed: new Set([2, 3, 4]) },
      freedBytes: (5000 + 3 * DIRECTORY_BLOCKS) * 512,
    })
  })

  test('says how much there could be when all that may go would not do', () => {
    const table = series(4, [
      { from: 0, to: 3, blocks: 9000 },
      { from: 1, to: 1, blocks: 100 },
    ])
    const most = (100 + 3 * DIRECTORY_BLOCKS) * 512
    expect(planFreeing(table, NONE, allOf(3), most + 1)).toEqual({
      ...{ kind: 'too little', freedBytes: most },
    })
    expect(planFreeing(table, NONE, allOf(3), most)).toMatchObject({ kind: 'enough' })
  })

  test('removes nothing more where what goes anyhow is enough', () => {
    const table = series(4, [{ from: 0, to: 0, blocks: 1000 }])
    const going = new Set([0])
    expect(planFreeing(table, going, allOf(3), 1000 * 512)).toMatchObject({ removed: going })
  })

  const histories = fc.integer({ min: 1, max: 9 }).chain((count) =>
    fc.record({
      count: fc.constant(count),
      versions: fc.array(
        fc
          .tuple(fc.nat(count - 1), fc.nat(count - 1), fc.nat(60), fc.nat(5))
          .map(([one, other, blocks, dice]): Version => ({
            ...{ from: Math.min(one, other), to: Math.max(one, other), blocks },
            elsewhere: dice === 0,
          })),
        { maxLength: 14 },
      ),
      fates: fc.array(fc.constantFrom('goes', 'may', 'may', 'may', 'stays'), {
        ...{ minLength: count, maxLength: count },
      }),
      percent: fc.integer({ min: 1, max: 110 }),
    }),
  )

  test('frees enough, removes only what may go, and nothing that it need not', () => {
    fc.assert(
      fc.property(histories, ({ count, versions, fates, percent }) => {
        const table = series(count, versions)
        const numbersOf = (fate: string) =>
          new Set(fates.flatMap((one, number) => (one === fate ? [number] : [])))
        const goes = numbersOf('goes')
        const may = numbersOf('may')
        const most = freedBytes(table, new Set([...goes, ...may]))
        const goal = Math.round((most * percent) / 100)
        const plan = planFreeing(table, goes, may, goal)
        if (plan.kind === 'too little') {
          expect([plan.freedBytes, most < goal]).toEqual([most, true])
          return
        }
        expect(plan.freedBytes).toBe(freedBytes(table, plan.removed))
        expect(plan.freedBytes).toBeGreaterThanOrEqual(goal)
        for (const number of goes) expect(plan.removed).toContain(number)
        for (const number of plan.removed) {
          if (goes.has(number)) continue
          expect(may).toContain(number)
          const without = new Set([...plan.removed].filter((one) => one !== number))
          expect(freedBytes(table, without)).toBeLessThan(goal)
        }
      }),
    )
  })
})
