/** Backups that end early, and what a power cut does to what they left. */
import { execa } from 'execa'
import { type Dirent, lstatSync, readdirSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import type { SnapshotReport } from '../../src/actions/back-up.ts'
import { Interruption } from '../../src/actions/interruption.ts'
import { SnapfsError } from '../../src/errors/snapfs-error.ts'
import type { World } from '../../src/model/world.ts'
import { checkpointNs } from '../../src/repository/checkpoint.ts'
import { backUpOnce } from './back-up-once.ts'

/**
 * Begins a backup and sends it SIGINT as soon as so many files are staged.
 * @returns the report when it was over before that
 */
export async function interruptBackUp(
  repository: string,
  source: string,
  afterFiles: number,
  world: World,
): Promise<SnapshotReport | undefined> {
  const controller = new AbortController()
  const over = new AbortController()
  const watch = (async () => {
    while (!over.signal.aborted && stagedFiles(repository).length < afterFiles) await setImmediate()
    controller.abort(new Interruption('SIGINT'))
  })()
  try {
    const options = { signal: controller.signal, emptySource: 'allow' as const }
    return await backUpOnce(repository, source, options, world)
  } catch (error) {
    if (error instanceof SnapfsError && error.code === 'INTERRUPTED') return undefined
    throw error
  } finally {
    over.abort()
    await watch
  }
}

/** Files that lie in `.incoming/`, wherever, by their absolute paths. */
export function stagedFiles(repository: string): string[] {
  const staged = attemptsIn(repository)
  return staged.flatMap((directory) =>
    ['tree', 'checked', 'resumed'].flatMap((name) => filesBelow(`${directory}/${name}`)),
  )
}

export function attemptsIn(repository: string): string[] {
  const incoming = `${repository}/home/.incoming`
  return entriesOf(incoming).map(({ name }) => `${incoming}/${name}`)
}

/** As after kill -9: without the checkpoint that an orderly end makes. */
export async function forgetLastCheckpoint(repository: string): Promise<void> {
  for (const directory of attemptsIn(repository)) await rm(`${directory}/durable`, { force: true })
}

/**
 * As after a power cut: what was staged after the last checkpoint has its size and time, and not its content.
 * What a published snapshot shares was on the disk before that was published.
 */
export async function loseWhatWasCached(
  repository: string,
  published: readonly string[],
): Promise<number> {
  const safe = new Set(published.flatMap(filesBelow).map((file) => lstatSync(file).ino))
  const lost = new Set<number>()
  for (const directory of attemptsIn(repository)) {
    const durableNs = await checkpointNs(`${directory}/durable`)
    for (const file of stagedFiles(repository).filter((path) => path.startsWith(directory))) {
      const { ino, ctimeNs, size } = lstatSync(file, { bigint: true })
      if (ctimeNs < durableNs || safe.has(Number(ino)) || lost.has(Number(ino)) || size === 0n) {
        continue
      }
      lost.add(Number(ino))
      await ruin(file)
    }
  }
  return lost.size
}

/** Other content of the same size under the same time. */
export async function ruin(file: string): Promise<void> {
  const clock = `${file.replace(/\/home\/\.incoming\/.*/su, '')}/clock`
  await execa('touch', ['-r', file, clock])
  const content = await readFile(file)
  await writeFile(
    file,
    content.map((byte) => byte ^ 0x55),
  )
  await execa('touch', ['-r', clock, file])
  await rm(clock)
}

function filesBelow(directory: string): string[] {
  return entriesOf(directory).flatMap((entry) => {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory()) return filesBelow(path)
    return entry.isFile() && !/^\..*\.\w{6}$/u.test(entry.name) ? [path] : []
  })
}

/** What is gone meanwhile is empty. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}
