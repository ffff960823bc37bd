import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ALLOWED_OPTIONS, objectionToRsyncOption } from '../../../src/model/rsync-option.ts'

describe('an option of rsync', () => {
  test.each(ALLOWED_OPTIONS.map(({ example }) => example))('%s is allowed', (example) => {
    expect(objectionToRsyncOption(example)).toBeUndefined()
  })

  test.each([
    ['--inplace', /since it writes into files that older snapshots share/u],
    ['--append-verify', /older snapshots share/u],
    ['--atimes', /access times/u],
    ['-U', /since -U changes the access times/u],
    ['--chmod=go-w', /nothing is linked/u],
    ['--size-only', /link what is not/u],
    ['--ignore-existing', /stale/u],
    ['--remove-source-files', /removes/u],
    ['--delete-after', /removes/u],
    ['--one-file-system', /one_file_system = true/u],
    ['-x', /one_file_system = true/u],
    ['--max-size=1g', /without the scan knowing/u],
    ['--copy-unsafe-links', /follows links/u],
    ['--link-dest=/x', /for snapfs to decide/u],
    ['--temp-dir=/x', /for snapfs to decide/u],
    ['--no-perms', /which attributes/u],
    ['--no-numeric-ids', /which attributes/u],
    ['--rsh=sh', /starts programs/u],
    ['-e', /starts programs/u],
    ['--rsync-path=/x', /starts programs/u],
    ['--log-file=/x', /starts programs/u],
    ['--files-from=/x', /without the scan/u],
    ['--info=all', /snapfs reads/u],
    ['-zv', /since -v changes what rsync prints/u],
    ['-z', /long form/u],
    ['--old-args', /protection/u],
    ['--insecure-links', /protection/u],
    ['--contimeout=3', /daemons/u],
    ['--brand-new', /not known to be safe/u],
    ['--bwlimi=1', /not known to be safe/u],
    ['--', /no option/u],
    ['', /no option/u],
    ['/etc/', /no option/u],
    ['host::module', /no option/u],
    ['--bwlimit', /written as --bwlimit=50m/u],
    ['--bwlimit=', /written as/u],
    ['--bwlimit 5m', /not known/u],
    ['--timeout=--inplace', /written as/u],
    ['--whole-file=1', /no value/u],
    ['--fsync\n--inplace', /not known/u],
  ])('%j is refused with its reason', (word, reason) => {
    expect(objectionToRsyncOption(word)).toMatch(reason)
  })

  test('is refused whatever it is, but for those on the list', () => {
    const names = new Set(ALLOWED_OPTIONS.map(({ name }) => name))
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', '-', '--', '--no-'), (text, dashes) => {
        const word = dashes + text
        if (objectionToRsyncOption(word) !== undefined) return
        expect(names).toContain(word.split('=')[0])
        expect(word).toMatch(/^--[\w-]+(?:=[\w.,=/[\]:-]*)?$/u)
      }),
    )
  })
})
