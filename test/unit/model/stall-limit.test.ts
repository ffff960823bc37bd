import { describe, expect, test } from 'vitest'
import { parseStallLimitMs } from '../../../src/model/stall-limit.ts'

describe('a limit for stalls', () => {
  test('is a duration of a second or more, or "off"', () => {
    expect(parseStallLimitMs('30 minutes')).toBe(1_800_000)
    expect(parseStallLimitMs('1 s')).toBe(1000)
    expect(parseStallLimitMs(' off ')).toBe(Infinity)
  })

  test.each(['0 s', '', '5', 'never', '-1 s', 'forever'])('is not "%s"', (text) => {
    expect(parseStallLimitMs(text)).toBeUndefined()
  })
})
