/** The guards before a backup of a remote source: whether it is there, can be read, and holds something. */
import { SnapfsError } from '../errors/snapfs-error.ts'
import type { Profile } from '../model/profile.ts'
import type { RemoteLocation } from '../model/source-location.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { lookFailure } from '../rsync/remote-failure.ts'
import { remoteArgument, remoteOptions } from '../rsync/remote-source.ts'
import { runRsync } from '../rsync/run-rsync.ts'
import { suddenlyEmpty } from './check-source.ts'
import { throwIfInterrupted } from './interruption.ts'
import { checkAccess } from './check-access.ts'

export interface RemoteLook {
  readonly profile: Profile
  readonly location: RemoteLocation
  readonly newest: Snapshot | undefined
  readonly emptySource: 'refuse' | 'allow'
  readonly stallMs: number
  readonly signal: AbortSignal
}

/** The protocol of rsync 3.1, the first to pass on nanoseconds. */
const OLDEST_PROTOCOL = 31
/** Listing one directory is quick, so a look is not given half an hour. */
const LOOK_STALL_MS = 2 * 60_000

/**
 * Connects, and lists the source itself without what is below it.
 * @throws SnapfsError SOURCE_REFUSED with what is wrong there, RSYNC_MISSING when the other rsync is too old
 */
export async function lookAtRemote(look: RemoteLook): Promise<void> {
  const { profile, location } = look
  const access = profile.access ?? {}
  await checkAccess(access)
  let [protocol, entries] = [OLDEST_PROTOCOL, 0]
  const end = await runRsync({
    arguments: [
      ...['--dirs', '--list-only', '--debug=PROTO', '--no-human-readable', '--outbuf=L'],
      ...remoteOptions(location, access),
      '--',
      `${remoteArgument(location).replace(/\/$/u, '')}/`,
    ],
    signal: look.signal,
    stallMs: Math.min(look.stallMs, LOOK_STALL_MS),
    onLine: (line) => {
      const match = /Protocol versions: remote=(\d+)/u.exec(line)
      if (match !== null) protocol = Number(match[1])
      else if (/^[-dlcbps][-rwxsStT]{9}/u.test(line)) entries += 1
    },
  })
  throwIfInterrupted(look.signal)
  if (protocol < OLDEST_PROTOCOL) throw tooOld(location.host)
  if (end.exitCode !== 0) {
    const { message, hint } =
      end.stalledMs === undefined
        ? lookFailure(end, location, profile.source)
        : silentPeer(location.host)
    throw new SnapfsError('SOURCE_REFUSED', message, {
      hint: `Nothing was done. ${hint}`,
      details: end.messages.filter((line) => line.trim() !== '').slice(-3),
    })
  }
  const hadEntries = (look.newest?.manifest.counts.entries ?? 0) > 1
  // The directory itself is listed, too.
  const isEmpty = entries <= 1
  if (look.emptySource === 'refuse' && isEmpty && hadEntries) throw suddenlyEmpty(profile.source)
}

function silentPeer(host: string): { readonly message: string; readonly hint: string } {
  return {
    message: `${host} took the connection and then said nothing.`,
    hint: 'Is it the right port, and does the other machine hang?',
  }
}

function tooOld(host: string): SnapfsError {
  return new SnapfsError(
    'RSYNC_MISSING',
    `The rsync on ${host} is too old or another program of that name: it knows no nanoseconds.`,
    { hint: 'Nothing was done. Install rsync 3.1 or newer there; on macOS its own is not enough.' },
  )
}
