/** Why a remote source could not be read, from what ssh, the remote shell, the daemon and rsync said. */
import type { RemoteLocation } from '../model/source-location.ts'
import { ownWords, type RsyncEnd, transferOutcome, type TransferOutcome } from './outcome.ts'

export interface RemoteFailure {
  /** What is so, as a sentence. */
  readonly message: string
  /** What can be done. */
  readonly hint: string
}

type Tell = (location: RemoteLocation, line: string) => RemoteFailure

/** The first row that a line matches tells; rows about the connection stand before those that follow from it. */
const CAUSES: readonly (readonly [pattern: RegExp, tell: Tell])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|^Host key for .* has changed/u,
    ({ host }) => ({
      message: `The host key of ${host} is not the one that is known: it is another machine, or somebody is in between.`,
      hint: `If it was installed anew, compare its key there with "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub", and then remove the old one here with "ssh-keygen -R".`,
    }),
  ],
  [
    /Host key verification failed|host key is known for/u,
    (location) => ({
      message: `The host key of ${location.host} is not known yet.`,
      hint: `Log in once by hand, as the user who runs the backup, compare the fingerprint and accept it: ssh ${login(location)}.`,
    }),
  ],
  [
    /Permission denied \((?:publickey|password|keyboard|gssapi|hostbased)|Too many authentication failures/u,
    (location) => ({
      message: `${location.host} let nobody in: the ssh key was refused.`,
      hint: `snapfs never asks for a password. Put the public key into ~/.ssh/authorized_keys there, name the private one by "ssh_key", and try: ssh -o BatchMode=yes ${login(location)} true.`,
    }),
  ],
  [
    /Could not resolve hostname|getaddrinfo: /u,
    ({ host }) => ({
      message: `There is no host ${host}: its name has no address.`,
      hint: 'Is the name right, and is this machine connected?',
    }),
  ],
  [
    /Connection refused/u,
    (location) => ({
      message: `${location.host} refused the connection.`,
      hint: `Is ${location.kind === 'ssh' ? 'sshd' : 'the rsync daemon'} running there, and is the port right?`,
    }),
  ],
  [
    /timed out|Timeout, server .* not responding|timeout waiting for daemon/u,
    ({ host }) => ({
      message: `${host} does not answer.`,
      hint: 'Is it switched on, and does a firewall let this machine through?',
    }),
  ],
  [
    /No route to host|Network is unreachable|Host is down/u,
    ({ host }) => ({
      message: `There is no way to ${host}: the network cannot be reached.`,
      hint: 'Is this machine connected, and the other one switched on?',
    }),
  ],
  [
    /Failed to exec \S+: No such file/u,
    () => ({
      message: 'The program ssh is not installed here.',
      hint: 'Install it with the package manager, for example: apt-get install openssh-client.',
    }),
  ],
  [
    /is your shell clean/u,
    (location) => ({
      message: `The login shell of ${location.host} prints something of its own, so rsync cannot be understood.`,
      hint: `This must print nothing: ssh ${login(location)} true. Look into ~/.bashrc there, and whether the account may log in at all.`,
    }),
  ],
  [
    /rsync: (?:command )?not found|command not found: rsync|Unknown command:? '?rsync|remote command not found/u,
    ({ host }) => ({
      message: `rsync is not installed on ${host}.`,
      hint: 'Install it there with the package manager, for example: apt-get install rsync.',
    }),
  ],
  [
    /^@ERROR: Unknown module/u,
    (location) => ({
      message: `The rsync daemon of ${location.host} has no module "${moduleOf(location)}".`,
      hint: `It lists those it shows with: rsync rsync://${location.host}/.`,
    }),
  ],
  [
    /^@ERROR: auth failed/u,
    (location) => ({
      message: `The rsync daemon of ${location.host} refused user or password for "${moduleOf(location)}".`,
      hint: 'Write rsync://USER@HOST/MODULE, and the password as the only line of a file that "password_file" names.',
    }),
  ],
  [
    /^@ERROR: max connections/u,
    ({ host }) => ({
      message: `The rsync daemon of ${host} serves as many as it may already.`,
      hint: 'Run again later, or raise "max connections" there.',
    }),
  ],
  [
    /^@ERROR: access denied/u,
    (location) => ({
      message: `The rsync daemon of ${location.host} does not let this machine read "${moduleOf(location)}".`,
      hint: 'Look at "hosts allow" and "hosts deny" there.',
    }),
  ],
  [
    /^@ERROR: (?:chdir|chroot) failed/u,
    (location) => ({
      message: `The directory of the module "${moduleOf(location)}" is missing on ${location.host}.`,
      hint: 'If it is on another disk, is that mounted there?',
    }),
  ],
  [
    /module is write only/u,
    (location) => ({
      message: `The module "${moduleOf(location)}" of ${location.host} may only be written to.`,
      hint: 'Set "write only = no" for it there.',
    }),
  ],
  [
    /^@ERROR: /u,
    ({ host }, line) => ({
      message: `The rsync daemon of ${host} refused: ${line.replace('@ERROR: ', '')}.`,
      hint: 'Look into its log there.',
    }),
  ],
  [
    /password file must not be other-accessible|password file must be owned/u,
    () => ({
      message: 'The password file can be read by others.',
      hint: 'Make it yours alone: chmod 600, and change the password.',
    }),
  ],
]

