/**
 * A snapshot in the making, under `.incoming/`. It starts empty, becomes visible by one rename when
 * everything in it is on the disk, and otherwise disappears.
 */
import { mkdir, mkdtemp, open, rename, symlink } from 'node:fs/promises'
import { messageOf } from '../errors/system-error.ts'
import { encodeManifest, type Manifest } from '../model/manifest.ts'
import { showLife } from '../model/sign-of-life.ts'
import type { SnapshotId } from '../model/snapshot-id.ts'
import {
  CHECKED_NAME,
  COPIED_NAME,
  DURABLE_NAME,
  incomingDirectory,
  LATEST_NAME,
  LOG_NAME,
  MANIFEST_NAME,
  MOVED_NAME,
  RESUMED_NAME,
  type SeriesPlace,
  seriesDirectory,
  snapshotDirectory,
  STAGED_STATE_NAME,
  TREE_NAME,
} from './layout.ts'
import { makeDirectory } from './make-directory.ts'
import { removeTree } from './remove-tree.ts'
import { syncFileSystem } from './sync-file-system.ts'

export interface StagedSnapshot {
  readonly id: SnapshotId
  /** The staging directory itself. */
  readonly directory: string
  /** Empty; rsync writes here and nowhere else. */
  readonly tree: string
  /** Where rsync's words are collected. */
  readonly log: string
  /** Does not exist yet; for a comparison by content before the main run. Not published. */
  readonly checked: string
  /** The same, for what is taken from interrupted runs. */
  readonly resumed: string
  /** The same, for copies of what could not be linked. */
  readonly copied: string
  /** The same, for links to what may have another name now, for rsync to compare with. */
  readonly moved: string
  /** What the source was, for a run that goes on should this one be interrupted. Not published. */
  readonly state: string
  /** Written at a checkpoint, see `checkpoint.ts`. Not published. */
  readonly durable: string
}

/** Makes the directories of a series, mode 0700 whatever the umask says. */
export async function prepareSeries(place: SeriesPlace): Promise<void> {
  for (const directory of [seriesDirectory(place), incomingDirectory(place)]) {
    await makeDirectory(directory)
  }
}

/** Starts a snapshot in a fresh directory. The caller holds the lock. */
export async function stageSnapshot(place: SeriesPlace, id: SnapshotId): Promise<StagedSnapshot> {
  const directory = await mkdtemp(`${incomingDirectory(place)}/${id}-`)
  const tree = `${directory}/${TREE_NAME}`
  await mkdir(tree, { mode: 0o700 })
  return {
    id,
    directory,
    tree,
    log: `${directory}/${LOG_NAME}`,
    checked: `${directory}/${CHECKED_NAME}`,
    resumed: `${directory}/${RESUMED_NAME}`,
    copied: `${directory}/${COPIED_NAME}`,
    moved: `${directory}/${MOVED_NAME}`,
    state: `${directory}/${STAGED_STATE_NAME}`,
    durable: `${directory}/${DURABLE_NAME}`,
  }
}

/** Puts an empty tree in the place of one that shall not be used: never a second run into the first. The state stays. */
export async function restageTree(staged: StagedSnapshot): Promise<void> {
  for (const path of [...treesBeside(staged), staged.tree]) await removeTree(path)
  await mkdir(staged.tree, { mode: 0o700 })
}

/**
 * Makes a staged snapshot a published one. The manifest is inside before the name exists, and all of
 * it is on the disk: after a power cut there is the whole snapshot or none.
 * @returns warnings; whatever comes after the rename can no longer fail the backup
 */
export async function publishSnapshot(
  place: SeriesPlace,
  staged: StagedSnapshot,
  manifest: Manifest,
): Promise<readonly string[]> {
  showLife('sync')
  for (const path of besideTheTree(staged)) await removeTree(path)
  {
    await using file = await open(`${staged.directory}/${MANIFEST_NAME}`, 'wx', 0o600)
    await file.writeFile(encodeManifest(manifest))
    await file.sync()
  }
  await syncFileSystem(staged.directory)
  showLife('publish')
  await rename(staged.directory, snapshotDirectory(place, staged.id))
  showLife('settle')
  const warnings: string[] = []
  await syncDirectory(seriesDirectory(place)).catch((error: unknown) => {
    warnings.push(`The snapshot is there, but may be lost in a power cut: ${messageOf(error)}.`)
  })
  await pointLatestTo(place, staged.id).catch((error: unknown) => {
    warnings.push(`The link "latest" still points to an older snapshot: ${messageOf(error)}.`)
  })
  return warnings
}

/** What is needed only while the tree is filled. */
function besideTheTree(staged: StagedSnapshot): readonly string[] {
  return [...treesBeside(staged), staged.state, staged.durable]
}

function treesBeside({ checked, resumed, copied, moved }: StagedSnapshot): readonly string[] {
  return [checked, resumed, copied, moved]
}

/** Removes a staged snapshot that will not be published. */
export async function discardSnapshot(staged: StagedSnapshot): Promise<void> {
  await removeTree(staged.directory)
}

/** For people and scripts only; snapfs never reads it. */
async function pointLatestTo(place: SeriesPlace, id: SnapshotId): Promise<void> {
  const draft = `${incomingDirectory(place)}/${LATEST_NAME}`
  await removeTree(draft)
  await symlink(id, draft)
  await rename(draft, `${seriesDirectory(place)}/${LATEST_NAME}`)
}

/** Makes sure that names that were given in a directory are on the disk. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r')
  await directory.sync()
}
