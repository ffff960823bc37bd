/** Linking with two threads, of which the second runs the built program. */
import {
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { bytePathFromText } from '../../src/model/entry-name.ts'
import { expectations, type LinkBlock, writeExpected } from '../../src/model/link-block.ts'
import { LinkCrew } from '../../src/repository/link-crew.ts'
import { differences, sharedFiles } from '../support/compare-trees.ts'
import { testWith } from '../support/requirements.ts'
import { snapfs } from '../support/snapfs.ts'
import { removeAll, useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith('rsync')
const KEEPS = { nanoseconds: true, modes: true, owners: true }
const WORKER = new URL('../../dist/link-worker.js', import.meta.url)
/** More than it takes for the second thread to be started, and for it to fall behind. */
const DIRECTORIES = 50
const FILES = 100

function fill(root: string): void {
  mkdirSync(root)
  for (let above = 0; above < DIRECTORIES; above += 1) {
    mkdirSync(`${root}/${above}`)
    for (let file = 0; file < FILES; file += 1) writeFileSync(`${root}/${above}/${file}`, `${file}`)
  }
}

function blockOf(root: string, name: string): LinkBlock {
  const names = readdirSync(`${root}/${name}`)
  const expected = expectations(names.length)
  for (const [index, file] of names.entries()) {
    const { mode, size, mtimeMs, uid, gid } = statSync(`${root}/${name}/${file}`)
    const looks = { mode, sizeBytes: size, modifiedMs: mtimeMs, owner: uid, group: gid }
    writeExpected(expected, index, looks)
  }
  return { directory: name, names, lies: bytePathFromText(`${root}/${name}`), expected }
}

/** What all crews link, which takes long to make. */
let place = ''
let from = ''

beforeAll(async () => {
  place = await mkdtemp(join(await realpath(tmpdir()), 'snapfs-test-crew-'))
  from = `${place}/from`
  fill(from)
})

afterAll(() => removeAll(place))

let alterations = 0

/** Another time than ever before. */
function alter(...paths: readonly string[]): void {
  alterations += 1
  for (const path of paths) utimesSync(`${from}/${path}`, 1, alterations)
}

async function withCrew<T>(
  worker: URL | undefined,
  body: (crew: LinkCrew, tree: string) => Promise<T>,
): Promise<T> {
  const tree = `${directory()}/tree`
  mkdirSync(tree)
  const crew = new LinkCrew({ tree, keeps: KEEPS, worker })
  try {
    return await body(crew, tree)
  } finally {
    await crew.close()
  }
}

const CREWS: readonly (readonly [string, URL | undefined])[] = [
  ['one thread', undefined],
  ['two threads', WORKER],
  ['a second thread that cannot be started', new URL('file:///nowhere/link-worker.js')],
]

describe.each(CREWS)('a crew of %s', (_, worker) => {
  test('links everything, and tells what it did not', async () => {
    await withCrew(worker, async (crew, tree) => {
      const blocks = readdirSync(from).map((name) => blockOf(from, name))
      alter('7/7', '49/99')
      for (const block of blocks) crew.add(block)
      const outcome = await crew.settle()
      expect(outcome).toMatchObject({ linked: DIRECTORIES * FILES - 2, refused: [] })
      expect(outcome.altered.toSorted()).toEqual(['49/99', '7/7'])
      expect(await sharedFiles(from, tree)).toBe(DIRECTORIES * FILES - 2)
      // And goes on after that, with what has been looked at already and lies under other names.
      const lies = bytePathFromText(`${from}/7`)
      crew.add({ directory: 'new/deep', names: ['a', 'b'], lies, olderNames: ['7', 'missing'] })
      expect(await crew.settle()).toEqual({
        ...{ linked: 1, altered: [], refused: ['new/deep/b'], reason: 'ENOENT' },
      })
      await crew.makeDirectories(['new', 'new/deep', 'empty'], new AbortController().signal)
      expect(readdirSync(tree)).toContain('empty')
    })
  })

  test('fails as the file system does', async () => {
    await withCrew(worker, async (crew, tree) => {
      const adding = async (): Promise<unknown> => {
        for (const name of readdirSync(from)) {
          crew.add(blockOf(from, name))
          // What is there already cannot be: somebody else is at work in the tree.
          const lies = bytePathFromText(`${from}/${name}`)
          if (name === '48') crew.add({ directory: name, names: ['5'], lies })
          await new Promise((resolve) => setImmediate(resolve))
        }
        return crew.settle()
      }
      await expect(adding()).rejects.toMatchObject({ code: 'EEXIST' })
      expect(readdirSync(tree).length).toBeGreaterThan(0)
    })
  })

  test('only looks where there is no tree', async () => {
    const linksBefore = statSync(`${from}/1/1`).nlink
    const crew = new LinkCrew({ tree: undefined, keeps: KEEPS, worker })
    const blocks = readdirSync(from).map((name) => blockOf(from, name))
    alter('7/7')
    for (const block of blocks) crew.add(block)
    expect(await crew.settle()).toMatchObject({ altered: ['7/7'] })
    expect(statSync(`${from}/1/1`).nlink).toBe(linksBefore)
    await crew.close()
  })
})

describe('the backup of many files', () => {
  test('stores what changed, moved, has several names or was altered in the repository', async () => {
    const source = `${directory()}/source`
    const env = { HOME: directory(), SNAPFS_CONFIG: `${directory()}/config.toml` }
    const run = async (...words: readonly string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await snapfs(words, { env })
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      return stdout
    }
    fill(source)
    for (let file = 0; file < FILES; file += 1)
      linkSync(`${source}/5/${file}`, `${source}/6/x${file}`)
    await run('init', `${directory()}/repository`, '--source', source)
    // What changed in the seconds before a scan is not believed by the next one.
    await new Promise((resolve) => setTimeout(resolve, 3500))
    await run('backup')
    const first = `${directory()}/repository/source/latest/tree`
    const path = statSync(first).ino
    writeFileSync(`${source}/0/0`, 'changed')
    writeFileSync(`${source}/49/new`, 'new')
    renameSync(`${source}/10`, `${source}/moved`)
    // In the repository, past all that snapfs would allow.
    const stored = `${directory()}/repository/source`
    const [one] = readdirSync(stored).filter((name) => name.endsWith('Z'))
    utimesSync(`${stored}/${one}/tree/20/20`, 1, 1)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const made = JSON.parse(await run('backup', '--json')) as {
      readonly snapshots: readonly [{ path: string; counts: Record<string, number> }]
    }
    const [snapshot] = made.snapshots
    const tree = `${snapshot.path}/tree`
    expect(statSync(tree).ino).not.toBe(path)
    expect(await differences(source, tree)).toBe('')
    expect(snapshot.counts).toMatchObject({
      changedFiles: 3,
      movedEntries: FILES,
      linkedEntries: DIRECTORIES * FILES + FILES - 2,
    })
    expect(statSync(`${tree}/5/1`).ino).toBe(statSync(`${tree}/6/x1`).ino)
    expect(statSync(`${tree}/0/1`).ino).toBe(statSync(`${stored}/${one}/tree/0/1`).ino)
  })
})
