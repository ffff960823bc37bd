import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { comparisonOf, escapeAsRsync, parseOutputLine } from '../../../src/rsync/output-line.ts'
import { addLine, emptySummary } from '../../../src/rsync/transfer-summary.ts'

/** What rsync 3.5.0 printed for a small run with our options. */
const TRANSCRIPT = `
cd+++++++++ 4096 ./
>f+++++++++ 11 new.txt
>f.st...... 40 changed.txt
cf...p..... 7 chmodded
cL+++++++++ 7 link -> target
hf+++++++++ 11 twin => new.txt
              0   0%    0.00kB/s    0:00:00 (xfr#0, ir-chk=1000/2001)
      1,234 is no number of ours
     117964  12%   10.00MB/s    0:00:01 (xfr#3, to-chk=5/12)

Number of files: 12 (reg: 8, dir: 2, link: 1, dev: 1)
Number of created files: 3
Number of regular files transferred: 2
Total file size: 12345 bytes
Total transferred file size: 51 bytes
sent 1 bytes  received 2 bytes  3.00 bytes/sec
total size is 12345  speedup is 1.00
`

describe('a line of rsync', () => {
  test('counts what was changed, and what only changed its attributes', () => {
    const summary = emptySummary()
    for (const line of TRANSCRIPT.split('\n')) addLine(summary, parseOutputLine(line))
    expect(summary).toEqual({
      entries: 12,
      files: 8,
      directories: 2,
      symlinks: 1,
      specials: 1,
      totalBytes: 12345,
      changedFiles: 2,
      changedBytes: 51,
      attributeOnlyFiles: 1,
      attributeReasons: { mode: 1, owner: 0, group: 0, acl: 0, xattrs: 0 },
    })
  })

  test('tells progress, and whether the list is complete', () => {
    const text = '     117964  12%   10.00MB/s    0:00:01 (xfr#3, to-chk=5/12)  '
    expect(parseOutputLine(text)).toEqual({
      kind: 'progress',
      transferredBytes: 117964,
      checkedEntries: 7,
      knownEntries: 12,
      listComplete: true,
    })
    expect(parseOutputLine(text.replace('to-chk', 'ir-chk'))).toMatchObject({ listComplete: false })
  })

  test('is a value whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseOutputLine(text).kind).toBeTypeOf('string')
      }),
    )
  })
})

describe('a name', () => {
  // As rsync 3.5.0 printed each in a message about a file it could not open.
  test.each([
    ['plain', 'plain'],
    ['two\nlines', 'two\\#012lines'],
    ['\x1b[2J\x07', '\\#033[2J\\#007'],
    ['\x01\x7f', '\\#001\x7f'],
    ['\xff\xfe', '\\#377\\#376'],
    ['a\\#012b', 'a\\#134#012b'],
    ['back\\slash', 'back\\slash'],
    ['tab\tx', 'tab\tx'],
  ])('is spelt as rsync spells it: %j', (name, spelt) => {
    expect(escapeAsRsync(name)).toBe(spelt)
  })
})

describe('the code of a copied file', () => {
  test.each([
    ['>f+++++++++', 'absent'],
    ['>f.st......', 'otherSize'],
    ['>f..t......', 'otherTime'],
    ['>f.s.......', 'otherSize'],
    ['>fc........', 'alike'],
  ] as const)('says how it compares to the basis: %s', (code, comparison) => {
    expect(comparisonOf(code)).toBe(comparison)
  })
})
