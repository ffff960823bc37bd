import { beforeEach, describe, expect, test } from 'vitest'
import { OpenFiles } from '../../../../src/fuse/kernel/open-files.ts'

const LARGE = 128 * 1024
const A = { name: 'a' }
const B = { name: 'b' }

let said: string[] = []
let answer: (descriptor: number) => number

beforeEach(() => {
  said = []
  answer = (descriptor) => descriptor + 100
})

const backing = {
  open: (descriptor: number): number => {
    said.push(`open ${descriptor}`)
    return answer(descriptor)
  },
  close: (number: number): void => void said.push(`close ${number}`),
}

function file(descriptor: number | undefined) {
  return {
    ...(descriptor === undefined ? {} : { descriptor }),
    read: () => 0,
    close: () => void said.push(`closed ${descriptor}`),
  }
}

describe('open files of the kernel driver', () => {
  test('are found by their handles until they are released', () => {
    const files = new OpenFiles<object>(undefined)
    const [one, two] = [file(3), file(4)]
    const first = files.add(A, one, LARGE)
    const second = files.add(A, two, LARGE)
    expect([first.backing, second.backing]).toEqual([0, 0])
    expect([files.file(first.handle), files.file(second.handle)]).toEqual([one, two])
    files.remove(first.handle)
    files.remove(first.handle)
    expect(said).toEqual(['closed 3'])
    expect(files.file(first.handle)).toBeUndefined()
    expect(files.file(second.handle)).toBe(two)
  })

  test('are given to the kernel from 128 KiB on', () => {
    const files = new OpenFiles<object>(backing)
    expect(files.add(A, file(3), LARGE - 1).backing).toBe(0)
    expect(files.add(B, file(4), LARGE).backing).toBe(104)
    // What lies on no disk.
    expect(files.add({}, file(undefined), LARGE).backing).toBe(0)
    expect(said).toEqual(['open 4'])
  })

  test('are one file to the kernel as long as one of them is open', () => {
    const files = new OpenFiles<object>(backing)
    const [first, second] = [files.add(A, file(3), LARGE), files.add(A, file(4), LARGE)]
    expect([first.backing, second.backing]).toEqual([103, 103])
    files.remove(first.handle)
    const third = files.add(A, file(5), LARGE)
    expect(third.backing).toBe(103)
    files.remove(second.handle)
    files.remove(third.handle)
    expect(said).toEqual(['open 3', 'closed 3', 'closed 4', 'closed 5', 'close 103'])
    expect(files.add(A, file(6), LARGE).backing).toBe(106)
  })

  test('are read through the server as long as one of them is, when the kernel took none', () => {
    const files = new OpenFiles<object>(backing)
    answer = () => -40
    const first = files.add(A, file(3), LARGE)
    answer = (descriptor) => descriptor
    const second = files.add(A, file(4), LARGE)
    expect([first.backing, second.backing]).toEqual([0, 0])
    files.remove(first.handle)
    files.remove(second.handle)
    expect(files.add(A, file(5), LARGE).backing).toBe(5)
    expect(said).not.toContain('close 0')
  })
})
