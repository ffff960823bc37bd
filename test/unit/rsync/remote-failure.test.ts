import { describe, expect, test } from 'vitest'
import type { RemoteLocation } from '../../../src/model/source-location.ts'
import { lookFailure, remoteOutcome } from '../../../src/rsync/remote-failure.ts'

const SSH: RemoteLocation = { kind: 'ssh', user: 'anna', host: 'web1', path: '/srv' }
const DAEMON: RemoteLocation = {
  kind: 'daemon',
  user: 'anna',
  host: 'nas',
  port: undefined,
  module: 'data',
  path: '',
}

/** Lines as ssh 9.2, bash and rsync 3.5.0 print them with LC_ALL=C. */
const CLOSED_EARLY = 'rsync: connection unexpectedly closed (0 bytes received so far) [Receiver]'
const CODE_12 =
  'rsync error: error in rsync protocol data stream (code 12) at io.c(285) [Receiver=3.5.0]'

function end(exitCode: number, ...messages: string[]) {
  return { exitCode, signal: undefined, messages }
}

describe('a first look that failed', () => {
  test.each([
    ['Host key for [web1]:22 has changed and you have requested strict checking.', /not the one/u],
    ['Host key verification failed.', /not known yet/u],
    ['anna@web1: Permission denied (publickey).', /key was refused/u],
    ['ssh: connect to host web1 port 22: Connection refused', /refused the connection/u],
    ['ssh: Could not resolve hostname web1: Name or service not known', /has no address/u],
    ['ssh: connect to host web1 port 22: No route to host', /no way to web1/u],
    ['Connection timed out during banner exchange', /does not answer/u],
    ['Timeout, server web1 not responding.', /does not answer/u],
    ['protocol version mismatch -- is your shell clean?', /prints something of its own/u],
    ['bash: line 1: rsync: command not found', /rsync is not installed on web1/u],
    ['sh: 1: rsync: not found', /rsync is not installed on web1/u],
    ['zsh:1: command not found: rsync', /rsync is not installed on web1/u],
    [
      'rsync: [Receiver] Failed to exec ssh: No such file or directory (2)',
      /ssh is not installed/u,
    ],
    ['rsync: [sender] change_dir "/srv" failed: No such file or directory (2)', /does not exist/u],
    ['rsync: [sender] change_dir "/srv" failed: Not a directory (20)', /is not a directory/u],
    [
      'rsync: [sender] change_dir "/srv" failed: Permission denied (13)',
      /read: Permission denied/u,
    ],
    ['rsync: [sender] opendir "/srv/." failed: Permission denied (13)', /read: Permission denied/u],
    ['something new', /anna@web1:\/srv cannot be read\.$/u],
  ])('by ssh with %j has a sentence of its own', (line, says) => {
    const failure = lookFailure(end(12, line, CLOSED_EARLY, CODE_12), SSH, 'anna@web1:/srv')
    expect(failure.message).toMatch(says)
    expect(failure.hint).toMatch(/^\S.{15,}[^:]$/u)
  })

  test.each([
    ["@ERROR: Unknown module 'data'", /has no module "data"/u],
    ['@ERROR: auth failed on module data', /refused user or password for "data"/u],
    ['@ERROR: max connections (4) reached -- try again later', /serves as many/u],
    ['@ERROR: access denied to data from web1 (192.0.2.1)', /does not let this machine/u],
    ['@ERROR: chdir failed', /directory of the module "data" is missing/u],
    ['@ERROR: quite another', /refused: quite another\./u],
    ['ERROR: module is write only', /only be written to/u],
    ['ERROR: password file must not be other-accessible', /read by others/u],
    ['rsync: getaddrinfo: nas 873: Name or service not known', /has no address/u],
    [
      'rsync: [Receiver] failed to connect to nas (192.0.2.2): Connection refused (111)',
      /refused/u,
    ],
  ])('by a daemon with %j has a sentence of its own', (line, says) => {
    expect(lookFailure(end(5, line), DAEMON, 'rsync://anna@nas/data').message).toMatch(says)
  })

  test('is not told by what a file is called', () => {
    const line = 'rsync: [sender] opendir "/srv/Connection refused" failed: Permission denied (13)'
    expect(lookFailure(end(23, line), SSH, 'web1:/srv').message).toMatch(
      /cannot be read: Permission/u,
    )
  })
})

describe('the outcome of a copy from another machine', () => {
  test.each([5, 10, 12, 30, 35, 255])('is a connection that broke off for code %d', (exitCode) => {
    expect(remoteOutcome(end(exitCode, CODE_12), SSH)).toMatchObject({
      kind: 'failed',
      code: 'RSYNC_FAILED',
      message: 'The connection to web1 broke off before everything was copied.',
    })
  })

  test('tells the cause when there is one', () => {
    expect(
      remoteOutcome(end(12, 'Timeout, server web1 not responding.', CODE_12), SSH),
    ).toMatchObject({
      code: 'RSYNC_FAILED',
      message: expect.stringContaining('does not answer') as string,
      hint: expect.stringMatching(/^Nothing was published\./u) as string,
    })
  })

  test('is otherwise that of any copy', () => {
    const unreadable = 'rsync: [sender] send_files failed to open "/srv/x": Permission denied (13)'
    expect(remoteOutcome(end(0), SSH)).toMatchObject({ kind: 'usable', outcome: 'complete' })
    expect(remoteOutcome(end(23, unreadable), SSH)).toMatchObject({
      kind: 'usable',
      problems: [{ kind: 'unreadable' }],
    })
    const full = 'rsync: [receiver] write failed on "/r/x": No space left on device (28)'
    expect(remoteOutcome(end(11, full), SSH)).toMatchObject({ code: 'DESTINATION_FULL' })
    expect(remoteOutcome({ ...end(20), stalledMs: 1000 }, SSH)).toMatchObject({
      message: expect.stringContaining('Nothing moved') as string,
    })
  })
})
