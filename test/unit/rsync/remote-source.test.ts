import { describe, expect, test } from 'vitest'
import type { RemoteLocation } from '../../../src/model/source-location.ts'
import { remoteArgument, remoteOptions } from '../../../src/rsync/remote-source.ts'

const SSH: RemoteLocation = { kind: 'ssh', user: 'anna', host: 'web1', path: '/srv/a b' }
const DAEMON: RemoteLocation = {
  kind: 'daemon',
  user: undefined,
  host: 'nas',
  port: '8730',
  module: 'data',
  path: '',
}

describe('a remote source on the command line of rsync', () => {
  test('keeps its wildcards to itself', () => {
    expect(remoteArgument({ ...SSH, path: String.raw`/a*[b]?\c` })).toBe(
      String.raw`anna@web1:/a\*\[b\]\?\c`,
    )
  })

  test('does not begin below a module like an option', () => {
    expect(remoteArgument({ ...DAEMON, path: '-x/y' })).toBe('rsync://nas:8730/data/./-x/y')
    expect(remoteArgument(DAEMON)).toBe('rsync://nas:8730/data')
  })

  test('is reached by an ssh that asks nothing, waits for nothing for ever, and trusts nobody new', () => {
    const [rsh = ''] = remoteOptions(SSH, {})
    expect(rsh).toMatch(/^--rsh=ssh -o BatchMode=yes -o ConnectTimeout=30 /u)
    expect(rsh).toContain('-o ServerAliveInterval=15 -o ServerAliveCountMax=4')
    expect(rsh).toContain('-o ControlMaster=no')
    expect(rsh).not.toMatch(/HostKey|KnownHosts|Proxy/iu)
  })

  test('names port, key and configuration, so that neither rsync nor ssh reads them otherwise', () => {
    const access = { sshPort: 2222, sshKey: "/k/Anna's key", sshConfig: '/c' }
    const [rsh] = remoteOptions(SSH, access)
    expect(rsh).toMatch(
      /^--rsh=ssh -F \/c -p 2222 -i '\/k\/Anna''s key' -o IdentitiesOnly=yes -o BatchMode=yes /u,
    )
  })

  test('gives a daemon a time to connect, and the password by a file', () => {
    expect(remoteOptions(DAEMON, {})).toEqual(['--contimeout=30'])
    expect(remoteOptions(DAEMON, { passwordFile: '/p w', sshKey: '/k' })).toEqual([
      '--contimeout=30',
      '--password-file=/p w',
    ])
  })
})
