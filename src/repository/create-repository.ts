/** Making a repository. */
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, open, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { systemErrorCode } from '../errors/system-error.ts'
import { type Capabilities, probeCapabilities } from './capabilities.ts'
import { MARKER_NAME, README_NAME } from './layout.ts'
import { encodeMarker, REPOSITORY_FORMAT } from './marker.ts'
import { openRepository, type Repository } from './open-repository.ts'
import { withStorageErrors } from './storage-error.ts'

export interface Creation {
  readonly repository: Repository
  /** False when it was one already; nothing was changed then. */
  readonly created: boolean
  readonly capabilities: Capabilities
}

/** What a mounted, otherwise empty disk holds; not ours, but no reason to refuse. */
const HARMLESS = new Set(['lost+found'])

/**
 * Makes a directory a repository. A directory that is one already is left as it is.
 * @param now the present, in milliseconds since 1970
 * @throws SnapfsError REPOSITORY_UNUSABLE when the place or its file system will not do
 */
export async function createRepository(
  path: string,
  now: number,
  asRoot: boolean,
): Promise<Creation> {
  return withStorageErrors(path, async () => {
    const madeDirectory = await makeDirectory(path)
    const real = await realpath(path)
    try {
      const names = (await readdir(real)).filter((name) => !HARMLESS.has(name))
      const exists = names.includes(MARKER_NAME)
      if (!exists && names.length > 0) {
        throw new SnapfsError('REPOSITORY_UNUSABLE', `${path} is not empty.`, {
          hint: 'Choose a directory that does not exist yet, or an empty one.',
          details: [`It holds: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`],
        })
      }
      if (exists) {
        const repository = await openRepository(real)
        return { repository, created: false, capabilities: await probeCapabilities(real, asRoot) }
      }
      const capabilities = await probeCapabilities(real, asRoot)
      if (!capabilities.hardLinks) throw withoutHardLinks(path)
      const id = randomUUID()
      await chmod(real, 0o700)
      await writeFile(`${real}/${README_NAME}`, README_TEXT, { mode: 0o600 })
      await writeMarker(real, id, now)
      return { repository: { path: real, id }, created: true, capabilities }
    } catch (error) {
      if (madeDirectory) await rm(real, { recursive: true, force: true })
      throw error
    }
  })
}

/** @returns whether the directory is new */
async function makeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 })
    return true
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return false
    if (code === 'EEXIST' || code === 'ENOTDIR') {
      throw new SnapfsError('REPOSITORY_UNUSABLE', `${path} is not a directory.`, { cause: error })
    }
    if (code === 'ENOENT') {
      throw new SnapfsError(
        'REPOSITORY_NOT_FOUND',
        `The directory that shall hold the repository does not exist: ${path}.`,
        { hint: 'If its disk is not mounted, mount it; else make the parent directory first.' },
      )
    }
    throw error
  }
}

function withoutHardLinks(path: string): SnapfsError {
  return new SnapfsError(
    'REPOSITORY_UNUSABLE',
    `The file system of ${path} has no hard links, so every snapshot would be a full copy.`,
    {
      hint: 'Use ext4, xfs or btrfs. FAT, exFAT and many network shares do not have hard links.',
    },
  )
}

/** Durable before `init` says it is done: a marker that vanishes takes the repository with it. */
async function writeMarker(directory: string, id: string, now: number): Promise<void> {
  const created = new Date(now).toISOString()
  await using marker = await open(`${directory}/${MARKER_NAME}`, 'wx', 0o600)
  await marker.writeFile(encodeMarker({ format: REPOSITORY_FORMAT, id, created }))
  await marker.sync()
  await using parent = await open(directory, 'r')
  await parent.sync()
}

const README_TEXT = `This directory is a snapfs repository: snapshots of directories, as plain files.

Each directory here is one series, named after its profile, such as "home". In it, each directory named
with a time (UTC), such as 2026-11-22T14-30-00Z, is one complete snapshot:

  tree/            the files, exactly as they were
  manifest.json    when and from where they were copied, and whether everything could be read
  rsync.log        what changed against the snapshot before (.gz: compressed)

To get files back you need nothing but cp:  cp -a home/2026-11-22T14-30-00Z/tree/some/file  /where/you/want/it

Files that did not change are hard links: the same file in many snapshots. Never edit, chmod or chown
a file in here: it would change in every snapshot at once. Deleting a whole snapshot directory is
harmless to the others.

Directories whose names begin with a dot are unfinished work.
`
