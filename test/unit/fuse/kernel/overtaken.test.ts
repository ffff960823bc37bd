import { describe, expect, test } from 'vitest'
import { Overtaken } from '../../../../src/fuse/kernel/overtaken.ts'

const files = [7, 8, 9, 2 ** 32 + 10].map((id) => ({ id }))

/** What two threads have of one memory. */
function twoEnds(): readonly [Overtaken, Overtaken] {
  const memory = Overtaken.memory()
  return [new Overtaken(memory), new Overtaken(memory)]
}

describe('what is sent ahead', () => {
  test('goes on where it is as long as nobody is there first', () => {
    const [, sending] = twoEnds()
    expect([0, 1, 4].map((at) => sending.next(files, at))).toEqual([0, 1, 4])
  })

  test('goes on after the file that was asked for, once', () => {
    const [answering, sending] = twoEnds()
    answering.note(8)
    expect(sending.next(files, 0)).toBe(2)
    expect(sending.next(files, 0)).toBe(0)
    answering.note(2 ** 32 + 10)
    expect(sending.next(files, 0)).toBe(4)
  })

  test('does not go back, nor after a file of another directory', () => {
    const [answering, sending] = twoEnds()
    answering.note(7)
    expect(sending.next(files, 3)).toBe(3)
    answering.note(100)
    expect(sending.next(files, 1)).toBe(1)
  })
})
