/** Sources behind ssh: the same snapshots as of local ones, and a sentence for each way in which it can go wrong. */
import { execa } from 'execa'
import { link, lstat, mkdir, mkdtemp, readdir, readFile, realpath } from 'node:fs/promises'
import { rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest'
import { repositoryAt } from '../support/back-up-once.ts'
import { differences, fingerprint, sharedFiles } from '../support/compare-trees.ts'
import { untilYes } from '../support/eventually.ts'
import { processesOf, sendSignal } from '../support/processes.ts'
import { freePort, type SshHost, startRelay, startSshd } from '../support/remote-hosts.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences, SILENCE } from '../support/sentences.ts'
import { type Finished, PROGRAM, snapfs } from '../support/snapfs.ts'
import { removeAll, useTemporaryDirectory } from '../support/temporary-directory.ts'

const test = testWith('rsync', 'sshd')
const directory = useTemporaryDirectory()
let hosts = ''
let host: SshHost
let env: Record<string, string> = {}
let source = ''
let repository = ''

beforeAll(async () => {
  hosts = await mkdtemp(join(await realpath(tmpdir()), 'snapfs-sshd-'))
  host = await startSshd(join(hosts, 'ssh'))
})

afterAll(async () => {
  await host.stop()
  await removeAll(hosts)
})

beforeEach(async () => {
  source = join(directory(), 'far')
  repository = join(directory(), 'repository')
  env = { HOME: directory(), SNAPFS_CONFIG: join(directory(), 'config.toml') }
  await mkdir(source)
  for (let n = 0; n < 12; n += 1) await writeFile(join(source, `file${n}`), `content ${n}\n`)
  await writeFile(host.configFile, host.config)
  await writeFile(host.authorizedKeys, host.publicKey)
  await repositoryAt(repository)
  await configure(source)
})

async function configure(path: string, more = ''): Promise<void> {
  const { username } = userInfo()
  await writeFile(
    env['SNAPFS_CONFIG']!,
    `repository = '${repository}'\n[profile.data]\nsource = '''${username}@127.0.0.1:${path}'''\n` +
      `ssh_config = '${host.configFile}'\n${more}`,
  )
}

async function backUp(...words: readonly string[]): Promise<Finished> {
  return snapfs(['backup', ...words], { env })
}

async function snapshots(): Promise<readonly string[]> {
  const names = await readdir(join(repository, 'data')).catch(() => [])
  return names.filter((name) => /^\d{4}-.*Z$/u.test(name)).sort()
}

async function treeOf(index: number): Promise<string> {
  return join(repository, 'data', (await snapshots()).at(index)!, 'tree')
}

/** That nothing came of a run: no snapshot, nobody at work. */
async function expectNothing(count = 0): Promise<void> {
  expect(await snapshots()).toHaveLength(count)
  expect(await readdir(join(repository, 'data')).catch(() => [])).not.toContain('.lock')
}

async function expectRefused(exitCode: number, ...says: readonly RegExp[]): Promise<void> {
  expectSentences(await backUp(), exitCode, says)
  await expectNothing()
}

describe('a source behind ssh', () => {
  testWith(
    'rsync',
    'sshd',
    'root',
  )('is stored as it is, and linked when unchanged', async () => {
    await mkdir(join(source, 'deep'))
    await writeFile(join(source, 'deep/private'), 'secret', { mode: 0o600 })
    await link(join(source, 'file0'), join(source, 'deep/twin'))
    await symlink('../nowhere', join(source, 'deep/link'))
    await execa('mkfifo', [join(source, 'pipe')])
    await execa('mknod', [join(source, 'null'), 'c', '1', '3'])
    await execa('truncate', ['-s', '8M', join(source, 'sparse')])
    await execa('setfacl', ['-m', 'u:1234:rw', join(source, 'file1')])
    await execa('setfattr', ['-n', 'user.colour', '-v', 'red', join(source, 'file2')])
    await execa('chown', ['-h', '1001:1002', join(source, 'deep/link'), join(source, 'file3')])
    await utimes(join(source, 'file4'), 1, 1.123456)
    const bytes = Buffer.concat([Buffer.from(`${source}/`), Buffer.from([0xff, 0xfe])])
    await writeFile(bytes, 'bytes')
    expect(await backUp()).toEqual(SILENCE)
    const first = await treeOf(0)
    expect(await differences(source, first)).toBe('')
    const before = await fingerprint(first)

    await rm(bytes)
    await rm(join(source, 'file5'))
    await writeFile(join(source, 'file6'), 'changed\n')
    await execa('chmod', ['600', join(source, 'file7')])
    expect(await backUp()).toEqual(SILENCE)
    const second = await treeOf(1)
    expect(await differences(source, second)).toBe('')
    expect(await fingerprint(first)).toBe(before)
    // 14 files are left; the one that changed and the one of other attributes are stored anew.
    expect(await sharedFiles(second, first)).toBe(12)
    const manifest: unknown = JSON.parse(await readFile(join(second, '../manifest.json'), 'utf8'))
    expect(manifest).toMatchObject({
      outcome: 'complete',
      engine: 'rsync',
      source: { realPath: source, host: '127.0.0.1', transport: 'ssh' },
      counts: { files: 14, symlinks: 1, specials: 2, directories: 2, linkedEntries: 15 },
      problems: [],
    })
    expect(await processesOf(directory())).toEqual([])
  })

  test('is found whatever its path holds', async () => {
    for (const name of [
      "it's $(touch pwned) `id`",
      '"q" [*] ? \\*',
      '-dash ;&|',
      '~ ümläut #{a,b}',
    ]) {
      const odd = join(source, name)
      await mkdir(odd)
      await writeFile(join(odd, 'inside'), name)
      await configure(odd)
      expect(await backUp()).toEqual(SILENCE)
      expect(await readFile(join(await treeOf(-1), 'inside'), 'utf8')).toBe(name)
    }
  })

  test('is read with a port and a key, wherever that lies', async () => {
    const { username } = userInfo()
    const key = join(directory(), "Anna's own key")
    await execa('cp', [host.key, key])
    await writeFile(
      host.configFile,
      `UserKnownHostsFile ${host.knownHosts}\nGlobalKnownHostsFile none\n`,
    )
    await writeFile(
      env['SNAPFS_CONFIG']!,
      `repository = '${repository}'\n[profile.data]\nsource = '${username}@127.0.0.1:${source}'\n` +
        `ssh_config = '${host.configFile}'\nssh_port = ${host.port}\nssh_key = """${key}"""\n`,
    )
    expect(await backUp()).toEqual(SILENCE)
    expect(await differences(source, await treeOf(0))).toBe('')
    await execa('chmod', ['644', key])
    expectSentences(await backUp(), 14, [/"ssh_key", can be read by others/u, /chmod 600/u])
  })

  test('leaves out what is excluded', async () => {
    await writeFile(join(source, 'x.tmp'), 'x')
    await mkdir(join(source, 'cache'))
    await symlink('file0', join(source, 'cache/link'))
    await configure(source, 'exclude = ["*.tmp", "cache/"]\n')
    expect(await backUp()).toEqual(SILENCE)
    const names = await readdir(await treeOf(0))
    expect(names).toContain('file11')
    expect(names).not.toContain('x.tmp')
    expect(names).not.toContain('cache')
  })

  test('leaves out what a .snapfsignore there says, and says what only a local source can', async () => {
    await writeFile(join(source, '.snapfsignore'), '/file1\n*.tmp\n')
    await writeFile(join(source, 'x.tmp'), 'x')
    await writeFile(join(source, 'y.tmp'), 'y')
    await configure(source, 'exclude = ["+ /x.tmp"]\n')
    expect(await backUp()).toEqual(SILENCE)
    const names = await readdir(await treeOf(0))
    expect(names).toContain('x.tmp')
    expect(names).toContain('file11')
    for (const name of ['y.tmp', 'file1']) expect(names).not.toContain(name)
    await configure(source, 'ignore_files = false\n')
    expect(await backUp()).toEqual(SILENCE)
    expect(await readdir(await treeOf(1))).toContain('file1')
    await configure(source, 'exclude_caches = true\nexclude_larger_than = "1 GB"\n')
    expectSentences(await backUp(), 2, [
      /exclude_caches and exclude_larger_than can be told only of a local one/u,
      /exclude patterns/u,
    ])
    await expectNothing(2)
  })

  test('that is suddenly empty needs --accept-shrink', async () => {
    expect(await backUp()).toEqual(SILENCE)
    await execa('find', [source, '-mindepth', '1', '-delete'])
    expectSentences(await backUp(), 14, [
      /is empty, but its last snapshot was not/u,
      /--accept-shrink/u,
    ])
    await expectNothing(1)
    expect(await backUp('--accept-shrink')).toEqual(SILENCE)
    expect(await readdir(await treeOf(1))).toEqual([])
  })

  test('leaves the repository out where the other machine is this one', async () => {
    await writeFile(host.configFile, `${host.config}HostKeyAlias [127.0.0.1]:${host.port}\n`)
    const { username } = userInfo()
    await writeFile(
      env['SNAPFS_CONFIG']!,
      `repository = '${repository}'\n[profile.data]\nsource = '${username}@localhost:${directory()}'\n` +
        `ssh_config = '${host.configFile}'\nexclude = ['/config.toml']\n`,
    )
    expect(await backUp()).toEqual(SILENCE)
    expect((await readdir(await treeOf(0))).sort()).toEqual(['far'])
  })
})

describe('a source behind ssh that is not what it should be', () => {
  test('a directory that is missing there is refused', async () => {
    await rm(source, { recursive: true })
    await expectRefused(14, /does not exist/u, /mounted there/u)
  })

  test('a file is refused', async () => {
    await configure(join(source, 'file1'))
    await expectRefused(14, /file1 is not a directory/u)
  })
})

describe('a machine that cannot be reached by ssh', () => {
  test('a key that is refused is named', async () => {
    await writeFile(host.configFile, host.config.replace(host.key, host.otherKey))
    await expectRefused(14, /key was refused/u, /authorized_keys/u)
  })

  test('a host key that changed is never accepted', async () => {
    const other = (await readFile(`${host.otherKey}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ')
    const known = join(directory(), 'known')
    await writeFile(known, `[127.0.0.1]:${host.port} ${other}\n`)
    await writeFile(host.configFile, host.config.replace(host.knownHosts, known))
    await expectRefused(14, /is not the one that is known/u, /ssh-keygen -R/u)
  })

  test('a host key that is unknown is not accepted unseen', async () => {
    const known = join(directory(), 'known')
    await writeFile(host.configFile, host.config.replace(host.knownHosts, known))
    await expectRefused(14, /host key of 127\.0\.0\.1 is not known yet/u, /fingerprint/u)
    await expect(lstat(known)).rejects.toThrow(/ENOENT/u)
  })

  test('a shell that prints something of its own is pointed at', async () => {
    const noise = 'command="echo Welcome; exec sh -c \\"$SSH_ORIGINAL_COMMAND\\""'
    await writeFile(host.authorizedKeys, `${noise} ${host.publicKey}`)
    await expectRefused(14, /prints something of its own/u, /must print nothing/u)
  })

  test('a machine without rsync is told', async () => {
    const without = 'command="PATH=/nonexistent; /bin/sh -c \\"$SSH_ORIGINAL_COMMAND\\""'
    await writeFile(host.authorizedKeys, `${without} ${host.publicKey}`)
    await expectRefused(14, /rsync is not installed on 127\.0\.0\.1/u)
  })

  test('an rsync that is too old there is told', async () => {
    const old = `command="sh -c \\"$(echo $SSH_ORIGINAL_COMMAND | sed 's/--server/--server --protocol=30/')\\""`
    await writeFile(host.authorizedKeys, `${old} ${host.publicKey}`)
    await expectRefused(20, /too old/u, /rsync 3\.1/u)
  })

  test('a port that nobody listens on is told', async () => {
    await writeFile(host.configFile, host.config.replace(`${host.port}`, `${await freePort()}`))
    await expectRefused(14, /refused the connection/u, /sshd running/u)
  })

  test('a name without an address is told', async () => {
    await writeFile(host.configFile, `Hostname no-such-host.invalid\n${host.config}`)
    await expectRefused(14, /has no address/u)
  })

  test('a port that takes the connection and stays silent is not waited for', async () => {
    const relay = await startRelay(undefined)
    await writeFile(host.configFile, host.config.replace(`${host.port}`, `${relay.port}`))
    await configure(source, 'stall_timeout = "3 s"\n')
    await expectRefused(14, /took the connection and then said nothing/u)
    expect(await processesOf(directory())).toEqual([])
    await relay.stop()
  })
})

describe('a connection that comes to an end', () => {
  for (const bytes of [1, 20_000, 300_000]) {
    test(`after ${bytes} bytes publishes nothing, and the next run is whole`, async () => {
      await execa('sh', ['-c', `head -c 3000000 /dev/urandom > '${join(source, 'large')}'`])
      const relay = await startRelay(host.port, bytes)
      const through = host.config
        .replace(`Port ${host.port}`, `Port ${relay.port}`)
        .concat(`HostKeyAlias [127.0.0.1]:${host.port}\n`)
      await writeFile(host.configFile, through)
      expectSentences(await backUp(), 21, [
        /broke off|let nobody in|not answer/u,
        /Nothing was published/u,
      ])
      await expectNothing()
      await relay.stop()
      await writeFile(host.configFile, host.config)
      expect(await backUp()).toEqual(SILENCE)
      expect(await differences(source, await treeOf(0))).toBe('')
    })
  }

  test('is gone on with: what had come through is not transferred again', async () => {
    await execa('sh', ['-c', `head -c 3000000 /dev/urandom > '${join(source, 'zz-large')}'`])
    const relay = await startRelay(host.port, 1_500_000)
    const through = host.config
      .replace(`Port ${host.port}`, `Port ${relay.port}`)
      .concat(`HostKeyAlias [127.0.0.1]:${host.port}\n`)
    await writeFile(host.configFile, through)
    expectSentences(await backUp(), 21, [/broke off/u, /goes on from there/u])
    await relay.stop()
    const [staged] = await readdir(join(repository, 'data/.incoming'))
    const left = join(repository, 'data/.incoming', staged!, 'tree')
    const inodes = async (tree: string): Promise<readonly string[]> => {
      const { stdout } = await execa('find', [tree, '-type', 'f', '-printf', '%i %P\n'])
      return stdout.split('\n').sort()
    }
    const before = (await inodes(left)).filter((line) => !line.endsWith('zz-large'))
    expect(before.length).toBeGreaterThan(3)
    await writeFile(host.configFile, host.config)
    const { stdout } = await snapfs(['backup', '--json'], { env })
    const { counts } = (JSON.parse(stdout) as Answer).snapshots[0]!
    expect(counts.changedFiles).toBe(1)
    expect(await inodes(await treeOf(0))).toEqual(expect.arrayContaining(before))
    expect(await differences(source, await treeOf(0))).toBe('')
    expect(await readdir(join(repository, 'data/.incoming'))).toEqual([])
  })

  interface Answer {
    readonly snapshots: readonly { readonly counts: { readonly changedFiles: number } }[]
  }

  async function startEndless(): Promise<{
    readonly pid: number
    readonly ended: Promise<Finished>
  }> {
    await execa('truncate', ['-s', String(200 * 1024 ** 3), join(source, 'endless')])
    const child = execa(PROGRAM, ['backup'], { env, stdin: 'ignore', reject: false })
    const ended = child.then(({ exitCode, stdout, stderr }) => ({ exitCode, stdout, stderr }))
    await untilYes('the copy begins', 20_000, async () => {
      const staged = await readdir(join(repository, 'data/.incoming')).catch(() => [])
      const tree = join(repository, 'data/.incoming', staged[0] ?? '', 'tree')
      return (await readdir(tree).catch(() => [])).some((name) => name.startsWith('.endless.'))
    })
    return { pid: child.pid!, ended }
  }

  /** The rsync at the other end, by the source among its words. */
  async function farRsyncs(): Promise<readonly number[]> {
    const { stdout } = await execa('ps', ['-eo', 'pid=,args='])
    return stdout
      .split('\n')
      .filter((line) => line.includes('--server --sender') && line.includes(source))
      .filter((line) => / rsync --server/u.test(line) && !/ sh | bash /u.test(line))
      .map((line) => Number(line.trim().split(' ')[0]))
  }

  test('when the rsync at the other end stands still is ended by the watch', async () => {
    await configure(source, 'stall_timeout = "3 s"\n')
    const { ended } = await startEndless()
    const far = await farRsyncs()
    expect(far.length).toBeGreaterThan(0)
    for (const pid of far) sendSignal(pid, 'SIGSTOP')
    expectSentences(await ended, 21, [/Nothing moved for 3 seconds/u])
    await expectNothing()
    for (const pid of far) sendSignal(pid, 'SIGKILL')
  })

  test('by a signal leaves nothing behind at either end', async () => {
    const { pid, ended } = await startEndless()
    expect(await farRsyncs()).not.toEqual([])
    process.kill(pid, 'SIGTERM')
    expectSentences(await ended, 143, [/SIGTERM/u])
    await expectNothing()
    await untilYes('the other end is gone', 10_000, async () => (await farRsyncs()).length === 0)
  })
})

describe('a source that is written wrongly', () => {
  const wrong = [
    ['host:relative', /full path.*\.\/host:relative/u],
    ['-oProxyCommand=x:/y', /host that is none/u],
    ['host::module', /rsync:\/\/HOST\/MODULE/u],
    ['ho st:/x', /host that is none/u],
    ['host:/a\nb', /control character/u],
    ['ssh://host/x', /scheme/u],
    ['rsync://host/', /no module/u],
    ['rsync://anna:pw@host/m', /password_file/u],
  ] as const
  for (const [text, says] of wrong) {
    test(`${JSON.stringify(text)} is refused before anything is done`, async () => {
      const words = ['backup', '--repository', repository, `--source=${text}`]
      expectSentences(await snapfs(words, { env }), 2, [says])
      expectSentences(await snapfs(['init', repository, `--source=${text}`], { env }), 2, [says])
      await writeFile(
        env['SNAPFS_CONFIG']!,
        `repository = "/r"\n[profile.a]\nsource = ${JSON.stringify(text)}\n`,
      )
      expectSentences(await snapfs(['backup'], { env }), 2, [says, /config\.toml:3:1: /u])
    })
  }

  test('a local directory may be called like one of another machine', async () => {
    await mkdir(join(directory(), 'a:b'))
    const words = ['backup', '--repository', repository, '--source', './a:b', '--profile', 'x']
    expect(await snapfs(words, { env, cwd: directory() })).toEqual(SILENCE)
  })
})
