import { describe, expect, test } from 'vitest'
import { compileIgnoreFile, parseIgnoreFile } from '../../../src/filter/ignore-file.ts'

const patternsOf = (text: string): readonly string[] =>
  parseIgnoreFile(text).map(({ pattern }) => pattern)

describe('a file of patterns', () => {
  test.each([
    ['', []],
    ['a', ['a']],
    ['a\nb\n', ['a', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['\n\n a \n', [' a ']],
    ['# a\n;b\n #c', [' #c']],
    ['- a\n+ b\n!', ['- a', '+ b', '!']],
    ['a\0b\nc', ['a', 'c']],
    ['\0a', []],
    [`${'a'.repeat(4095)}\n${'a'.repeat(4096)}`, ['a'.repeat(4095)]],
  ])('%j holds %j', (text, patterns) => {
    expect(patternsOf(text)).toEqual(patterns)
  })

  test('takes a leading slash for its own directory, and no other', () => {
    const match = compileIgnoreFile('/a\nb/c\n')
    const isOut = (path: string, below: string): boolean =>
      match(path, below, 'other') !== undefined
    expect(isOut('x/a', 'a')).toBe(true)
    expect(isOut('x/y/a', 'y/a')).toBe(false)
    expect(isOut('x/b/c', 'b/c')).toBe(true)
    expect(isOut('x/y/b/c', 'y/b/c')).toBe(true)
    // As in rsync, whose pattern without a leading slash knows nothing of where it stands.
    expect(isOut('b/c', 'c')).toBe(true)
  })

  test('names the pattern that leaves something out', () => {
    const match = compileIgnoreFile('x\n*.gr\xc3\xbcn\n')
    expect(match('a.gr\xc3\xbcn', 'a.gr\xc3\xbcn', 'other')?.text).toBe('- *.grün')
  })
})
