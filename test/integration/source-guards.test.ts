import { execa } from 'execa'
import { mkdir, readdir, rename, rm, statfs } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { backUpOnce, repositoryAt } from '../support/back-up-once.ts'
import { useBackUpPlace, writeInto } from '../support/back-up-place.ts'
import { testWith } from '../support/requirements.ts'

const place = useBackUpPlace()
const test = testWith('rsync')

describe('a source', () => {
  test('that shrank is not copied, and nothing is left of the attempt', async () => {
    const { source, repository } = place()
    for (let n = 0; n < 150; n += 1) await writeInto(source, `d${n % 5}/f${n}`, `${n}`)
    const first = await backUpOnce(repository, source)
    for (const name of ['d0', 'd1', 'd2']) await rm(`${source}/${name}`, { recursive: true })
    await expect(backUpOnce(repository, source)).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringMatching(/has 63 of the 156 files/u) as string,
    })
    expect((await readdir(`${repository}/home`)).sort()).toEqual([
      ...['.incoming', '.state', first.id, 'latest'],
    ])
    expect(await readdir(`${repository}/home/.incoming`)).toEqual([])
    const second = await backUpOnce(repository, source, { changedSource: 'accept' })
    expect(second).toMatchObject({ outcome: 'complete', counts: { entries: 63 } })
  })
})

describe('a source on a disk of its own', () => {
  const testAsRoot = testWith('rsync', 'root')

  testAsRoot('is not copied when that is not mounted, and files lie below', async () => {
    const { source, repository } = place()
    await writeInto(source, 'below', 'written by mistake, once')
    await execa('mount', ['-t', 'tmpfs', 'tmpfs', source])
    await writeInto(source, 'above', 'the true one')
    await backUpOnce(repository, source)
    await execa('umount', [source])
    await expect(backUpOnce(repository, source)).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringMatching(/\(tmpfs, tmpfs\) .* that is not mounted now/u) as string,
    })
    await backUpOnce(repository, source, { changedSource: 'accept' })
    await backUpOnce(repository, source)
  })
})

describe('a repository', () => {
  const testAsRoot = testWith('rsync', 'root')

  async function onSmallDisk(): Promise<string> {
    const disk = `${place().directory}/disk`
    await mkdir(disk)
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk])
    await repositoryAt(`${disk}/repository`)
    return `${disk}/repository`
  }

  async function fillWith(file: string): Promise<void> {
    const { bavail, bsize } = await statfs(file.replace(/\/[^/]*$/u, ''))
    await execa('fallocate', ['-l', String(bavail * bsize - 100 * 1024), file])
  }

  testAsRoot('without the room that must be free is not written to', async () => {
    const repository = await onSmallDisk()
    await fillWith(`${repository}/../ballast`)
    await expect(backUpOnce(repository, place().source)).rejects.toMatchObject({
      code: 'DESTINATION_FULL',
      message: expect.stringMatching(/too little space/u) as string,
    })
    expect(await readdir(repository)).not.toContain('home')
    const floors = { bytes: { kind: 'off' } } as const
    await expect(backUpOnce(repository, place().source, { floors })).resolves.toBeDefined()
  })

  testAsRoot('is rid of what a killed run left when that fills the disk', async () => {
    const repository = await onSmallDisk()
    const left = `${repository}/home/.incoming/2026-01-01T00-00-00Z-abcdef`
    await mkdir(left, { recursive: true })
    await fillWith(`${left}/half`)
    expect(await backUpOnce(repository, place().source)).toMatchObject({ outcome: 'complete' })
  })

  /** What a run that was killed early leaves: a tree with something in it. */
  async function leaveTree(repository: string): Promise<string> {
    const tree = `${repository}/home/.incoming/2026-01-01T00-00-00Z-abcdef/tree`
    await writeInto(tree, 'half', 'half')
    return tree
  }

  testAsRoot('without space is gone on with where a run ended', async () => {
    const repository = await onSmallDisk()
    await writeInto(place().source, 'file', 'content')
    await fillWith(`${await leaveTree(repository)}/more`)
    expect(await backUpOnce(repository, place().source)).toMatchObject({ outcome: 'complete' })
    expect(await readdir(`${repository}/home/.incoming`)).toEqual([])
  })

  test('that goes away in the middle is told, whenever it does, and is not made anew', async () => {
    const { source, repository } = place()
    for (let n = 0; n < 200; n += 1) await writeInto(source, `d${n % 9}/f${n}`, `${n}`)
    await backUpOnce(repository, source)
    const codes = new Set<unknown>()
    for (let ms = 0; ms < 400; ms += 40) {
      const backup = backUpOnce(repository, source).catch((error: unknown) => error)
      await setTimeout(ms)
      await rename(repository, `${repository}-gone`)
      const ended = await backup
      expect(await readdir(place().directory)).not.toContain('repository')
      await rename(`${repository}-gone`, repository)
      // Its process, this one, is alive.
      await rm(`${repository}/home/.lock`, { force: true })
      const code = ended instanceof Error ? (ended as { code?: unknown }).code : 'done'
      if (code !== 'done') expect(ended).toMatchObject({ code: 'REPOSITORY_NOT_FOUND' })
      codes.add(code)
    }
    expect(codes).toContain('REPOSITORY_NOT_FOUND')
    expect(await backUpOnce(repository, source)).toMatchObject({ outcome: 'complete' })
  })

  testAsRoot('without inodes is rid of what a run left, and begun anew', async () => {
    const repository = await onSmallDisk()
    await execa('mount', ['-o', 'remount,nr_inodes=600', repository.replace(/\/[^/]*$/u, '')])
    const tree = await leaveTree(repository)
    const { ffree } = await statfs(tree)
    for (let n = 3; n < ffree; n += 1) await writeInto(tree, `${n}`, '')
    expect(await backUpOnce(repository, place().source)).toMatchObject({ outcome: 'complete' })
    expect(await readdir(`${repository}/home/.incoming`)).toEqual([])
  })
})
