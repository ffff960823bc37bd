import { describe, expect, test } from 'vitest'
import { ThreadsState } from '../../../../src/fuse/kernel/threads-state.ts'

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
