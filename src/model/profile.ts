import { SnapfsError } from '../errors/snapfs-error.ts'
import type { Floors } from './floor.ts'
import type { KeepPolicy } from './keep-policy.ts'
import type { LeaveOut } from './leave-out.ts'
import type { MaxShrink } from './max-shrink.ts'
import type { RemoteAccess } from './remote-access.ts'

/** Classes of ionice(1) that lower a priority. */
export const IO_CLASSES = ['idle', 'best-effort'] as const
export type IoClass = (typeof IO_CLASSES)[number]

/** What a backup does when nothing has changed: a snapshot all the same, or none. */
export const UNCHANGED_WAYS = ['snapshot', 'skip'] as const
export type OnUnchanged = (typeof UNCHANGED_WAYS)[number]

/** When `prune` is run by itself. */
export const PRUNE_TIMES = ['after backup'] as const
export type PruneTime = (typeof PRUNE_TIMES)[number]

/** What is backed up, and how: one table `[profile.NAME]` of the configuration. */
export interface Profile {
  readonly name: string
  /** The directory to back up: an absolute path, or a remote location that `parseSourceLocation` reads. */
  readonly source: string
  /** Absolute path of the repository. */
  readonly repository: string
  /** Patterns of rsync's, first match first; `+ ` in front of one keeps what it matches. */
  readonly exclude: readonly string[]
  /** Absent: the default. */
  readonly leaveOut?: LeaveOut
  /** How long a backup waits for another one of the profile; Infinity: for ever. Absent: not at all. */
  readonly waitMs?: number
  /** After so long all files are read and compared by content once. Absent: never by itself. */
  readonly checksumIntervalMs?: number
  /** Absent: `snapshot`. */
  readonly onUnchanged?: OnUnchanged
  /** Absent: the default. */
  readonly maxShrink?: MaxShrink
  /** What must be free in the repository before a backup begins. */
  readonly floors?: Floors
  /** `one`: what is mounted inside the source is left out. Absent: all. */
  readonly fileSystems?: 'one'
  /** A backup that is not done after so long is stopped. Absent: never. */
  readonly stopAfterMs?: number
  /** How much is copied a second, in bytes. Absent: what is possible. */
  readonly bandwidth?: number
  /** As nice(1) adds it, from 0 to 19. */
  readonly nice?: number
  /** As ionice(1) takes it, for what is copied. */
  readonly ionice?: IoClass
  /** What `snapfs prune` keeps. Absent: everything. */
  readonly keep?: KeepPolicy
  /** Absent: only when it is asked for. */
  readonly prune?: PruneTime
  /** Further options of rsync, all of them allowed. */
  readonly rsyncOptions?: readonly string[]
  /** For how long nothing of a backup may move before it is given up; Infinity: for ever. Absent: the default. */
  readonly stallMs?: number
  /** How to get to a remote source. */
  readonly access?: RemoteAccess
}

const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u

/** A profile names a directory in the repository and in the mount, so its name is kept plain. */
export function isProfileName(name: string): boolean {
  return NAME_PATTERN.test(name)
}

/** @throws SnapfsError USAGE when the name cannot be a profile's. */
export function checkProfileName(name: string): string {
  if (isProfileName(name)) return name
  throw new SnapfsError('USAGE', `"${name}" cannot be the name of a profile.`, {
    hint: 'Use letters, digits, ".", "_" and "-", beginning with a letter or digit, at most 64.',
  })
}

/** A profile name for a source that was given none: its last component, made plain. */
export function profileNameFor(source: string, homeDirectory: string): string {
  if (source === homeDirectory) return 'home'
  // All of another machine is called after the machine.
  const host = /^(?:[^/@]*@)?([^/]+):\/$/u.exec(source)?.[1]
  const last =
    host ??
    source
      .split('/')
      .filter((part) => part !== '')
      .at(-1) ??
    ''
  const plain = last
    .replaceAll(/[^A-Za-z0-9._-]/gu, '-')
    .replace(/^[^A-Za-z0-9]+/u, '')
    .slice(0, 64)
  return plain === '' ? 'root' : plain
}
