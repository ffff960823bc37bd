import { describe, expect, test } from 'vitest'
import type { UnchangedReport } from '../../../src/actions/record-unchanged.ts'
import { summaryLines, troubleLines } from '../../../src/cli/render-backup.ts'
import { idOf } from '../../support/described-history.ts'

const report: UnchangedReport = {
  kind: 'unchanged',
  profile: 'home',
  id: idOf('2026-11-26T12-00-00Z'),
  snapshot: idOf('2026-11-26T09-00-00Z'),
  path: '/r/home/2026-11-26T09-00-00Z',
  since: '2026-11-26T09:00:00.400Z',
  verifiedAt: '2026-11-26T12:00:00.100Z',
  counts: { entries: 3, files: 1, directories: 2, symlinks: 0, specials: 0, totalBytes: 9 },
  warnings: [],
  durationMs: 7,
}

describe('a backup that made no snapshot', () => {
  test('says since when nothing has changed, in the time of who reads it', () => {
    expect(summaryLines(report, 'Europe/Berlin')).toEqual([
      'home: unchanged since 2026-11-26 10:00:00 +01:00 (snapshot 2026-11-26T09-00-00Z); no snapshot was made',
      '  /r/home/2026-11-26T09-00-00Z',
    ])
  })

  test('has nothing else to say but its warnings', () => {
    expect(troubleLines(report)).toEqual([])
    expect(troubleLines({ ...report, warnings: ['x.'] })).toEqual(['snapfs: home: x.'])
  })
})
