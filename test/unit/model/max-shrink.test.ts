import { describe, expect, test } from 'vitest'
import { parseMaxShrink } from '../../../src/model/max-shrink.ts'

describe('how much a source may shrink', () => {
  test.each([
    ['50 %', 0.5],
    [' 2.5% ', 0.025],
    ['100%', 1],
    ['0 %', 0],
    ['off', Infinity],
    ['', undefined],
    ['50', undefined],
    ['101 %', undefined],
    ['-1 %', undefined],
    ['half', undefined],
    ['1e1 %', undefined],
  ])('is read from %j', (text, share) => {
    expect(parseMaxShrink(text)).toBe(share)
  })
})
