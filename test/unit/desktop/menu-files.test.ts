import { describe, expect, test } from 'vitest'
import { FILE_MANAGERS, MARK, menuFilesOf } from '../../../src/desktop/menu-files.ts'
import { quoteForDesktopEntry, quoteForShell } from '../../../src/desktop/quote.ts'

describe('words in files that start programs', () => {
  test.each([
    ['/usr/bin/snapfs', '/usr/bin/snapfs', '/usr/bin/snapfs'],
    ['/a b/snapfs', "'/a b/snapfs'", '"/a b/snapfs"'],
    ["/o'neil", String.raw`'/o'\''neil'`, `"/o'neil"`],
    ['/a"b', `'/a"b'`, String.raw`"/a\\"b"`],
    ['/$HOME', "'/$HOME'", String.raw`"/\\$HOME"`],
    [String.raw`/a\b`, String.raw`'/a\b'`, String.raw`"/a\\\\b"`],
    ['/100%', '/100%', '/100%%'],
  ])('%s', (word, shell, desktopEntry) => {
    expect(quoteForShell(word)).toBe(shell)
    expect(quoteForDesktopEntry(word)).toBe(desktopEntry)
  })
})

test('every file of an entry tells whose it is, and starts the program for one file', () => {
  for (const fileManager of FILE_MANAGERS) {
    if (fileManager === 'thunar') continue
    for (const { text } of menuFilesOf(fileManager, '/usr/bin/snapfs')) {
      expect(text).toContain(MARK)
      const words = text.replaceAll(/[",]+/gu, ' ').replaceAll(/ +/gu, ' ')
      expect(words).toContain(`/usr/bin/snapfs open-versions --with ${fileManager} --`)
      expect(text).not.toContain('undefined')
    }
  }
})
