/** A remote source in the words of rsync: the argument that names it, and the options that lead there. */
import type { RemoteAccess } from '../model/remote-access.ts'
import { formatRemoteLocation, type RemoteLocation } from '../model/source-location.ts'

/** How long a connection may take to come about, in seconds; ssh's ends with the greeting of the other side. */
const CONNECT_TIMEOUT_S = 30

/**
 * Options of ssh that hold for every source. None is about host keys: those are the user's to accept. No prompts, no
 * master that outlives us with our standard error in its hands, nothing that somebody set up for his own sessions.
 * A peer that does not answer for a minute is gone.
 */
const SSH_OPTIONS = [
  'BatchMode=yes',
  `ConnectTimeout=${CONNECT_TIMEOUT_S}`,
  'ServerAliveInterval=15',
  'ServerAliveCountMax=4',
  'ControlMaster=no',
  'ClearAllForwardings=yes',
  'ForwardAgent=no',
  'ForwardX11=no',
  'RequestTTY=no',
  'RemoteCommand=none',
] as const

/**
 * The source as rsync's argument, without a slash at its end. rsync escapes for the remote shell what it must, but
 * leaves it the wildcards, and a daemon expands them itself; behind a backslash both take them as they are.
 */
export function remoteArgument(location: RemoteLocation): string {
  const path = location.path.replaceAll(/[*?[\]]/gu, String.raw`\$&`)
  // A daemon would take such a path for options (measured with rsync 3.5.0).
  const named = location.kind === 'daemon' && path.startsWith('-') ? `./${path}` : path
  return formatRemoteLocation({ ...location, path: named })
}

/** The options of rsync that lead to a location. */
export function remoteOptions(location: RemoteLocation, access: RemoteAccess): readonly string[] {
  switch (location.kind) {
    case 'ssh':
      return [`--rsh=${sshWords(access).map(quoteForRsh).join(' ')}`]
    case 'daemon':
      return [
        `--contimeout=${CONNECT_TIMEOUT_S}`,
        ...(access.passwordFile === undefined ? [] : [`--password-file=${access.passwordFile}`]),
      ]
  }
}

function sshWords({ sshPort, sshKey, sshConfig }: RemoteAccess): readonly string[] {
  return [
    'ssh',
    ...(sshConfig === undefined ? [] : ['-F', sshConfig]),
    ...(sshPort === undefined ? [] : ['-p', String(sshPort)]),
    // The key alone: the keys of an agent may be more than the other side lets anybody try.
    ...(sshKey === undefined ? [] : ['-i', sshKey, '-o', 'IdentitiesOnly=yes']),
    ...SSH_OPTIONS.flatMap((option) => ['-o', option]),
  ]
}

/** rsync splits at spaces outside of quotes; two single quotes within single quotes are one (rsync(1), --rsh). */
function quoteForRsh(word: string): string {
  return /^[\w./=-]+$/u.test(word) ? word : `'${word.replaceAll("'", "''")}'`
}
