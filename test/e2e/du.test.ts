import { rm, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { type DescribedHistory, file } from '../support/described-history.ts'
import { writeRepository } from '../support/disk-history.ts'
import { type Finished, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const IDS = [20, 21, 22].map((day) => `2026-11-${day}T08-00-00Z`)
const HISTORY: DescribedHistory = IDS.map((id, index) => ({
  id,
  tree: {
    same: file('same '.repeat(100_000), 'same'),
    'bad\u001b[2J': file(`${index} `.repeat(50_000)),
    twice: file(`${index >> 1} `.repeat(20_000), `twice ${index >> 1}`),
  },
}))
let repository = ''
let env: Readonly<Record<string, string>>

beforeEach(async () => {
  env = { HOME: directory(), SNAPFS_CONFIG: `${directory()}/config.toml`, TZ: 'Europe/Berlin' }
  repository = await writeRepository(`${directory()}/repository`, HISTORY)
  await writeFile(
    env['SNAPFS_CONFIG']!,
    `repository = "${repository}"\n[profile.home]\nsource = "/nonexistent"\n`,
  )
})

function run(...words: readonly string[]): Promise<Finished> {
  return snapfs(words, { env })
}

describe('snapfs du', () => {
  test('shows what each snapshot takes, how they grew and where', async () => {
    const { exitCode, stdout, stderr } = await run(
      'du',
      '--removing',
      IDS[0]!,
      '--removing',
      IDS[1]!,
    )
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    // Sizes depend on what a directory takes on this file system.
    const shape = stdout.replaceAll(/\d[\d.,]* (?:k?B|MB)/gu, 'N').replaceAll(/ +/gu, ' ')
    const lines = shape.split('\n')
    expect(lines.slice(0, 9)).toEqual([
      `home ${directory()}/repository/home`,
      ' TIME NAMES SIZE SHARED ALONE ADDED',
      ' 2026-11-20 09:00:00 +01:00 4 N N N N removed?',
      ' 2026-11-21 09:00:00 +01:00 4 N N N N removed?',
      ' 2026-11-22 09:00:00 +01:00 4 N N N N',
      ' 3 snapshots on N; as copies they would take N',
      ' removing the 2 snapshots asked for would free N',
      '',
      ' growth',
    ])
    expect(lines[9]).toMatch(/^ N ┤ +█$/u)
    expect(lines[13]).toMatch(/^ N ┤▁+█+$/u)
    expect(lines.slice(14)).toEqual([
      ' 2026-11-20 2026-11-22',
      '',
      ' where it grew since the oldest',
      ' N 2 versions bad\\x1b[2J',
      ' N 1 version twice',
      ' N directories, manifests and logs of the snapshots themselves',
    ])
  })

  test('counts in JSON, and remembers in the cache of the user', async () => {
    const count = async () => {
      const { stdout } = await run('du', 'home', '--json')
      return (JSON.parse(stdout) as { series: readonly Record<string, unknown>[] }).series[0]
    }
    const first = await count()
    expect(first).toMatchObject({
      ...{ profile: 'home', elsewhereBytes: 0, warnings: [] },
      snapshots: IDS.map((id) => ({ id, time: `${id.slice(0, 11)}08:00:00.000Z`, names: 4 })),
      growers: [{ path: 'bad\u001b[2J', isDirectory: false, versions: 2 }, { path: 'twice' }],
    })
    expect(first).not.toHaveProperty('removing')
    expect(await count()).toEqual(first)
  })

  test('refuses what names no snapshot, and says what does', async () => {
    for (const [words, sentence] of [
      [['--removing', 'nonsense'], '"nonsense" names no snapshot.'],
      [['--removing', '2026-11-01'], 'home has no snapshot "2026-11-01".'],
    ] as const) {
      const { exitCode, stdout, stderr } = await run('du', ...words)
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
      expect(stderr).toContain(sentence)
    }
  })

  test('needs no configuration for a repository that is named', async () => {
    await rm(env['SNAPFS_CONFIG']!)
    const { exitCode, stdout } = await run('du', '--repository', repository)
    expect([exitCode, stdout.split('\n')[0]]).toEqual([0, `home  ${repository}/home`])
    const { exitCode: refused, stderr } = await run('du', '--repository', repository, 'other')
    expect(refused).toBe(2)
    expect(stderr).toContain(`There is no series "other" in ${repository}.\n  It has: home.`)
  })

  test('has a series without snapshots, too', async () => {
    await writeRepository(`${directory()}/empty`, [])
    await writeFile(
      env['SNAPFS_CONFIG']!,
      `repository = "${directory()}/empty"\n[profile.home]\nsource = "/nonexistent"\n`,
    )
    expect((await run('du')).stdout).toContain('no snapshots yet')
  })
})
