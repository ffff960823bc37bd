/** The one run of rsync that copies a remote source, or that says what it would copy. Pure. */
import { pathBelow } from '../model/absolute-path.ts'
import type { RemoteAccess } from '../model/remote-access.ts'
import type { RemoteLocation } from '../model/source-location.ts'
import type { TransferRequest } from '../rsync/arguments.ts'
import { excludePathRule } from '../rsync/filter-rules.ts'
import { remoteArgument, remoteOptions } from '../rsync/remote-source.ts'
import { rulesInForce } from './source-walk.ts'
import type { TreeTransfer } from './transfer.ts'
import { profileOptions } from './transfer-tree.ts'

/** What of a backup its rsync must know; a dry run knows no more. */
export type RemoteTask = Pick<
  TreeTransfer,
  'place' | 'rsync' | 'exclude' | 'compareBy' | 'profile' | 'stallMs'
>

export interface RemoteCopy {
  /** Absolute. */
  readonly destination: string
  /** Absolute directories, best first. */
  readonly bases: readonly string[]
  /** What the repository keeps. */
  readonly keeps: { readonly nanoseconds: boolean; readonly xattrs: boolean }
}

export function remoteRequest(
  task: RemoteTask,
  location: RemoteLocation,
  access: RemoteAccess,
  { destination, bases, keeps }: RemoteCopy,
): TransferRequest {
  return {
    source: remoteArgument(location),
    remote: { location, options: remoteOptions(location, access) },
    destination,
    bases,
    filters: rulesInForce(ownRepository(location, task.place.repository), task),
    scope: task.compareBy === 'content' ? 'everything-by-content' : 'everything',
    comparesNanoseconds: keeps.nanoseconds,
    copiesAcls: task.rsync.acls && keeps.xattrs,
    copiesXattrs: keeps.xattrs,
    stallMs: task.stallMs,
    ...profileOptions(task),
  }
}

/** This machine, by a detour. */
const LOCAL_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** The rule that leaves out the repository where the other machine is this one: it would copy itself. */
function ownRepository(location: RemoteLocation, repository: string): readonly string[] {
  if (location.kind !== 'ssh' || !LOCAL_HOSTS.has(location.host)) return []
  const path = pathBelow(location.path, repository)
  return path === undefined ? [] : [excludePathRule(path)]
}
