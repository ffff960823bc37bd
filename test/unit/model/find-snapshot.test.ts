import { describe, expect, test } from 'vitest'
import { findSnapshot } from '../../../src/model/find-snapshot.ts'
import type { Label } from '../../../src/model/labels.ts'
import type { SnapshotId } from '../../../src/model/snapshot-id.ts'

const IDS = ['2026-11-20T08-00-00Z', '2026-11-21T08-00-00Z', '2026-11-21T20-00-00Z'] as SnapshotId[]
const SNAPSHOTS = IDS.map((id) => ({ id }))
const LABELS = new Map<string, Label>([
  [IDS[0]!, { pinned: false, tags: ['a b', 'both'] }],
  [IDS[1]!, { pinned: true, tags: ['both'] }],
])
const MOMENT = { nowMs: Date.parse('2026-11-22T09:00Z'), timeZone: 'Europe/Berlin' }

function found(text: string): string | undefined {
  const finding = findSnapshot(text, SNAPSHOTS, LABELS, MOMENT)
  return finding.kind === 'found' ? finding.snapshot.id : finding.kind
}

describe('a snapshot is named', () => {
  test.each([
    ['by its id', IDS[1]!, 1],
    ['as the newest', 'latest', 2],
    ['as one before the newest', 'latest~2', 0],
    ['by a tag', 'tag:a b', 0],
    ['by a tag that several have', 'tag:both', 1],
    ['by a day', '2026-11-21', 2],
    ['by a local time', '2026-11-21 09:00', 1],
    ['by the time of its name in by-date', '2026-11-21_09-00-00', 1],
    ['by how long ago it was', '1 day ago', 1],
    ['by a word', 'yesterday', 2],
  ])('%s: %j', (_, text, index) => {
    expect(found(text)).toBe(IDS[index])
  })

  test.each([
    ['latest~3', 'absent'],
    ['tag:none', 'absent'],
    ['2026-11-19', 'absent'],
    ['2026-11-19T08-00-00Z', 'absent'],
    ['latest~', 'not understood'],
    ['tag:', 'not understood'],
    ['soon', 'not understood'],
    ['', 'not understood'],
  ])('and %j is %s', (text, kind) => {
    expect(found(text)).toBe(kind)
  })
})
