import { describe, expect, test } from 'vitest'
import { parseAttributes } from '../../../src/scan/list-nodump.ts'

describe('what lsattr says', () => {
  test('is read path by path', () => {
    const output = '------d-------e------- /a/b\n--------------e------- /a/c d\n'
    expect(parseAttributes(output, ['/a/b', '/a/c d'])).toEqual([
      '------d-------e-------',
      '--------------e-------',
    ])
  })

  test('may lack paths that it could not look at', () => {
    expect(parseAttributes('--d-- /b\n', ['/a', '/b', '/c'])).toEqual([
      undefined,
      '--d--',
      undefined,
    ])
    expect(parseAttributes('', ['/a'])).toEqual([undefined])
  })

  test('is not taken for another, whatever a name holds', () => {
    const odd = '/a\n--d-- /b'
    expect(parseAttributes(`----- ${odd}\n----- /b\n`, [odd, '/b'])).toEqual(['-----', '-----'])
  })
})
