import { open, readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { answerForPusher } from '../../../../src/fuse/kernel/answer-for-pusher.ts'
import { eventually } from '../../../support/eventually.ts'
import { useTemporaryDirectory } from '../../../support/temporary-directory.ts'
import { ThreadsState } from '../../../../src/fuse/kernel/threads-state.ts'

const directory = useTemporaryDirectory()
const files = [7, 8, 9, 2 ** 32 + 10].map((id) => ({ id }))

/** What two threads have of one memory. */
function twoEnds(): readonly [ThreadsState, ThreadsState] {
  const memory = ThreadsState.memory()
  return [new ThreadsState(memory), new ThreadsState(memory)]
}

describe('what is sent ahead', () => {
  test('goes on where it is as long as nobody is there first', () => {
    const [, sending] = twoEnds()
    expect([0, 1, 4].map((at) => sending.next(files, at))).toEqual([0, 1, 4])
  })

  test('goes on after the file that was asked for, once', () => {
    const [answering, sending] = twoEnds()
    answering.noteOvertaken(8)
    expect(sending.next(files, 0)).toBe(2)
    expect(sending.next(files, 0)).toBe(0)
    answering.noteOvertaken(2 ** 32 + 10)
    expect(sending.next(files, 0)).toBe(4)
  })

  test('does not go back, nor after a file of another directory', () => {
    const [answering, sending] = twoEnds()
    answering.noteOvertaken(7)
    expect(sending.next(files, 3)).toBe(3)
    answering.noteOvertaken(100)
    expect(sending.next(files, 1)).toBe(1)
  })

  test('is apart from what is told', () => {
    const [answering, telling] = twoEnds()
    answering.toTell()
    answering.toTell()
    telling.told()
    expect([answering.isTelling, telling.isTelling]).toEqual([true, true])
    telling.told()
    expect(answering.isTelling).toBe(false)
  })

  test('is known to be sent by somebody, to both', () => {
    const [answering, sending] = twoEnds()
    expect(answering.isPushing).toBe(false)
    sending.isPushing = true
    expect([answering.isPushing, sending.isPushing]).toEqual([true, true])
    sending.isPushing = false
    expect(answering.isPushing).toBe(false)
  })
})

describe('an answer that is left to another thread', () => {
  const unique = (uniqueLow: number) => ({ uniqueLow, uniqueHigh: 3 })

  /** @returns its place */
  const leave = (state: ThreadsState, uniqueLow: number): number => {
    const place = state.reserve()!
    expect(state.owe(place, unique(uniqueLow))).toBe(true)
    return place
  }

  test('is given by one of those who see it', () => {
    const [answering, sending] = twoEnds()
    const [first, second] = [leave(answering, 0xffff_fffe), leave(answering, 6)]
    expect(sending.settle(first)).toEqual(unique(0xffff_fffe))
    expect([answering.settle(first), sending.settle(first)]).toEqual([undefined, undefined])
    expect(answering.settleAll()).toEqual([unique(6)])
    expect(sending.settle(second)).toBeUndefined()
  })

  test('is not left to it where there is no place for it', () => {
    const [answering, sending] = twoEnds()
    const places = Array.from({ length: 100 }, () => answering.reserve())
    const taken = places.filter((place) => place !== undefined)
    expect(new Set(taken).size).toBe(taken.length)
    expect(places.at(-1)).toBeUndefined()
    expect(answering.owe(taken[5]!, unique(12))).toBe(true)
    expect(sending.settle(taken[5]!)).toEqual(unique(12))
    expect(answering.reserve()).toBe(taken[5])
  })

  test('is not left to it when it has sent enough by then', () => {
    const [answering, sending] = twoEnds()
    const place = answering.reserve()!
    expect(sending.settle(place)).toBeUndefined()
    expect(answering.owe(place, unique(6))).toBe(false)
    // Nor has a place room for two, nor for a number that stands for something else.
    const other = leave(answering, 8)
    expect(answering.owe(other, unique(10))).toBe(false)
    expect(sending.settle(other)).toEqual(unique(8))
    const last = answering.reserve()!
    expect(answering.owe(last, { uniqueLow: 1, uniqueHigh: 0 })).toBe(false)
    expect(sending.settle(last)).toBeUndefined()
  })

  test('comes when that thread has ended', async () => {
    const [answering, sending] = twoEnds()
    sending.isPushing = true
    for (const low of [6, 8]) leave(answering, low)
    await using device = await open(`${directory()}/device`, 'w+')
    answerForPusher(device.fd, sending)
    await eventually(async () => expect((await device.stat()).size).toBe(32))
    const told = await readFile(`${directory()}/device`)
    expect([0, 16].map((at) => told.readUInt32LE(at))).toEqual([16, 16])
    expect([8, 24].map((at) => told.readBigUInt64LE(at)).sort()).toEqual([
      0x3_0000_0006n,
      0x3_0000_0008n,
    ])
    expect([answering.isPushing, answering.settleAll()]).toEqual([false, []])
  })
})
