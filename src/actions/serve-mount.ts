/** `snapfs mount --foreground`: serve the views until told to stop, or unmounted by somebody else. */
import { profilesIn } from '../catalog/read-series.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf } from '../errors/system-error.ts'
import type { World } from '../model/world.ts'
import { checkMountpoint } from '../fuse/check-mountpoint.ts'
import { chooseDriver } from '../fuse/choose-driver.ts'
import {
  type Driver,
  type DriverName,
  MOUNT_TYPE,
  type MountRequest,
  type MountSession,
} from '../fuse/driver.ts'
import { findDrivers, type Found } from '../fuse/find-drivers.ts'
import type { Feature } from '../fuse/kernel/agreement.ts'
import { kernelDriver } from '../fuse/kernel/kernel-driver.ts'
import { ServingWorker } from '../fuse/kernel/serving-worker.ts'
import { mountedAt, readMountTable } from '../fuse/mount-table.ts'
import { runUnmount } from '../fuse/run-unmount.ts'
import { openRepository } from '../repository/open-repository.ts'
import { storageError } from '../repository/storage-error.ts'
import type { SourcePlace } from '../view/open-views.ts'
import { parseTimeTemplate } from '../view/time-template.ts'
import { mountFiles, removeMountRecord, writeMountRecord } from './mount-record.ts'

export interface ServeRequest {
  readonly mountpoint: string
  readonly repository: string
  /** One series, or all that the repository holds. */
  readonly profile: string | undefined
  readonly driver: DriverName | 'auto'
  /** What the driver is to do without, though it is there. */
  readonly without: readonly Feature[]
  /** Whether large files are to be read past this process. */
  readonly passthrough: boolean
  readonly allowOther: boolean
  readonly dateFormat: string
  /** Where snapfs keeps what it knows of this user's mounts. */
  readonly stateDirectory: string
  /** A thread that may serve, which has begun; without one it begins now. */
  readonly ahead?: ServingWorker
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
  // What is wrong with it is said before anything is done.
  parseTimeTemplate(request.dateFormat)
  const ahead = request.ahead ?? new ServingWorker(world.mountThreads.serving)
  try {
    await serveFrom(request, world, ahead)
  } finally {
    await ahead.terminate()
  }
}

/** @param ahead a thread that may serve: it has begun while all else is looked into */
async function serveFrom(request: ServeRequest, world: World, ahead: ServingWorker): Promise<void> {
  const [repository, found] = await Promise.all([
    openRepository(request.repository),
    findDrivers(world.userId),
  ])
  const mountpoint = await checkMountpoint(request.mountpoint, repository.path)
  const profiles = chooseProfiles(repository.path, request.profile)
  const driver = await driverFor(request, world, found, ahead)
  const session = await mountWith(driver, repository.path, {
    recipe: {
      ...{ repository: repository.path, profiles, dateFormat: request.dateFormat },
      timeZone: world.timeZone,
      owner: { owner: world.userId, group: world.groupId },
      patienceMs: PATIENCE_MS,
    },
    mountpoint,
    allowOther: request.allowOther,
    onError: request.onError,
  })
  const files = mountFiles(request.stateDirectory, mountpoint)
  const shown = {
    ...{ mountpoint, repository: repository.path, profiles },
    sources: sourcesHere(session.sources, world.host),
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
    request.onEvent(request.signal.aborted ? 'Ended by a signal.' : 'Unmounted.')
    await session.end()
  }
}

async function driverFor(
  request: ServeRequest,
  world: World,
  found: Found,
  ahead: ServingWorker,
): Promise<Driver> {
  const { driver, reasons } = await chooseDriver(request, found)
  switch (driver) {
    case undefined:
      throw new SnapfsError('FUSE_UNAVAILABLE', reasons.join(' '), {
        hint: request.passthrough
          ? 'Without --passthrough more can be mounted; "snapfs mount --explain" tells what.'
          : '"snapfs backup" works without it.',
      })
    case 'fuse-native':
      if (request.driver === 'auto') request.onEvent(`By fuse-native. ${reasons.join(' ')}`)
      await ahead.terminate()
      // With the view that it serves, which the other driver has in its thread.
      return (await import('../fuse/fuse-native/fuse-native-driver.ts')).fuseNativeDriver(
        world.clock,
      )
    case 'kernel':
      return kernelDriver({
        serving: ahead,
        telling: world.mountThreads.telling,
        pushing: world.mountThreads.pushing,
        ...{ library: found.library, hasFusermount: found.hasFusermount },
        ...{ without: request.without, passthrough: request.passthrough },
        generation: world.clock.now(),
      })
  }
}

async function mountWith(
  driver: Driver,
  repository: string,
  request: MountRequest,
): Promise<MountSession> {
  try {
    return await driver.mount(request)
  } catch (error) {
    throw storageError(error, repository)
  }
}

/** Of profiles whose newest snapshot is of a directory of this machine. */
function sourcesHere(
  sources: Readonly<Record<string, SourcePlace>>,
  host: string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(sources)
      .filter(([, source]) => !source.isRemote && source.host === host)
      .map(([profile, { path }]) => [profile, path]),
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
  const result = await runUnmount(mountpoint, 'plainly')
  if (result.kind === 'unmounted') return
  await session.cutOff()
  await runUnmount(mountpoint, 'lazily')
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
