import { describe, expect, test } from 'vitest'
import type { ListedSnapshot, SeriesListing } from '../../../src/actions/list-snapshots.ts'
import { listingLines, activityRemarks } from '../../../src/cli/render-list.ts'

const startedMs = Date.parse('2026-11-25T10:00:00Z')
const moment = { nowMs: startedMs + 7_200_000, timeZone: 'Europe/Berlin' }
const listing: SeriesListing = {
  profile: 'home',
  repository: '/r',
  snapshots: [],
  damaged: [],
  warnings: [],
  unfinished: [],
  running: undefined,
}
const running = {
  profile: 'home',
  command: 'snapfs backup',
  pid: 4711,
  host: 'example',
  sinceMs: startedMs,
  isProven: true,
}

describe('beside its snapshots, a series', () => {
  test('has nothing to say when all is well', () => {
    expect(activityRemarks(listing, moment)).toEqual([])
  })

  test('names what a run left, when, and what becomes of it', () => {
    const path = '/r/home/.incoming/2026-11-25T10-00-00Z-aB3xYz'
    const unfinished = [{ profile: 'home', path, startedMs }]
    expect(activityRemarks({ ...listing, unfinished }, moment)).toEqual([
      `snapfs: home: An unfinished run of 2026-11-25 11:00:00 +01:00 left ${path}; the next backup goes on from there.`,
    ])
  })

  test('names who works on it', () => {
    expect(activityRemarks({ ...listing, running }, moment)).toEqual([
      'snapfs: home: A backup is running: process 4711 on example, since 2026-11-25 11:00:00 +01:00 (2 hours ago).',
    ])
    const elsewhere = { ...running, isProven: false, command: 'snapfs prune' }
    expect(activityRemarks({ ...listing, running: elsewhere }, moment)).toEqual([
      'snapfs: home: snapfs prune is running: process 4711 on example, since 2026-11-25 11:00:00 +01:00 (2 hours ago); whether it still does cannot be seen from here.',
    ])
  })

  test('lets no foreign text move the cursor', () => {
    const foreign = { ...running, host: 'a\u001B[2J', command: 'x\ny' }
    for (const line of activityRemarks({ ...listing, running: foreign }, moment)) {
      expect(line).not.toMatch(/[\0-\x1f]/u)
    }
  })
})

describe('the snapshots of a series', () => {
  const snapshot: ListedSnapshot = {
    id: '2026-11-25T10-00-00Z',
    timeMs: startedMs,
    verifiedMs: [],
    outcome: 'complete',
    ...{ files: 3, totalBytes: 9, changedFiles: 1, changedBytes: 9, movedEntries: 0 },
    ...{ problemCount: 0, pinned: false, tags: [], comment: undefined, path: '/r/home/x' },
  }
  const linesOf = (...verifiedMs: number[]): string[] =>
    listingLines({ ...listing, snapshots: [{ ...snapshot, verifiedMs }] }, 'Europe/Berlin').slice(3)

  test('have one line for all the times at which nothing had changed', () => {
    expect(linesOf()).toEqual(['  1 snapshot'])
    expect(linesOf(startedMs + 60_000)[0]).toMatch(
      /^ {2}2026-11-25 11:01:00 \+01:00 {2}unchanged +since 2026-11-25 11:00:00 \+01:00$/u,
    )
    expect(linesOf(startedMs + 60_000, startedMs + 120_000)).toEqual([
      expect.stringMatching(
        /^ {2}2026-11-25 11:02:00 \+01:00 {2}unchanged +since 2026-11-25 11:00:00 \+01:00, found so 2 times$/u,
      ),
      '  1 snapshot',
    ])
  })
})
