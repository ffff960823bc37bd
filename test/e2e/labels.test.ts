import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { type DescribedHistory, file } from '../support/described-history.ts'
import { writeRepository } from '../support/disk-history.ts'
import { type Finished, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const IDS = [20, 21, 22].map((day) => `2026-11-${day}T08-00-00Z`)
const HISTORY: DescribedHistory = IDS.map((id) => ({ id, tree: { file: file(id) } }))
let series = ''
let repository = ''
let env: Readonly<Record<string, string>>

beforeEach(async () => {
  env = { HOME: directory(), SNAPFS_CONFIG: `${directory()}/config.toml`, TZ: 'Europe/Berlin' }
  repository = await writeRepository(`${directory()}/repository`, HISTORY)
  series = `${repository}/home`
  const profile = ['[profile.home]', 'source = "/nonexistent"', 'keep = { last = 1 }']
  await writeFile(env['SNAPFS_CONFIG']!, [`repository = "${repository}"`, ...profile].join('\n'))
})

function run(...words: readonly string[]): Promise<Finished> {
  return snapfs(words, { env })
}

async function told(...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(...words)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return stdout
}

describe('labels', () => {
  test('are given by moments and names, shown, and keep what has them', async () => {
    expect(await told('pin', '2026-11-20')).toBe('home 2026-11-20 09:00:00 +01:00: pinned')
    expect(await told('tag', 'latest~1', 'before upgrade')).toBe(
      'home 2026-11-21 09:00:00 +01:00: #before upgrade',
    )
    expect(await told('comment', 'tag:before upgrade', 'as it was sold')).toContain(
      'as it was sold',
    )
    const listed = await told('list', 'home')
    expect(listed).toMatch(/2026-11-20.* pinned$/mu)
    expect(listed).toMatch(/2026-11-21.*#before upgrade as it was sold$/mu)
    expect(await told('prune')).toContain('0 snapshots removed, 3 left')
    expect(JSON.parse(await told('unpin', IDS[0]!, '--json'))).toEqual({
      ...{ profile: 'home', id: IDS[0], label: { pinned: false, tags: [] }, warnings: [] },
    })
    await told('tag', '--remove', 'tag:before upgrade', 'before upgrade')
    expect(await told('prune')).toContain('2 snapshots removed, 1 left')
    // What was said of snapshots that are gone goes with the next word.
    await told('comment', 'latest', 'the last')
    const { labels } = JSON.parse(await readFile(`${series}/labels.json`, 'utf8')) as {
      readonly labels: object
    }
    expect(Object.keys(labels)).toEqual([IDS[2]])
    expect((await readdir(series)).filter((name) => name.startsWith('.labels'))).toEqual([])
  })

  test('of a snapshot that cannot be read now are kept', async () => {
    await told('pin', '2026-11-20')
    const manifest = `${series}/${IDS[0]!}/manifest.json`
    await rename(manifest, `${manifest}.away`)
    await told('tag', 'latest', 'other')
    await rename(`${manifest}.away`, manifest)
    expect(await told('list', 'home')).toMatch(/2026-11-20.* pinned$/mu)
  })

  test('need no configuration for a repository that is named', async () => {
    await rm(env['SNAPFS_CONFIG']!)
    const place = ['--repository', repository]
    expect(await told('pin', 'latest', ...place)).toMatch(/^home .* pinned$/u)
    expect(await told('list', ...place)).toMatch(/ pinned$/mu)
    const before = await readdir(repository)
    const refused = await run('pin', 'latest', '--profile', 'hom', ...place)
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' })
    expect(refused.stderr).toContain('There is no series "hom"')
    expect(await readdir(repository)).toEqual(before)
  })

  test('are refused with a sentence, and nothing changes', async () => {
    const before = await readdir(series)
    for (const [words, sentence] of [
      [['pin', '2026-11-19'], 'home has no snapshot "2026-11-19".'],
      [['pin', 'soon'], '"soon" names no snapshot.'],
      [['tag', 'latest', ' '], '" " cannot be a tag: it is empty.'],
      [['pin', 'latest', '--profile', 'other'], 'There is no profile "other"'],
    ] as const) {
      const { exitCode, stderr } = await run(...words)
      expect(exitCode).toBe(2)
      expect(stderr).toContain(sentence)
    }
    expect(await readdir(series)).toEqual(before)
    await writeFile(`${series}/labels.json`, 'pins')
    expect(await run('pin', 'latest')).toMatchObject({ exitCode: 13 })
    expect(await readFile(`${series}/labels.json`, 'utf8')).toBe('pins')
  })
})
