import { describe, expect, test } from 'vitest'
import { viewSubject } from '../../suites/view-subject.ts'
import { type DescribedHistory, file } from '../../support/described-history.ts'
import { MemoryCatalog } from '../../support/memory-catalog.ts'
import { openView } from '../../support/open-view.ts'

const [FIRST, SECOND, THIRD, FOURTH] = [1, 2, 3, 4].map((day) => `2026-07-0${day}T08-00-00Z`) as [
  string,
  string,
  string,
  string,
]
const rest = { 'd/stays': file('s') }
const present = (id: string, content: string): DescribedHistory[number] => ({
  id,
  tree: { ...rest, 'd/f.txt': file(content), 'gone/f.txt': file(content) },
})
const absent = (id: string): DescribedHistory[number] => ({ id, tree: rest })

describe('a path that comes to stand for another file', () => {
  test('in deleted is a link from then on, if it was looked up before', async () => {
    const catalog = new MemoryCatalog([present(FIRST, 'one'), absent(SECOND)])
    const history: DescribedHistory = [
      present(FIRST, 'one'),
      absent(SECOND),
      present(THIRD, 'two'),
      absent(FOURTH),
    ]
    const subject = viewSubject(openView([catalog], 'UTC'))
    expect(await subject.read('/deleted/d/f.txt')).toBe('one')
    catalog.replace(history)
    expect(await subject.target('/deleted/d/f.txt')).toBe(
      '../../by-file/d/f.txt/f@2026-07-03_08-00-00.txt',
    )
    expect(await subject.list('/deleted/d')).toEqual([
      expect.objectContaining({ name: 'f.txt', kind: 'symlink' }),
    ])
    // Nobody had asked for this one, nor asks a new mount.
    expect(await subject.read('/deleted/gone/f.txt')).toBe('two')
    const anew = viewSubject(openView([new MemoryCatalog(history)], 'UTC'))
    expect(await anew.read('/deleted/d/f.txt')).toBe('two')
  })

  test('in changes is one when the snapshot before was removed', async () => {
    const history: DescribedHistory = [present(FIRST, 'one'), present(SECOND, 'two'), absent(THIRD)]
    const catalog = new MemoryCatalog(history)
    const subject = viewSubject(openView([catalog], 'UTC'))
    const deleted = '/changes/2026-07-03_08-00-00/deleted'
    for (const path of ['d/f.txt', 'gone/f.txt']) {
      expect(await subject.read(`${deleted}/${path}`)).toBe('two')
    }
    catalog.replace([history[0]!, history[2]!])
    for (const path of ['d/f.txt', 'gone/f.txt']) {
      expect(await subject.target(`${deleted}/${path}`)).toBe(
        `../../../../by-file/${path}/f@2026-07-01_08-00-00.txt`,
      )
    }
    expect(await subject.list(`${deleted}/gone`)).toEqual([
      expect.objectContaining({ name: 'f.txt', kind: 'symlink' }),
    ])
  })
})
