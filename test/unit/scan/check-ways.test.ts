import { describe, expect, test } from 'vitest'
import { checkWays } from '../../../src/scan/check-ways.ts'
import type { ScanCounts } from '../../../src/scan/source-scan.ts'

const COUNTS: ScanCounts = {
  ...{ entries: 9, files: 5, directories: 2, symlinks: 1, specials: 1, totalBytes: 0 },
}
const WHOLE = {
  counts: COUNTS,
  linkCount: 2,
  ...{ suspects: ['a'], copies: ['b', 'c'], undecided: ['d'], resumed: ['e'] },
}

describe('a scan held against itself', () => {
  test('is whole when each entry but a directory goes one way', () => {
    expect(() => checkWays(WHOLE)).not.toThrow()
  })

  test('is a defect when an entry goes none, or two', () => {
    expect(() => checkWays({ ...WHOLE, copies: ['b'] })).toThrow(/found 7 .* decided about 6/u)
    expect(() => checkWays({ ...WHOLE, linkCount: 3 })).toThrow(/found 7 .* decided about 8/u)
  })
})
