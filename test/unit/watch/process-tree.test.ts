import { describe, expect, test } from 'vitest'
import { parseProcessStat } from '../../../src/watch/process-tree.ts'

const REST =
  'S 41 42 42 0 -1 4194304 310 20 0 0 17 25 3 4 20 0 1 0 9876543 12345 678 18446744073709551615 1 1 0'

describe('a line of /proc/PID/stat', () => {
  test('tells parent, processor time and when the process began', () => {
    expect(parseProcessStat(`42 (rsync) ${REST}\n`)).toEqual({
      pid: 42,
      name: 'rsync',
      parent: 41,
      startTicks: '9876543',
      cpuTicks: 42,
    })
  })

  test.each(['rs) S 7 (ync', 'a b c', ')', '', 'line\nbreak'])(
    'is read behind the name "%s"',
    (name) => {
      expect(parseProcessStat(`42 (${name}) ${REST}`)).toMatchObject({
        name,
        parent: 41,
        cpuTicks: 42,
      })
    },
  )

  test.each(['', '42', '42 (rsync) S 1', 'nonsense'])('is nothing when it is "%s"', (text) => {
    expect(parseProcessStat(text)).toBeUndefined()
  })
})
