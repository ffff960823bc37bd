import { describe, expect, test } from 'vitest'
import { discrepancies } from '../../../src/actions/confirm-by-counting.ts'

const LISTED = { files: 10, directories: 3, symlinks: 2, specials: 1 }
const STORED = { ...LISTED, linked: 5, closed: 0 }

describe('the count of a tree from another machine', () => {
  test('says nothing when it holds what was listed', () => {
    expect(discrepancies(LISTED, STORED, 0)).toEqual([])
  })

  test('says nothing when as much is missing as rsync complained about', () => {
    expect(discrepancies(LISTED, { ...STORED, files: 8, symlinks: 1 }, 3)).toEqual([])
  })

  test('is a problem when more is missing', () => {
    expect(discrepancies(LISTED, { ...STORED, files: 8, symlinks: 1 }, 2)).toMatchObject([
      {
        kind: 'other',
        message: expect.stringMatching(/8 of 10 files, 1 of 2 symlinks$/u) as string,
      },
    ])
  })

  test('is a problem when one kind took the place of another, or there is too much', () => {
    expect(discrepancies(LISTED, { ...STORED, files: 9, specials: 2 }, 1)).toHaveLength(1)
    expect(discrepancies(LISTED, { ...STORED, directories: 4 }, 0)).toHaveLength(1)
  })

  test('decides nothing where it could not look', () => {
    expect(discrepancies(LISTED, { ...STORED, files: 0, closed: 1 }, 0)).toEqual([])
  })
})
