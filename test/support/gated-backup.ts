/** Backups of the built program that stop where a test wants them to: rsync waits at a gate. */
import { execa } from 'execa'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { untilYes } from './eventually.ts'
import { engineOf, processesOf, sendSignal } from './processes.ts'
import { binWith, whereIs } from './programs.ts'
import { type Finished, PROGRAM, snapfs } from './snapfs.ts'
import { useTemporaryDirectory } from './temporary-directory.ts'

export interface Running {
  /** What was started. */
  readonly pid: number
  readonly ended: Promise<Finished>
}

/** A backup that holds the lock. */
export interface Working extends Running {
  /** The process that makes it, below the one that was started. */
  readonly engine: number
}

export interface GatedPlace {
  readonly root: string
  readonly source: string
  readonly repository: string
  /** Of the profile `data`. */
  readonly series: string
  readonly config: string
  /** A file; while it is not there, rsync copies nothing. */
  readonly gate: string
  /** The time zone is that of Nepal, 5:45 hours ahead. */
  readonly env: Readonly<Record<string, string>>
}

/** A source, an empty repository and a configuration for each test, and no process left of it afterwards. */
export function useGatedPlace(): () => GatedPlace {
  const directory = useTemporaryDirectory()
  let place: GatedPlace
  beforeEach(async () => {
    place = await prepare(directory())
  })
  // Registered after useTemporaryDirectory, so it runs before that removes the directory.
  afterEach(async () => {
    for (const { pid } of await processesOf(directory())) sendSignal(pid, 'SIGKILL')
  })
  return () => place
}

async function prepare(root: string): Promise<GatedPlace> {
  const source = join(root, 'source')
  const repository = join(root, 'repository')
  const config = join(root, 'config.toml')
  const gate = join(root, 'gate')
  await mkdir(source)
  await writeFile(join(source, 'letter'), 'Dear reader\n')
  const bin = await binWith(root, [])
  const questions = '*--version* | *--fake-super*'
  const wait = `case "$*" in ${questions}) ;; *) until [ -e '${gate}' ]; do sleep 0.02; done ;; esac`
  const script = `#!/bin/sh\n${wait}\nexec ${await whereIs('rsync')} "$@"\n`
  await writeFile(join(bin, 'rsync'), script, { mode: 0o755 })
  const env = {
    HOME: root,
    SNAPFS_CONFIG: config,
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    TZ: 'Asia/Kathmandu',
  }
  const words = ['init', repository, '--source', source, '--profile', 'data']
  expect(await snapfs(words, { env })).toMatchObject({ exitCode: 0, stderr: '' })
  return { root, source, repository, series: join(repository, 'data'), config, gate, env }
}

export async function openGate(place: GatedPlace): Promise<void> {
  await writeFile(place.gate, '')
}

export async function closeGate(place: GatedPlace): Promise<void> {
  await rm(place.gate, { force: true })
}

export function startSnapfs(place: GatedPlace, words: readonly string[] = ['backup']): Running {
  const child = execa(PROGRAM, words, { env: place.env, stdin: 'ignore', reject: false })
  const ended = child.then(({ exitCode, stdout, stderr }) => ({ exitCode, stdout, stderr }))
  return { pid: child.pid!, ended }
}

/** Starts a backup, and returns when it holds the lock and stands before the closed gate. */
export async function startGated(place: GatedPlace): Promise<Working> {
  const earlier = await stagedIn(place)
  const running = startSnapfs(place)
  await untilYes('it stages', 20_000, async () => {
    return (await stagedIn(place)).some((name) => !earlier.includes(name))
  })
  return { ...running, engine: await engineOf(running.pid) }
}

/** Starts a backup and kills it before the gate: its lock and what it staged are left. */
export async function leaveUnfinished(place: GatedPlace): Promise<Working> {
  const killed = await startGated(place)
  process.kill(killed.pid, 'SIGKILL')
  await killed.ended
  return killed
}

export function stagedIn(place: GatedPlace): Promise<readonly string[]> {
  return readdir(join(place.series, '.incoming')).catch(() => [])
}

export async function snapshotsIn(place: GatedPlace): Promise<readonly string[]> {
  return (await readdir(place.series)).filter((name) => /^\d{4}-.*Z$/u.test(name)).sort()
}
