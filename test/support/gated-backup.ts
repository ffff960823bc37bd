/** Backups of the built program that stop where a test wants them to: rsync waits at a gate. */
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach } from 'vitest'
import { untilYes } from './eventually.ts'
import { type LetterPlace, type Started, useLetterPlace } from './letter-place.ts'
import { engineOf } from './processes.ts'

/** A backup that holds the lock. */
export interface Working extends Started {
  /** The process that makes it, below the one that was started. */
  readonly engine: number
}

export interface GatedPlace extends LetterPlace {
  /** Of the profile `data`. */
  readonly series: string
  /** A file; while it is not there, rsync copies nothing. */
  readonly gate: string
}

/** A place whose gate is closed. The time zone is that of Nepal, 5:45 hours ahead. */
export function useGatedPlace(): () => GatedPlace {
  const bare = useLetterPlace({ TZ: 'Asia/Kathmandu' })
  let place: GatedPlace
  beforeEach(async () => {
    const gate = join(bare().root, 'gate')
    place = { ...bare(), series: join(bare().repository, 'data'), gate }
    await place.copyingBy(`until [ -e '${gate}' ]; do sleep 0.02; done\nexec RSYNC "$@"`)
  })
  return () => place
}

export async function openGate(place: GatedPlace): Promise<void> {
  await writeFile(place.gate, '')
}

export async function closeGate(place: GatedPlace): Promise<void> {
  await rm(place.gate, { force: true })
}

/** Starts a backup, and returns when it holds the lock and stands before the closed gate. */
export async function startGated(place: GatedPlace): Promise<Working> {
  const earlier = await stagedIn(place)
  const running = place.start()
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
