/** Looking past Node at what is stored tells what Node tells, and listings by it are those of all other ways. */
import { execa } from 'execa'
import fc from 'fast-check'
import { writeFileSync } from 'node:fs'
import {
  link,
  mkdir,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import type { ListedName } from '../../src/catalog/catalog.ts'
import { kindOf, lookAt } from '../../src/catalog/entry-status.ts'
import { lookQuickly, type QuickLook, quickLook } from '../../src/fuse/kernel/quick-look.ts'
import { type BytePath, bytePathFromText, type EntryName } from '../../src/model/entry-name.ts'
import { backUpOnce } from '../support/back-up-once.ts'
import { useBackUpPlace } from '../support/back-up-place.ts'
import { quickWays, systemLibrary } from '../support/quick-ways.ts'
import { everyListing, serveDisk } from '../support/serve-disk.ts'
import { testWith } from '../support/requirements.ts'

const test = testWith('rsync')
const IS_ROOT = process.getuid?.() === 0
const place = useBackUpPlace()
const LARGE_BYTES = 5 * 1024 ** 3
let look: QuickLook

beforeEach(async () => {
  look = quickLook(await systemLibrary())
})

/** Entries of all kinds, with what is rare in attributes. @returns their names, bytes as characters */
async function fill(directory: string): Promise<readonly string[]> {
  const at = (name: string): Buffer => Buffer.from(`${directory}/${name}`, 'latin1')
  const odd = ['caf\xe9', '\x01\x7f\n"\\', 'x'.repeat(255), '\xe2\x82\xac']
  for (const name of ['file', 'twin', 'old', 'late', 'large', ...odd]) {
    await writeFile(at(name), name)
  }
  await link(at('twin'), at('other twin'))
  await symlink('nowhere', at('link'))
  await mkdir(at('directory'))
  await utimes(at('old'), -1_000_000.75, -1_000_000.75)
  await utimes(at('late'), 5_000_000_000, 5_000_000_000.123)
  await execa('mkfifo', [`${directory}/fifo`])
  await execa('chmod', ['7751', `${directory}/file`])
  if (!IS_ROOT) return ['file', 'twin', 'old', 'late', 'large', ...odd, 'link', 'directory', 'fifo']
  await execa('mknod', [`${directory}/characters`, 'c', '4095', '1048575'])
  await execa('mknod', [`${directory}/blocks`, 'b', '7', '300'])
  await execa('chown', ['-h', '4294967294:65534', `${directory}/link`, `${directory}/twin`])
  const devices = ['characters', 'blocks']
  return ['file', 'twin', 'old', 'late', 'large', ...odd, 'link', 'directory', 'fifo', ...devices]
}

describe('a quick look', () => {
  test('tells of each kind of entry what Node tells', async () => {
    const { source } = place()
    const quick = lookQuickly(look)
    const names = await fill(source)
    await truncate(`${source}/large`, LARGE_BYTES)
    for (const name of names) {
      const path = `${bytePathFromText(source)}/${name}` as BytePath
      expect({ name, ...quick(path) }).toEqual({ name, ...lookAt(path) })
      expect(quick(path)).toBeDefined()
    }
    expect(quick('/proc/self' as BytePath)).toMatchObject({ kind: 'symlink' })
  })

  test('finds nothing where nothing is, or can be', () => {
    const quick = lookQuickly(look)
    const file = bytePathFromText(import.meta.filename)
    for (const path of ['/nonexistent', `${file}/below`, `/${'x'.repeat(256)}`]) {
      expect(quick(path as BytePath)).toBeUndefined()
    }
    expect(quick(`/${'x/'.repeat(3000)}` as BytePath)).toBeUndefined()
  })

  test('lists by date what is listed without it, byte for byte', async () => {
    const { source, repository } = place()
    await fill(source)
    await mkdir(`${source}/deeper`)
    await fill(`${source}/deeper`)
    await backUpOnce(repository, source)
    await writeFile(`${source}/file`, 'changed')
    await rename(`${source}/directory`, `${source}/moved`)
    await backUpOnce(repository, source)
    // Where it is now: to copy so much takes its time.
    await truncate(`${repository}/home/latest/tree/deeper/large`, LARGE_BYTES)
    const [quick, slow] = [look, undefined].map((one) => everyListing(serveDisk(repository, one)))
    // The view itself, two snapshots with two directories and more, each in two ways.
    expect(slow!.length).toBeGreaterThan(40)
    expect(quick).toEqual(slow)
  })
})

describe('a quick listing', () => {
  const byName = (names: readonly ListedName[]) =>
    new Map(names.map((one) => [one.name as string, one]))

  /** As Node lists it, with the numbers of what is not a directory. */
  async function listed(directory: string): Promise<ReadonlyMap<string, ListedName>> {
    const names = await readdir(directory, { withFileTypes: true, encoding: 'latin1' })
    const entries = names.map((dirent): ListedName => {
      const [name, kind] = [dirent.name as EntryName, kindOf(dirent)]
      if (kind === 'directory') return { name, kind }
      expect(look.at(`${directory}/${name}` as BytePath)).toBe(0)
      return { name, kind, inode: Number(look.status.inode) }
    })
    return byName(entries)
  }

  test('has the names, kinds and numbers of each kind of entry', async () => {
    const { source, directory } = place()
    await fill(source)
    const { list } = await quickWays(directory)
    const names = list!(bytePathFromText(source))!
    expect(names.length).toBeGreaterThan(10)
    expect(byName(names)).toEqual(await listed(source))
  })

  test('is the same while names, kinds and numbers are', async () => {
    const { source, directory } = place()
    const { list } = await quickWays(directory)
    const old = `${directory}/old`
    await fill(source)
    await execa('cp', ['-al', source, old])
    const list1 = (path: string) => list!(bytePathFromText(path))!
    const names = list1(old)
    // The directory in it is another one.
    expect(list1(source)).toBe(names)
    await rm(`${source}/file`)
    await writeFile(`${source}/file`, 'another')
    expect(list1(source)).not.toBe(names)
    expect(byName(list1(source))).toEqual(await listed(source))
    await rename(`${source}/twin`, `${source}/longer name than twin`)
    expect(byName(list1(source))).toEqual(await listed(source))
    await rm(`${source}/longer name than twin`)
    expect(byName(list1(source))).toEqual(await listed(source))
    expect(byName(list1(old))).toEqual(await listed(old))
  })

  test('is right whatever came, went or was replaced since the last one', async () => {
    const { source, directory } = place()
    const { list } = await quickWays(directory)
    const name = fc.integer({ min: 0, max: 60 }).map((n) => `${'n'.repeat(n % 7)}${n}`)
    const step = fc.record({
      kind: fc.constantFrom('make', 'make', 'link', 'mkdir', 'remove'),
      name,
    })
    const steps = fc.array(fc.array(step, { maxLength: 25 }), { minLength: 4, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(steps, async (rounds) => {
        await rm(source, { recursive: true })
        await mkdir(source)
        for (const round of rounds) {
          for (const { kind, name: one } of round) {
            const path = `${source}/${one}`
            await rm(path, { recursive: true, force: true })
            if (kind === 'make') await writeFile(path, '')
            if (kind === 'link') await symlink('nowhere', path)
            if (kind === 'mkdir') await mkdir(path)
          }
          const names = list!(bytePathFromText(source))!
          expect(names).toHaveLength((await readdir(source)).length)
          expect(byName(names)).toEqual(await listed(source))
        }
      }),
      { numRuns: 40 },
    )
  })

  test('is whole where it comes in pieces', async () => {
    const { source, directory } = place()
    const { list } = await quickWays(directory)
    const count = 20_000
    for (let n = 0; n < count; n += 1) writeFileSync(`${source}/${'long '.repeat(8)}${n}`, '')
    const names = list!(bytePathFromText(source))!
    expect(names).toHaveLength(count)
    expect(byName(names)).toEqual(await listed(source))
  })

  test('is left to Node where there is none, or it may not be read', async () => {
    const { source, directory } = place()
    const { list } = await quickWays(directory)
    await writeFile(`${source}/file`, '')
    await symlink('.', `${source}/link`)
    for (const name of ['file', 'link', 'nothing', 'x'.repeat(300), 'x/'.repeat(3000)]) {
      expect(list!(bytePathFromText(`${source}/${name}`))).toBeUndefined()
    }
  })

  test('tells no numbers where those of listings are others', async () => {
    const { list } = await quickWays('/proc')
    const names = list!('/proc/sys/kernel' as BytePath)!
    expect(names.length).toBeGreaterThan(10)
    expect(names.some((one) => 'inode' in one)).toBe(false)
  })
})
