/** Directories are looked at before they are listed, where it can be told which comes next, and what is told is right. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import { type QuickLook, quickLook } from '../../src/fuse/kernel/quick-look.ts'
import { backUpOnce } from '../support/back-up-once.ts'
import { useBackUpPlace } from '../support/back-up-place.ts'
import { askBent } from '../support/bent-requests.ts'
import { fuseRequest } from '../support/fuse-requests.ts'
import { systemLibrary } from '../support/quick-ways.ts'
import { testWith } from '../support/requirements.ts'
import {
  type DiskServer,
  everyListing,
  listed,
  type ListedEntry,
  listPieces,
  PIECE_BYTES,
  READDIRPLUS,
  serveDisk,
} from '../support/serve-disk.ts'

const test = testWith('rsync')
const place = useBackUpPlace()
const STATFS = 17
const FILES = 20
/** As in fuzz.test.ts. */
const REQUESTS = Number(process.env['SNAPFS_TEST_REQUESTS'] ?? 10_000)
const SEED = Number(process.env['SNAPFS_TEST_SEED'] ?? 1)
const DIRECTORIES = ['a', 'a/x', 'a/y', 'b', 'c']
let looks: number
let look: QuickLook

beforeEach(async () => {
  const plain = quickLook(await systemLibrary())
  looks = 0
  look = {
    ...plain,
    in: (descriptor, name) => {
      looks += 1
      return plain.in(descriptor, name)
    },
  }
  const { source, repository } = place()
  for (const directory of DIRECTORIES) {
    await mkdir(`${source}/${directory}`)
    for (let n = 0; n < FILES; n += 1) await writeFile(`${source}/${directory}/file ${n}`, '')
  }
  await backUpOnce(repository, source)
})

/** What is in the newest snapshot, by date. */
function inside(server: DiskServer): readonly ListedEntry[] {
  const byDate = find(listed(server, 1n), 'by-date')
  const dates = listed(server, byDate.node).filter(({ name }) => /^\d/u.test(name))
  return listed(server, dates.at(-1)!.node)
}

function find(entries: readonly ListedEntry[], name: string): ListedEntry {
  const entry = entries.find((one) => one.name === name)
  if (entry === undefined) throw new Error(`no ${name} in ${entries.map((one) => one.name).join()}`)
  return entry
}

/** How often a directory is looked into while it is listed, and not before. */
function looksWhileAnswering(server: DiskServer, node: bigint): number {
  let while_ = 0
  const counted: DiskServer = {
    ...{ reply: server.reply, rest: () => server.rest() },
    answer: (request) => {
      const before = looks
      const length = server.answer(request)
      while_ += looks - before
      return length
    },
  }
  listPieces(counted, node, READDIRPLUS)
  return while_
}

describe('whoever walks through a tree', () => {
  test('is told at once what is in the directory that comes next', () => {
    const server = serveDisk(place().repository, look)
    const top = inside(server)
    const [a, b, c] = ['a', 'b', 'c'].map((name) => find(top, name).node)
    const inA = listed(server, a!)
    // Which is the second in a row that could be told before.
    const [x, y] = ['x', 'y'].map((name) => find(inA, name).node)
    expect([x!, y!, b!, c!].map((node) => looksWhileAnswering(server, node))).toEqual([0, 0, 0, 0])
  })

  test('is told nothing else than anybody', async () => {
    const { source, repository } = place()
    await rename(`${source}/b`, `${source}/moved`)
    await backUpOnce(repository, source)
    const [quick, slow] = [look, undefined].map((one) =>
      everyListing(serveDisk(repository, one), [READDIRPLUS]),
    )
    expect(slow!.length).toBeGreaterThan(30)
    expect(quick).toEqual(slow)
  })

  test('and then does something else has nothing looked at for him', () => {
    const server = serveDisk(place().repository, look)
    const top = inside(server)
    listed(server, find(top, 'a').node)
    const before = looks
    for (const name of ['c', 'b']) {
      expect(looksWhileAnswering(server, find(top, name).node)).toBeGreaterThan(0)
    }
    expect(looks - before).toBe(2 * FILES)
  })

  test('is told what is so when he asks, not what was', async () => {
    const { source, repository } = place()
    const server = serveDisk(repository, look)
    const top = inside(server)
    const inA = listed(server, find(top, 'a').node)
    listed(server, find(inA, 'x').node)
    // Of the directory that comes next each file gets one more link.
    await backUpOnce(repository, source)
    server.answer(fuseRequest(STATFS))
    const inY = listed(server, find(inA, 'y').node)
    expect(
      new Set(inY.filter(({ name }) => name.startsWith('file')).map(({ links }) => links)),
    ).toEqual(new Set([2]))
  })

  test('hears of no error before he asks for what is wrong', async () => {
    const { repository } = place()
    const server = serveDisk(repository, look)
    const top = inside(server)
    const inA = listed(server, find(top, 'a').node)
    await rm(`${repository}/home/latest/tree/a/y`, { recursive: true })
    await writeFile(`${repository}/home/latest/tree/a/y`, '')
    expect(listed(server, find(inA, 'x').node).length).toBeGreaterThan(FILES)
    expect(
      listPieces(server, find(inA, 'y').node, READDIRPLUS).at(-1)!.readInt32LE(4),
    ).toBeLessThan(0)
    expect(listed(server, find(top, 'b').node).length).toBeGreaterThan(FILES)
  })
})

test(`a server has a valid answer for each of ${REQUESTS} bent requests while it looks ahead`, () => {
  const { repository } = place()
  const server = serveDisk(repository, look)
  const [date = ''] = listed(server, find(listed(server, 1n), 'by-date').node)
    .map(({ name }) => name)
    .filter((name) => /^\d/u.test(name))
  const names = ['by-date', date, date, 'a', 'x', 'y', 'b', 'c', 'file 3', 'latest', '..']
  const { errors, unanswered } = askBent(
    server,
    { count: REQUESTS, seed: SEED, names },
    (index) => {
      if (index % 500 === 0) everyListing(server, [READDIRPLUS])
    },
  )
  expect(unanswered).toBeUndefined()
  for (const error of [0, -2, -22, -38, -116]) expect(errors.get(error)).toBeGreaterThan(10)
})

describe('a large directory', () => {
  test('is looked at a piece ahead', async () => {
    const { source, repository } = place()
    await mkdir(`${source}/large`)
    for (let n = 0; n < 2000; n += 1) await writeFile(`${source}/large/${n}`, '')
    await backUpOnce(repository, source)
    const server = serveDisk(repository, look)
    const large = find(inside(server), 'large').node
    // Those in the first piece.
    expect(looksWhileAnswering(server, large)).toBeLessThan(PIECE_BYTES / 150)
    expect(listed(server, large)).toHaveLength(2002)
  })
})
