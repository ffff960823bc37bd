/** `snapfs init`: make the repository, and the first configuration if there is none. */
import { mkdtemp, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { writeConfigIfAbsent } from '../config/write-config.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { messageOf, requireSystemErrorCode } from '../errors/system-error.ts'
import type { Profile } from '../model/profile.ts'
import type { World } from '../model/world.ts'
import { lossesOf } from '../repository/capabilities.ts'
import { createRepository } from '../repository/create-repository.ts'
import { withStorageErrors } from '../repository/storage-error.ts'
import { ADVISED_RSYNC, compareVersions } from '../rsync/version.ts'
import { probeRsync } from '../rsync/run-rsync.ts'
import { probeXattrs } from '../rsync/probe-xattrs.ts'
import { locateSource } from './locate-source.ts'

export interface InitializeRequest {
  readonly repository: string
  /** An absolute path, or a remote location. */
  readonly source: string
  readonly profileName: string
  readonly configFile: string
  readonly signal: AbortSignal
}

export interface InitializeReport {
  readonly repository: string
  readonly id: string
  readonly created: boolean
  readonly profile: Profile
  readonly configFile: string
  readonly configWritten: boolean
  /** What this file system cannot keep, as sentences. */
  readonly losses: readonly string[]
  readonly advice: readonly string[]
}

/** @throws SnapfsError; a repository directory that this call made is removed again then */
export async function initialize(
  request: InitializeRequest,
  world: World,
): Promise<InitializeReport> {
  const rsync = await probeRsync()
  const path = resolve(request.repository)
  const { source } = request
  await locateSource(source, path)
  const creation = await createRepository(path, world.clock.now(), world.userId === 0)
  const { repository } = creation
  const xattrs = rsync.xattrs && (await tryXattrs(repository.path, request.signal))
  const profile: Profile = {
    name: request.profileName,
    source,
    repository: repository.path,
    exclude: [],
  }
  return {
    repository: repository.path,
    id: repository.id,
    created: creation.created,
    profile,
    configFile: request.configFile,
    configWritten: await writeConfig(request.configFile, profile),
    losses: lossesOf(creation.capabilities, xattrs),
    advice:
      compareVersions(rsync.text, ADVISED_RSYNC) < 0
        ? [`rsync ${rsync.text} works; ${ADVISED_RSYNC} and newer have security fixes.`]
        : [],
  }
}

async function tryXattrs(repository: string, signal: AbortSignal): Promise<boolean> {
  return withStorageErrors(repository, async () => {
    const directory = await mkdtemp(`${repository}/.probe-`)
    try {
      return await probeXattrs(directory, signal)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
}

async function writeConfig(file: string, profile: Profile): Promise<boolean> {
  try {
    return await writeConfigIfAbsent(file, profile)
  } catch (error) {
    requireSystemErrorCode(error)
    throw new SnapfsError(
      'USAGE',
      `The repository is ready, but ${file} could not be written: ${messageOf(error)}.`,
      { hint: 'Choose another place with --config FILE.', cause: error },
    )
  }
}
