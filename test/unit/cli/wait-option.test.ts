import { describe, expect, test } from 'vitest'
import { parseWaitOption, spellOutWait, strayWaitLimit } from '../../../src/cli/wait-option.ts'
import { SnapfsError } from '../../../src/errors/snapfs-error.ts'

describe('--wait', () => {
  test('alone is for ever, and leaves the next word alone', () => {
    expect(spellOutWait(['backup', '--wait', 'home'])).toEqual(['backup', '--wait=forever', 'home'])
    expect(parseWaitOption('forever')).toBe(Infinity)
  })

  test('keeps its value, its likes, and what is no option', () => {
    const words = ['backup', '--wait=30m', '--waiting', '--', '--wait']
    expect(spellOutWait(words)).toEqual(words)
    expect(spellOutWait(['list', '--wait'])).toEqual(['list', '--wait'])
    expect(parseWaitOption('30m')).toBe(1_800_000)
    expect(parseWaitOption('0s')).toBe(0)
  })

  test.each(['', '30', 'soon'])('refuses %j as a mistake of the command line', (text) => {
    expect(() => parseWaitOption(text)).toThrow(SnapfsError)
    expect(() => parseWaitOption(text)).toThrow(/a duration is written as "90 s"/u)
  })

  test('finds a duration that was taken for a profile', () => {
    expect(strayWaitLimit(Infinity, ['home', '30m'], ['home'])).toBe('30m')
    expect(strayWaitLimit(Infinity, ['home', '30m'], ['home', '30m'])).toBeUndefined()
    expect(strayWaitLimit(60_000, ['30m'], ['home'])).toBeUndefined()
    expect(strayWaitLimit(undefined, ['30m'], ['home'])).toBeUndefined()
  })
})
