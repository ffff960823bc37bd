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

  test('is given by one of those who see it', () => {
    const [answering, sending] = twoEnds()
    const [first, second] = [answering.owe(unique(0xffff_fffe)), answering.owe(unique(6))]
    expect(sending.settle(first!)).toEqual(unique(0xffff_fffe))
    expect([answering.settle(first!), sending.settle(first!)]).toEqual([undefined, undefined])
    expect(answering.settleAll()).toEqual([unique(6)])
    expect(sending.settle(second!)).toBeUndefined()
  })

  test('is not left to it where there is no place for it', () => {
    const [answering, sending] = twoEnds()
    const places = Array.from({ length: 100 }, (_, n) => answering.owe(unique(2 * n + 2)))
    const taken = places.filter((place) => place !== undefined)
    expect(new Set(taken).size).toBe(taken.length)
    expect(places.at(-1)).toBeUndefined()
    expect(sending.settle(taken[5]!)).toEqual(unique(12))
    expect(answering.owe(unique(1000))).toBe(taken[5])
    // Of a number whose lower half is 0 it could not be told that it is owed.
    answering.settleAll()
    expect(answering.owe(unique(0))).toBeUndefined()
  })

  test('comes when that thread has ended', async () => {
    const [answering, sending] = twoEnds()
    sending.isPushing = true
    for (const low of [6, 8]) answering.owe(unique(low))
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