const MISSING = /^rsync: \[sender\] change_dir ".* failed: No such file/u
const NO_DIRECTORY = /^rsync: \[sender\] change_dir ".* failed: Not a directory/u
const CLOSED = /^rsync: \[sender\] (?:change_dir|opendir|link_stat) ".* failed: (.*) \(\d+\)$/u

/** The exit codes of rsync, and of ssh, for a connection that came to an end. */
const CONNECTION_CODES: ReadonlySet<number | undefined> = new Set([5, 10, 12, 30, 35, 255])

/**
 * Why the first look at a source failed.
 * @param name the location, as the user wrote it
 */
export function lookFailure(end: RsyncEnd, location: RemoteLocation, name: string): RemoteFailure {
  const known = knownCause(end, location)
  if (known !== undefined) return known
  const words = end.messages.map(ownWords)
  if (words.some((line) => MISSING.test(line))) {
    return {
      message: `The source ${name} does not exist.`,
      hint: 'If it is on another disk, is that mounted there?',
    }
  }
  if (words.some((line) => NO_DIRECTORY.test(line))) {
    return {
      message: `The source ${name} is not a directory.`,
      hint: 'snapfs backs up directories; give the one that holds it.',
    }
  }
  const closed = words.map((line) => CLOSED.exec(line)).find((match) => match !== null)
  return {
    message: `The source ${name} cannot be read${closed?.[1] === undefined ? '' : `: ${closed[1]}`}.`,
    hint:
      closed === undefined
        ? `Try by hand what snapfs does: rsync --list-only --dirs '${name}/'`
        : 'Log in there as a user who may read it.',
  }
}

/** What a finished copy from another machine means. Pure. */
export function remoteOutcome(end: RsyncEnd, location: RemoteLocation): TransferOutcome {
  const outcome = transferOutcome(end)
  if (outcome.kind !== 'failed' || outcome.code !== 'RSYNC_FAILED') return outcome
  if (end.stalledMs !== undefined || end.isUndying) return outcome
  const known = knownCause(end, location)
  if (known !== undefined) {
    return { ...outcome, ...known, hint: `Nothing was published. ${known.hint}` }
  }
  if (!CONNECTION_CODES.has(end.exitCode)) return outcome
  return {
    ...outcome,
    message: `The connection to ${location.host} broke off before everything was copied.`,
    hint: 'Nothing was published; earlier snapshots are untouched. Run again when the network is back.',
  }
}

function knownCause(end: RsyncEnd, location: RemoteLocation): RemoteFailure | undefined {
  const lines = end.messages.map(ownWords)
  for (const [pattern, tell] of CAUSES) {
    const line = lines.find((candidate) => pattern.test(candidate))
    if (line !== undefined) return tell(location, line)
  }
  return undefined
}

function login({ user, host }: RemoteLocation): string {
  const name = host.replaceAll(/[[\]]/gu, '')
  return user === undefined ? name : `${user}@${name}`
}

function moduleOf(location: RemoteLocation): string {
  return location.kind === 'daemon' ? location.module : ''
}
