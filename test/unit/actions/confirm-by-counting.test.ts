import { describe, expect, test } from 'vitest'
import { discrepancies, unlinkedWarnings } from '../../../src/actions/confirm-by-counting.ts'

const LISTED = { files: 10, directories: 3, symlinks: 2, specials: 1 }
const STORED = { ...LISTED, linked: 5, linkedFiles: 5, closed: 0 }

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

describe('what is neither changed nor linked', () => {
  const unlinked = (files: number, changedFiles: number, linkedFiles: number) =>
    unlinkedWarnings({ changedFiles, attributeOnlyFiles: 1 }, { files, linkedFiles })

  test('was stored anew, and is counted', () => {
    expect(unlinked(10, 2, 4)).toEqual([expect.stringMatching(/^3 unchanged files had/u)])
    expect(unlinked(10, 2, 6)).toEqual([expect.stringMatching(/^1 unchanged file had/u)])
  })

  test('is nothing on an ordinary day, or when a changed file was not stored', () => {
    expect(unlinked(10, 2, 7)).toEqual([])
    expect(unlinked(9, 2, 7)).toEqual([])
  })
})
