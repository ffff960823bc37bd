/** `snapfs mount --foreground`: serve the views until told to stop, or unmounted by somebody else. */
import { DiskCatalog } from '../catalog/disk-catalog.ts'
import { profilesIn } from '../catalog/read-series.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf } from '../errors/system-error.ts'
import type { World } from '../model/world.ts'
import { checkMountpoint } from '../fuse/check-mountpoint.ts'
import { type Driver, type DriverName, MOUNT_TYPE, type MountSession } from '../fuse/driver.ts'
import { fuseNativeDriver } from '../fuse/fuse-native/fuse-native-driver.ts'
import { mountedAt, readMountTable } from '../fuse/mount-table.ts'
import { runFusermount } from '../fuse/run-fusermount.ts'
import { openRepository } from '../repository/open-repository.ts'
import { storageError } from '../repository/storage-error.ts'
import { SeriesView } from '../view/series-view.ts'
import { SnapshotFileSystem } from '../view/snapshot-file-system.ts'
import { parseTimeTemplate } from '../view/time-template.ts'
import { mountFiles, removeMountRecord, writeMountRecord } from './mount-record.ts'

export interface ServeRequest {
  readonly mountpoint: string
  readonly repository: string
  /** One series, or all that the repository holds. */
  readonly profile: string | undefined
  readonly driver: DriverName | 'auto'
  readonly allowOther: boolean
  readonly dateFormat: string
  /** Where snapfs keeps what it knows of this user's mounts. */
  readonly stateDirectory: string
  /** Ends the mount. */
  readonly signal: AbortSignal
  /** Called once, when the mount answers. */
  readonly onServing: () => void
  readonly onError: (error: unknown) => void
  /** What happens to the mount, in sentences, for its log. */
  readonly onEvent: (sentence: string) => void
}

/** A walk through whole trees keeps all other questions waiting. */
const PATIENCE_MS = 200
/** How often to look whether somebody else has unmounted; fuse-native does not tell. */
const LOOK_MS = 500

/** @throws SnapfsError when nothing could be mounted */
export async function serveMount(request: ServeRequest, world: World): Promise<void> {
  const template = parseTimeTemplate(request.dateFormat)
  const repository = await openRepository(request.repository)
  const mountpoint = await checkMountpoint(request.mountpoint, repository.path)
  const profiles = chooseProfiles(repository.path, request.profile)
  const series = profiles.map(
    (profile) =>
      new SeriesView(openCatalog(repository.path, profile), template, world.timeZone, {
        elapsed: () => world.clock.elapsed(),
        limitMs: PATIENCE_MS,
      }),
  )
  const owner = { owner: world.userId, group: world.groupId }
  const fileSystem = new SnapshotFileSystem(series, owner, () => ({
    nowMs: world.clock.now(),
    timeZone: world.timeZone,
  }))
  const driver = driverFor(request.driver)
  const session = await driver.mount({
    fileSystem,
    mountpoint,
    allowOther: request.allowOther,
    onError: request.onError,
  })
  const files = mountFiles(request.stateDirectory, mountpoint)
  const shown = {
    ...{ mountpoint, repository: repository.path, profiles },
    sources: sourcesHere(series, world.host),
    driver: driver.name,
  }
  request.onEvent(`Serving ${profiles.join(', ')} of ${repository.path} on ${mountpoint}.`)
  await writeMountRecord(files, shown, world.clock.now()).catch((error: unknown) => {
    request.onEvent(`"snapfs status" will not know of this mount: ${messageOf(error)}.`)
  })
  request.onServing()
  try {
    await unmountedOrStopped(mountpoint, session, request.signal)
  } finally {
    await removeMountRecord(files).catch(() => undefined)
  }
  request.onEvent(request.signal.aborted ? 'Ended by a signal.' : 'Unmounted.')
}

/** Of profiles whose newest snapshot is of a directory of this machine. */
function sourcesHere(series: readonly SeriesView[], host: string): Record<string, string> {
  return Object.fromEntries(
    series.flatMap(({ catalog, profile }) => {
      const source = catalog.snapshots().at(-1)?.manifest.source
      const isHere = source?.transport === undefined && source?.host === host
      return isHere ? [[profile, source.realPath]] : []
    }),
  )
}

function chooseProfiles(repository: string, profile: string | undefined): readonly string[] {
  const all = profilesIn(repository)
  if (profile === undefined && all.length > 0) return all
  if (profile !== undefined && all.includes(profile)) return [profile]
  throw new SnapfsError(
    'USAGE',
    profile === undefined
      ? `The repository ${repository} holds no snapshots yet.`
      : `The repository ${repository} holds no snapshots of a profile "${profile}".`,
    {
      hint:
        all.length === 0
          ? 'Make one first: snapfs backup'
          : `It has snapshots of: ${all.join(', ')}`,
    },
  )
}

function openCatalog(repository: string, profile: string): DiskCatalog {
  try {
    return new DiskCatalog({ repository, profile })
  } catch (error) {
    throw storageError(error, repository)
  }
}

function driverFor(name: DriverName | 'auto'): Driver {
  switch (name) {
    case 'auto':
    case 'fuse-native':
      return fuseNativeDriver
  }
}

async function unmountedOrStopped(
  mountpoint: string,
  session: MountSession,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    if (!(await session.isServing())) return
    await pause(LOOK_MS, signal)
  }
  if (mountedAt(await readMountTable(), mountpoint)?.type !== MOUNT_TYPE) return
  // A reader may still sit in the mount; this process ends all the same, and must not leave it dead.
  const result = await runFusermount(mountpoint, 'plainly')
  if (result.kind !== 'unmounted') await runFusermount(mountpoint, 'lazily')
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, durationMs)
    signal.addEventListener('abort', done)
  })
}
