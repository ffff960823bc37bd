import { expect, test } from 'vitest'
import { PathNodes } from '../../../src/fuse/fuse-native/path-nodes.ts'
import { SeriesView } from '../../../src/view/series-view.ts'
import { SnapshotFileSystem } from '../../../src/view/snapshot-file-system.ts'
import { parseTimeTemplate } from '../../../src/view/time-template.ts'
import { DEFAULT_TEMPLATE_TEXT } from '../../../src/view/default-template.ts'
import { file } from '../../support/described-history.ts'
import { MemoryCatalog } from '../../support/memory-catalog.ts'

test('what a name means that holds a relative time is found anew each time', () => {
  const catalog = new MemoryCatalog([
    { id: '2026-07-01T08-00-00Z', tree: { f: file('1') } },
    { id: '2026-07-01T09-00-00Z', tree: { f: file('2') } },
  ])
  const series = new SeriesView(catalog, parseTimeTemplate(DEFAULT_TEMPLATE_TEXT), 'UTC')
  let nowMs = Date.parse('2026-07-01T09:30:00Z')
  const view = new SnapshotFileSystem([series], { owner: 0, group: 0 }, () => ({
    nowMs,
    timeZone: 'UTC',
  }))
  const nodes = new PathNodes(view)
  const target = (): string | undefined => view.linkTarget(nodes.at('/by-file/f@1 hour ago')!)
  expect(target()).toBe('f/f@2026-07-01_08-00-00')
  nowMs += 3_600_000
  expect(target()).toBe('f/f@2026-07-01_09-00-00')
})
