import { describe, expect, test } from 'vitest'
import { BASES_LIMIT, rsyncArguments, type TransferRequest } from '../../../src/rsync/arguments.ts'
import { excludePathRule, filterRule } from '../../../src/rsync/filter-rules.ts'
import { compareVersions, parseRsyncVersion } from '../../../src/rsync/version.ts'

const REQUEST: TransferRequest = {
  source: '/home/anna',
  destination: '/repo/home/.incoming/x/tree',
  bases: ['/repo/home/2026-11-21T00-00-00Z/tree'],
  filters: ['- *.tmp'],
  scope: 'everything',
  comparesNanoseconds: true,
  copiesAcls: true,
  copiesXattrs: true,
  stallMs: Infinity,
}

describe('the command line of rsync', () => {
  test('copies everything and links against the bases', () => {
    const words = rsyncArguments(REQUEST)
    for (const word of [
      '--archive',
      '--hard-links',
      '--acls',
      '--xattrs',
      '--numeric-ids',
      '--sparse',
      '--modify-window=-1',
      '--filter=- *.tmp',
      '--link-dest=/repo/home/2026-11-21T00-00-00Z/tree',
    ]) {
      expect(words).toContain(word)
    }
    expect(words.slice(-3)).toEqual(['--', '/home/anna/', '/repo/home/.incoming/x/tree/'])
  })

  test('never holds what writes in place, deletes, or breaks or loosens links', () => {
    const words = [
      ...rsyncArguments(REQUEST),
      ...rsyncArguments({ ...REQUEST, scope: 'listed-by-content' }),
    ].join(' ')
    expect(words).not.toMatch(
      /--(?:inplace|append|delete|backup|atimes|chmod|ignore-times|size-only|ignore-existing|temp-dir|copy-links|insecure-links)/u,
    )
  })

  test('begins with what the user adds, and keeps to one file system where it walks', () => {
    const asked = { ...REQUEST, fileSystems: 'one', options: ['--bwlimit=1m'] } as const
    expect(rsyncArguments(asked).slice(0, 2)).toEqual(['--bwlimit=1m', '--archive'])
    expect(rsyncArguments(asked)).toContain('--one-file-system')
    expect(rsyncArguments({ ...asked, scope: 'listed' })).not.toContain('--one-file-system')
    expect(rsyncArguments(REQUEST)).not.toContain('--one-file-system')
  })

  test('compares listed paths by content, separated by NUL', () => {
    const words = rsyncArguments({ ...REQUEST, scope: 'listed-by-content' })
    expect(words).toEqual(expect.arrayContaining(['--checksum', '--from0', '--files-from=-']))
  })

  test('the time of a directory is set to the nanosecond, whatever is compared by the second', () => {
    const scope = 'listed-directories'
    const request = { ...REQUEST, scope, comparesNanoseconds: false } as const
    expect(rsyncArguments(request)).toContain('--modify-window=-1')
  })

  test('compares by the second where nanoseconds are not kept', () => {
    expect(rsyncArguments({ ...REQUEST, comparesNanoseconds: false })).not.toContain(
      '--modify-window=-1',
    )
  })

  test('names no more bases than rsync takes', () => {
    const bases = Array.from({ length: 30 }, (_, n) => `/repo/${n}`)
    const words = rsyncArguments({ ...REQUEST, bases })
    expect(words.filter((word) => word.startsWith('--link-dest='))).toHaveLength(BASES_LIMIT)
  })

  test('keeps a source of / a source of /', () => {
    expect(rsyncArguments({ ...REQUEST, source: '/' })).toContain('/')
  })
})

describe('filter rules', () => {
  test('take a pattern as it is, whatever it begins with', () => {
    expect(filterRule('!')).toBe('- !')
    expect(filterRule('*.tmp')).toBe('- *.tmp')
    expect(filterRule('- *.tmp')).toBe('- *.tmp')
    expect(filterRule('+ /keep/')).toBe('+ /keep/')
  })

  test('escape a path only when it holds a wildcard', () => {
    expect(excludePathRule('/plain\\name')).toBe('- /plain\\name')
    expect(excludePathRule('/a*b\\c')).toBe('- /a\\*b\\\\c')
    expect(excludePathRule('/[x]?')).toBe('- /\\[x\\]\\?')
  })
})

describe('the version of rsync', () => {
  const TEXT = `rsync  version 3.5.0  protocol version 32
Capabilities:
    64-bit files, socketpairs, symlinks, ACLs, xattrs, optional secluded-args, no crtimes`

  test('is read with what it was built with', () => {
    expect(parseRsyncVersion(TEXT)).toEqual({ text: '3.5.0', acls: true, xattrs: true })
    expect(parseRsyncVersion(TEXT.replace('ACLs, xattrs', 'no ACLs, no xattrs'))).toMatchObject({
      acls: false,
      xattrs: false,
    })
  })

  test('is unknown for what is not rsync', () => {
    expect(parseRsyncVersion('openrsync: protocol version 29')).toBeUndefined()
    expect(parseRsyncVersion('')).toBeUndefined()
  })

  test.each([
    ['3.2.4', '3.2.4', 0],
    ['3.10.0', '3.9.9', 1],
    ['3.1.3', '3.2.4', -1],
    ['3.5', '3.5.0', 0],
  ])('%s against %s is %i', (left, right, sign) => {
    expect(Math.sign(compareVersions(left, right))).toBe(sign)
  })
})
