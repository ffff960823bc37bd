import { describe, expect, test } from 'vitest'
import { chooseBases } from '../../../src/actions/choose-bases.ts'
import type { Outcome } from '../../../src/model/manifest.ts'
import { snapshotIdAt } from '../../../src/model/snapshot-id.ts'
import { manifestFor } from '../../support/described-history.ts'

/** Sequences of the bases for a series told in outcomes, oldest first. */
function basesFor(...outcomes: Outcome[]): number[] {
  const snapshots = outcomes.map((outcome, index) => {
    const id = snapshotIdAt(index * 1000)
    return { id, sequence: index + 1, manifest: manifestFor(id, index + 1, { outcome }) }
  })
  return chooseBases(snapshots).map(({ sequence }) => sequence)
}

describe('the bases of a new snapshot', () => {
  test('are the newest complete snapshots', () => {
    expect(basesFor()).toEqual([])
    expect(basesFor('complete')).toEqual([1])
    expect(basesFor('complete', 'complete', 'complete')).toEqual([3, 2])
  })

  test('hold a complete one however many partial ones came after it', () => {
    expect(basesFor('complete', 'partial', 'partial')).toEqual([1, 3])
    expect(basesFor('partial')).toEqual([1])
  })
})
