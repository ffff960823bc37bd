import { describe, expect, test } from 'vitest'
import { viewSubject } from '../../suites/view-subject.ts'
import { type DescribedEntry, file, symlink } from '../../support/described-history.ts'
import { MemoryCatalog } from '../../support/memory-catalog.ts'
import { openView } from '../../support/open-view.ts'

/** What each version of a file is said to equal, by the number of its day. */
async function equals(...days: readonly DescribedEntry[]): Promise<(string | undefined)[]> {
  const history = days.map((entry, index) => ({
    id: `2026-07-0${index + 1}T08-00-00Z`,
    tree: { f: entry },
  }))
  const subject = viewSubject(openView([new MemoryCatalog(history)], 'UTC'))
  const versions = (await subject.list('/by-file/f')) ?? []
  return Promise.all(
    versions.map(async ({ name }) => {
      const told = await subject.attribute(`/by-file/f/${name}`, 'user.snapfs.same-as')
      return told?.slice('f@2026-07-0'.length, 'f@2026-07-01'.length)
    }),
  )
}

describe('a version is said to equal', () => {
  test('the oldest one with its content, and no other', async () => {
    const [a, b] = [file('content a', '1'), file('content b', '2')]
    expect(await equals(a, b)).toEqual([undefined, undefined])
    expect(await equals(a, b, a)).toEqual([undefined, undefined, '1'])
    expect(await equals(a, b, file('content a', '3'), file('content b', '4'))).toEqual([
      ...[undefined, undefined, '1', '2'],
    ])
  })

  test('the one before when only its mode is another', async () => {
    expect(await equals(file('x', '1'), file('x', '2', 0o600))).toEqual([undefined, '1'])
  })

  test('a link with the same target, and no file that holds it', async () => {
    const links = [symlink('a'), symlink('b'), symlink('a')]
    expect(await equals(...links)).toEqual([undefined, undefined, '1'])
    expect(await equals(symlink('a'), file('a'))).toEqual([undefined, undefined])
  })
})
