import { expect, test } from 'vitest'
import { askBent } from '../../../support/bent-requests.ts'
import { serveHistory } from '../../../support/kernel-server.ts'
import { MemoryCatalog } from '../../../support/memory-catalog.ts'
import { SUITE_HISTORY } from '../../../suites/view-suite.ts'

/** More of them with SNAPFS_TEST_REQUESTS=1000000, and others with SNAPFS_TEST_SEED. */
const REQUESTS = Number(process.env['SNAPFS_TEST_REQUESTS'] ?? 20_000)
const SEED = Number(process.env['SNAPFS_TEST_SEED'] ?? 1)
const NAMES = [
  ...['by-date', 'by-file', 'deleted', 'changes', '@gmt', 'latest', 'README.txt', '.history', '..'],
  ...['2026-07-01_10-00-00', 'notes.txt', 'notes@2026-07-01_10-00-00.txt', 'many', 'link', 'added'],
  ...['notes.txt@yesterday', 'notes.txt@~1', 'back', 'Documents', '@GMT-2026.07.01-08.00.00', 'x'],
]
/** No request that has been answered takes longer; a hang would never end. */
const LIMIT_MS = 2000

test(`a server has a valid answer for each of ${REQUESTS} bent requests`, () => {
  const { server, client, reported } = serveHistory(new MemoryCatalog(SUITE_HISTORY), 'UTC')
  const asked = { count: REQUESTS, seed: SEED, names: NAMES }
  const { errors, slowestMs, unanswered } = askBent(server, asked, (index) => {
    if (index % 1000 === 0) client.walk('/by-file/notes.txt')
  })
  expect(unanswered).toBeUndefined()
  expect(reported).toEqual([])
  expect(slowestMs).toBeLessThan(LIMIT_MS)
  // It was not refused alone: content, absence, and what is no more.
  for (const error of [0, -2, -22, -38, -116]) expect(errors.get(error)).toBeGreaterThan(10)
})
