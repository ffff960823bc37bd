/** `snapfs backup --dry-run`, as a user meets it. */
import { execa } from 'execa'
import { writeFileSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { openGate, startGated, useGatedPlace } from '../support/gated-backup.ts'
import { startRsyncd } from '../support/remote-hosts.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences, SILENCE } from '../support/sentences.ts'
import { type Finished, PROGRAM, snapfs } from '../support/snapfs.ts'

const test = testWith('rsync')
const place = useGatedPlace()
const DRY = ['backup', '--dry-run']

beforeEach(() => openGate(place()))

function run(...words: readonly string[]): Promise<Finished> {
  return snapfs(words, { env: place().env })
}

describe('a dry run', () => {
  test('of a series that does not exist says what its first snapshot would hold', async () => {
    const { exitCode, stdout, stderr } = await run(...DRY, '--verbose')
    expect(stderr).toBe('')
    expect(stdout).toMatch(
      /^new {7}letter {2}\(12 B\)\ndata: dry run, it would be the first snapshot; nothing was written\n {2}1 file, 12 B; to be copied: 1, 12 B\n {2}unchanged: 0 files; free in the repository: [\d.]+ [kMGT]B$/u,
    )
    expect(exitCode).toBe(0)
    expect((await readdir(place().repository)).sort()).toEqual(['README.txt', 'snapfs.json'])
  })

  test('says all it has to say to who reads slowly', async () => {
    // More than a pipe and its buffers hold.
    const name = 'x'.repeat(250)
    for (let n = 0; n < 3000; n += 1) writeFileSync(join(place().source, `${n}${name}`), '')
    const { stdout: all } = await run(...DRY, '--verbose')
    // More than the pipe to the reader holds, and few enough for the engine to be rid of them and end.
    const late = 100_000
    const early = Buffer.byteLength(all) + 1 - late
    expect(early).toBeGreaterThan(500_000)
    const reader = `head -c ${early} | wc -c; sleep 2; wc -c`
    const words = ['-c', `"$0" backup --dry-run --verbose | { ${reader}; }`, PROGRAM]
    const { stdout } = await execa('sh', words, { env: place().env })
    expect(stdout.split('\n').map(Number)).toEqual([early, late])
  })

  test('answers a program with one object, with the files where they are asked for', async () => {
    expect(await run('backup')).toEqual(SILENCE)
    const [id] = (await readdir(place().series)).filter((name) => name.endsWith('Z'))
    await writeFile(join(place().source, 'new\nline'), 'four')
    const { stdout } = await run(...DRY, '--json', '-v')
    expect(JSON.parse(stdout)).toMatchObject({
      plans: [
        {
          profile: 'data',
          basis: id,
          comparedBy: 'state',
          counts: { files: 2 },
          copy: { files: 1, bytes: 4 },
          files: expect.arrayContaining([
            { path: 'new\\x0aline', action: 'new', bytes: 4 },
          ]) as unknown,
        },
      ],
      errors: [],
    })
    const plain = JSON.parse((await run(...DRY, '--json')).stdout) as { plans: object[] }
    expect(plain.plans[0]).not.toHaveProperty('files')
  })

  test('explains a path, for people and for programs, and says where there is none', async () => {
    const letter = join(place().source, 'letter')
    const { stdout, exitCode } = await run('backup', '--explain', letter)
    expect(stdout).toBe(`data: ${letter} would be copied\n  it would be in the first snapshot`)
    expect(exitCode).toBe(0)
    const answer = await run('backup', '--json', '--explain', letter, '--explain', `${letter}s`)
    expect(JSON.parse(answer.stdout)).toEqual({
      explanations: [
        {
          profile: 'data',
          basis: null,
          entries: [
            { path: letter, decision: 'copy', reasons: ['it would be in the first snapshot'] },
            { path: `${letter}s`, decision: 'absent', reasons: [] },
          ],
        },
      ],
      errors: [],
    })
    const astray = await run('backup', '--explain', '/etc/passwd')
    expectSentences(astray, 2, [/"\/etc\/passwd" lies in no source/u, /data \(/u])
    expect((await readdir(place().repository)).sort()).toEqual(['README.txt', 'snapfs.json'])
  })

  test('works while a backup runs, and says so', async () => {
    await rm(place().gate)
    const running = await startGated(place())
    await openGate({ ...place(), gate: join(place().root, 'other') })
    const { exitCode, stdout } = await run(...DRY)
    expect(stdout).toMatch(/to be copied: 1, 12 B/u)
    expect(stdout).toMatch(/Note: A backup of this profile runs just now/u)
    expect(exitCode).toBe(0)
    await openGate(place())
    expect(await running.ended).toEqual(SILENCE)
  })

  test('is refused where the backup would be', async () => {
    await rm(place().source, { recursive: true })
    expectSentences(await run(...DRY), 14, [/does not exist/u])
    await mkdir(place().source)
    expectSentences(await run(...DRY, '--min-free', '100 %'), 22, [/too little space/u])
    expectSentences(await run('backup', '--verbose'), 2, [/--verbose belongs to --dry-run/u])
  })

  const testAsRoot = testWith('rsync', 'root')
  testAsRoot('needs no repository that can be written to', async () => {
    const { repository, source } = place()
    expect(await run('backup')).toEqual(SILENCE)
    await writeFile(join(source, 'letter'), 'Dear reader, good evening\n')
    await execa('mount', ['--bind', repository, repository])
    await execa('mount', ['-o', 'remount,bind,ro', repository])
    const { exitCode, stdout } = await run(...DRY)
    await execa('umount', [repository])
    expect(stdout).toMatch(/to be copied: 1, 26 B/u)
    expect(exitCode).toBe(0)
  })
})

describe('a dry run of a remote source', () => {
  let stop: () => Promise<void> = () => Promise.resolve()
  afterEach(() => stop())

  test('is answered by the other rsync', async () => {
    const { root, source, repository, series } = place()
    const daemon = await startRsyncd(join(root, 'daemon'), { data: [`path = ${source}`] })
    stop = () => daemon.stop()
    const words = [
      ...['--repository', repository, '--profile', 'data'],
      ...['--source', `rsync://127.0.0.1:${daemon.port}/data`],
    ]
    const first = await run(...DRY, ...words)
    expect(first.stdout).toMatch(/1 file, 12 B; to be copied: 1, 12 B/u)
    expect(await readdir(repository)).not.toContain('data')
    expect(await run('backup', ...words)).toEqual(SILENCE)
    await writeFile(join(source, 'letter'), 'longer than before\n')
    await writeFile(join(source, 'new'), 'new\n')
    const before = (await readdir(series)).sort()
    const { stdout, stderr, exitCode } = await run(...DRY, '-v', ...words)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^modified {2}letter {2}\(19 B\)$/mu)
    expect(stdout).toMatch(/^new {7}new {2}\(4 B\)$/mu)
    expect(stdout).toMatch(/2 files, 23 B; to be copied: 2, 23 B/u)
    expect(exitCode).toBe(0)
    expect((await readdir(series)).sort()).toEqual(before)
    expect(await readdir(join(series, '.incoming'))).toEqual([])
    expect(await run('backup', ...words)).toEqual(SILENCE)
    const again = await run(...DRY, '-v', ...words)
    expect(again.stdout).toMatch(/to be copied: 0, 0 B\n {2}unchanged: 2 files/u)
  })
})
