import { describe, expect, test } from 'vitest'
import { viewSubject } from '../../suites/view-subject.ts'
import { type DescribedHistory, file } from '../../support/described-history.ts'
import { MemoryCatalog } from '../../support/memory-catalog.ts'
import { openView } from '../../support/open-view.ts'

const DATES = ['2026-07-01_08-00-00', '2026-07-02_08-00-00'] as const
const history: DescribedHistory = [
  { id: '2026-07-01T08-00-00Z', tree: { 'd/f': file('1'), 'd/f@latest': file('stored') } },
  { id: '2026-07-02T08-00-00Z', tree: { 'd/f': file('2'), 'd/.history': file('stored, too') } },
]

describe('names that can be asked for', () => {
  const subject = viewSubject(openView([new MemoryCatalog(history)], 'UTC'))

  test('never hide what is stored under them', async () => {
    expect(await subject.read(`/by-date/${DATES[0]}/d/f@latest`)).toBe('stored')
    expect(await subject.status('/by-file/d/f@latest')).toMatchObject({ kind: 'directory' })
    expect(await subject.target(`/by-date/${DATES[1]}/d/f@latest`)).toBe(
      `../../../by-file/d/f/f@${DATES[1]}`,
    )
    expect(await subject.read(`/by-date/${DATES[1]}/d/.history`)).toBe('stored, too')
    expect(await subject.target(`/by-date/${DATES[0]}/d/.history`)).toBe('../../../by-file/d')
  })

  test('may be of names that have a sign like theirs', async () => {
    expect(await subject.target('/by-file/d/f@latest@2026-07-01')).toBe(
      `f@latest/f@latest@${DATES[0]}`,
    )
  })

  test('lead on from nested dates, and in the directory of one of several profiles', async () => {
    const one = new MemoryCatalog(history, 'one')
    const nested = openView([one, new MemoryCatalog(history, 'two')], 'UTC', '%Y/%m/%d_%H-%M-%S')
    const here = '/two/by-date/2026/07/02_08-00-00/d'
    const view = viewSubject(nested)
    expect(await view.target(`${here}/f@~1`)).toBe(`../../../../../by-file/d/f/f@${DATES[0]}`)
    expect(await view.target('/two/by-file/d@2026-07-01')).toBe('../by-date/2026/07/01_08-00-00/d')
    expect(await view.target(`${here}@2026-07-01`)).toBe('../01_08-00-00/d')
  })

  test('are numbered, each by itself', async () => {
    const names = ['f@~0', 'f@~1', 'f@2026-07-01', '.history']
    const inodes = await Promise.all(
      names.flatMap((name) =>
        DATES.map(async (date) => (await subject.status(`/by-date/${date}/d/${name}`))?.inode),
      ),
    )
    const found = inodes.filter((inode) => inode !== undefined)
    expect(new Set(found).size).toBe(found.length)
  })
})
