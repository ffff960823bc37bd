import { constants } from 'node:os'
import { describe, expect, test } from 'vitest'
import { systemErrorCode } from '../../../src/errors/system-error.ts'

/** An error as Node makes it where the library below it has no name for the number. */
function unnamed(errno: number): Error {
  const code = `Unknown system error -${errno}`
  return Object.assign(new Error(`${code}: ${code}, mkdir '/repo'`), { code, errno: -errno })
}

describe('the name of what the operating system said', () => {
  test('is that of Node', () => {
    expect(systemErrorCode(Object.assign(new Error(), { code: 'ENOSPC' }))).toBe('ENOSPC')
  })

  test.each([
    ['a full quota', constants.errno.EDQUOT, 'EDQUOT'],
    ['a stale handle', constants.errno.ESTALE, 'ESTALE'],
    ['a damaged file system', 117, 'EUCLEAN'],
  ])('is known for %s, which Node does not name', (_what, errno, name) => {
    expect(systemErrorCode(unnamed(errno))).toBe(name)
    // As calls that wait have it.
    const waited = Object.assign(new Error(), { code: 'UNKNOWN', errno: -errno })
    expect(systemErrorCode(waited)).toBe(name)
  })

  test('is the number where nobody has a name', () => {
    expect(systemErrorCode(unnamed(4000))).toBe('Unknown system error -4000')
  })

  test('is absent from other errors', () => {
    expect(systemErrorCode(new Error('no'))).toBeUndefined()
    expect(systemErrorCode('ENOENT')).toBeUndefined()
  })
})
