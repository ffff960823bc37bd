/** A described history as a real repository on disk, as backups would have left it. */
import { execa } from 'execa'
import { chmod, link, lutimes, mkdir, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { encodeManifest } from '../../src/model/manifest.ts'
import { encodeVerification } from '../../src/model/verification.ts'
import {
  completeTree,
  DEFAULT_MODIFIED_MS,
  type DescribedEntry,
  type DescribedHistory,
  manifestFor,
  verificationFor,
} from './described-history.ts'
import { modeOf } from './memory-catalog.ts'

/** Writes the repository `directory` with one series; returns its path. */
export async function writeRepository(
  directory: string,
  history: DescribedHistory,
  profile = 'home',
): Promise<string> {
  await mkdir(`${directory}/${profile}/.incoming`, { recursive: true, mode: 0o700 })
  const marker = {
    format: 1,
    id: '00000000-0000-4000-8000-000000000000',
    created: '2026-11-20T08:00:00.000Z',
  }
  await writeFile(`${directory}/snapfs.json`, JSON.stringify(marker))
  const places = new Map<string, Place>()
  for (const [index, snapshot] of history.entries()) {
    await publishDescribed(`${directory}/${profile}`, snapshot, index + 1, places)
  }
  return directory
}

/** Where an inode was first stored: a snapshot and a path in it. */
interface Place {
  readonly id: string
  readonly path: string
}

/** Adds one snapshot by a rename, as publishing does. */
async function publishDescribed(
  series: string,
  snapshot: DescribedHistory[number],
  sequence: number,
  places: Map<string, Place> = new Map(),
): Promise<void> {
  const staged = `${series}/.incoming/${snapshot.id}`
  const locate = ({ id, path }: Place): Buffer => {
    const base = id === snapshot.id ? staged : `${series}/${id}`
    return Buffer.from(`${base}/tree${path === '' ? '' : `/${path}`}`, 'latin1')
  }
  await mkdir(staged, { mode: 0o700 })
  const directories: [Buffer, DescribedEntry][] = []
  for (const [path, described] of completeTree(snapshot.tree)) {
    const here = { id: snapshot.id, path }
    if (described.kind === 'directory') {
      await mkdir(locate(here))
      directories.push([locate(here), described])
      continue
    }
    const known = places.get(described.inode)
    if (known === undefined) await create(locate(here), described)
    else await link(locate(known), locate(here))
    places.set(described.inode, known ?? here)
  }
  for (const [place, described] of directories.reverse()) {
    await utimes(place, DEFAULT_MODIFIED_MS / 1000, DEFAULT_MODIFIED_MS / 1000)
    await chmod(place, modeOf(described))
  }
  await writeFile(`${staged}/manifest.json`, encodeManifest(manifestFor(snapshot.id, sequence)))
  await rename(staged, `${series}/${snapshot.id}`)
  if (snapshot.verified === undefined) return
  await mkdir(`${series}/verified`, { recursive: true, mode: 0o700 })
  const lines = snapshot.verified.map((id) => encodeVerification(verificationFor(id, snapshot.id)))
  await writeFile(`${series}/verified/${snapshot.id}.jsonl`, lines.join(''))
}

async function create(place: Buffer, described: DescribedEntry): Promise<void> {
  switch (described.kind) {
    case 'file': {
      await writeFile(place, described.content)
      const seconds = (described.modifiedMs ?? DEFAULT_MODIFIED_MS) / 1000
      await utimes(place, seconds, seconds)
      await chmod(place, modeOf(described))
      return
    }
    case 'symlink':
      await symlink(Buffer.from(described.target, 'latin1'), place)
      await lutimes(place, DEFAULT_MODIFIED_MS / 1000, DEFAULT_MODIFIED_MS / 1000)
      return
    case 'fifo':
      await execa('mkfifo', ['-m', '644', '--', place.toString('utf8')])
      await utimes(place, DEFAULT_MODIFIED_MS / 1000, DEFAULT_MODIFIED_MS / 1000)
      return
    case 'directory':
      return
  }
}
