/** Other machines for tests: a real sshd and a real rsync daemon on this one, with files and ports of their own. */
import { execa } from 'execa'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { untilYes } from './eventually.ts'

export interface SshHost {
  readonly port: number
  /** For the profile's key `ssh_config`; a test may write another one over it. */
  readonly configFile: string
  readonly config: string
  readonly knownHosts: string
  /** Of the one key that may log in. Options may be put before it. */
  readonly authorizedKeys: string
  readonly publicKey: string
  /** Paths of private keys. */
  readonly key: string
  readonly otherKey: string
  readonly stop: () => Promise<void>
}

/** Starts sshd; who runs the test may log in with the key. */
export async function startSshd(directory: string): Promise<SshHost> {
  await mkdir(directory)
  const file = (name: string): string => join(directory, name)
  for (const name of ['host', 'key', 'other']) {
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file(name)])
  }
  const publicKey = await readFile(file('key.pub'), 'utf8')
  await writeFile(file('authorized_keys'), publicKey)
  const port = await freePort()
  await writeFile(
    file('sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${file('host')}`,
      'PidFile none',
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      '',
    ].join('\n'),
  )
  // Where root runs it, sshd wants this directory, which only the service makes.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
  const program = (await execa('sh', ['-c', 'PATH=$PATH:/usr/sbin; command -v sshd'])).stdout
  const child = execa(program, ['-D', '-e', '-f', file('sshd_config')], {
    stdin: 'ignore',
    reject: false,
  })
  await untilYes('sshd listens', 10_000, () => answers(port))
  const hostKey = (await readFile(file('host.pub'), 'utf8')).split(' ').slice(0, 2).join(' ')
  const knownHosts = file('known_hosts')
  await writeFile(knownHosts, `[127.0.0.1]:${port} ${hostKey}\n`)
  const config = [
    `Port ${port}`,
    `IdentityFile ${file('key')}`,
    'IdentitiesOnly yes',
    `UserKnownHostsFile ${knownHosts}`,
    'GlobalKnownHostsFile none',
    '',
  ].join('\n')
  await writeFile(file('ssh_config'), config)
  return {
    port,
    configFile: file('ssh_config'),
    config,
    knownHosts,
    authorizedKeys: file('authorized_keys'),
    publicKey,
    key: file('key'),
    otherKey: file('other'),
    stop: () => stop(child),
  }
}

export interface RsyncHost {
  readonly port: number
  readonly stop: () => Promise<void>
}

/** Starts an rsync daemon with the named modules, each with lines of rsyncd.conf(5). */
export async function startRsyncd(
  directory: string,
  modules: Readonly<Record<string, readonly string[]>>,
): Promise<RsyncHost> {
  await mkdir(directory)
  const port = await freePort()
  const isRoot = process.getuid?.() === 0
  await writeFile(
    join(directory, 'rsyncd.conf'),
    [
      'use chroot = no',
      'numeric ids = yes',
      `log file = ${join(directory, 'log')}`,
      `lock file = ${join(directory, 'lock')}`,
      ...(isRoot ? ['uid = root', 'gid = root'] : []),
      ...Object.entries(modules).flatMap(([name, lines]) => [`[${name}]`, ...lines]),
      '',
    ].join('\n'),
  )
  const words = ['--daemon', '--no-detach', '--address=127.0.0.1', `--port=${port}`]
  const child = execa('rsync', [...words, `--config=${join(directory, 'rsyncd.conf')}`], {
    stdin: 'ignore',
    reject: false,
  })
  await untilYes('the daemon listens', 10_000, () => answers(port))
  return { port, stop: () => stop(child) }
}

export interface Relay {
  readonly port: number
  readonly stop: () => Promise<void>
}

/**
 * Passes connections on to a port. The first is whole; each later one is cut once so many bytes came back. Without a
 * port to pass on to, connections are taken and nothing is ever said.
 */
export async function startRelay(
  target: number | undefined,
  cutAfterBytes = Infinity,
): Promise<Relay> {
  let count = 0
  const server = createServer((client) => {
    count += 1
    client.on('error', () => undefined)
    if (target === undefined) return
    const limit = count === 1 ? Infinity : cutAfterBytes
    const far = connect(target, '127.0.0.1')
    far.on('error', () => client.destroy())
    client.on('close', () => far.destroy())
    far.on('close', () => client.destroy())
    client.pipe(far)
    let passed = 0
    far.on('data', (chunk) => {
      passed += chunk.length
      if (passed < limit) client.write(chunk)
      else far.destroy()
    })
  })
  const port = await listen(server)
  return {
    port,
    stop: async () => {
      server.close()
      await Promise.resolve()
    },
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A forgotten one must not keep the tests from ending.
  server.unref()
  return (server.address() as AddressInfo).port
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

async function stop(
  child: { kill(signal: 'SIGTERM'): unknown } & PromiseLike<unknown>,
): Promise<void> {
  child.kill('SIGTERM')
  await child
}
