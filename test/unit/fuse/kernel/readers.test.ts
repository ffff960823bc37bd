import { expect, test } from 'vitest'
import { Readers } from '../../../../src/fuse/kernel/readers.ts'

test('who read files in order is expected to read those of the next four directories', () => {
  const readers = new Readers()
  expect(readers.expect(7)).toBeUndefined()
  readers.saw(7)
  expect(readers.knows(7)).toBe(true)
  expect(readers.knows(8)).toBe(false)
  // From the third on it has to show.
  expect(Array.from({ length: 5 }, () => readers.expect(7)?.isDoubted)).toEqual([
    ...[false, false, true, true],
    undefined,
  ])
  expect(readers.knows(7)).toBe(false)
})

test('who is seen to read is expected to go on', () => {
  const readers = new Readers()
  readers.saw(7)
  for (let time = 0; time < 20; time += 1) {
    const expected = readers.expect(7)
    expect(expected).toBeDefined()
    if (expected?.isDoubted === true) readers.saw(7)
  }
})
