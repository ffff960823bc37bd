import { constants } from 'node:os'
import { describe, expect, test } from 'vitest'
import { SnapfsError } from '../../../src/errors/snapfs-error.ts'
import { storageError } from '../../../src/repository/storage-error.ts'

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: no, mkdir '/repo/data'`), { code })
}

describe('a failed write to the repository', () => {
  test.each([
    ['ENOSPC', 'DESTINATION_FULL'],
    ['EDQUOT', 'DESTINATION_FULL'],
    // As Node 20 has it: the library below it does not know a quota.
    [`Unknown system error -${constants.errno.EDQUOT}`, 'DESTINATION_FULL'],
    ['EROFS', 'REPOSITORY_UNUSABLE'],
    ['EIO', 'REPOSITORY_UNUSABLE'],
    [`Unknown system error -${constants.errno.ESTALE}`, 'REPOSITORY_UNUSABLE'],
    ['Unknown system error -117', 'REPOSITORY_UNUSABLE'],
    ['EMLINK', 'REPOSITORY_UNUSABLE'],
    ['EINTR', 'REPOSITORY_UNUSABLE'],
  ])('with %s is told as %s', (code, name) => {
    const told = storageError(failure(code), '/repo')
    expect(told).toBeInstanceOf(SnapfsError)
    expect(told).toMatchObject({ code: name, message: expect.stringContaining('/repo') as string })
  })

  test('stays a defect where only one of ours explains it', () => {
    const error = failure('ENOENT')
    expect(storageError(error, '/repo')).toBe(error)
  })
})
