import { execa } from 'execa'
import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { testWith } from '../support/requirements.ts'
import { snapfs, type RunOptions } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
/** `nobody` of Debian; any user but root will do. */
const USER = 65_534
const test = testWith('rsync', 'root')
/** What `rm -r` of their owner cannot empty, and what anybody could. */
const DIRECTORIES: readonly (readonly [string, number])[] = [
  ['read-only', 0o555],
  ['owner-only', 0o500],
  ['ordinary', 0o755],
]

async function homeOfUser(): Promise<{ readonly source: string; readonly as: RunOptions }> {
  await chmod(directory(), 0o755)
  const home = `${directory()}/home`
  await mkdir(`${home}/source`, { recursive: true })
  for (const path of [home, `${home}/source`]) await chown(path, USER, USER)
  const as = { uid: USER, gid: USER, env: { HOME: home, SNAPFS_CONFIG: `${home}/config.toml` } }
  return { source: `${home}/source`, as }
}

interface Answer {
  readonly snapshots: readonly { readonly path: string; readonly outcome: string }[]
}

describe('a user who is not root', () => {
  test('keeps ACLs and extended attributes', async () => {
    const { source, as } = await homeOfUser()
    await writeFile(`${source}/file`, 'x')
    await chown(`${source}/file`, USER, USER)
    await execa('setfattr', ['-n', 'user.colour', '-v', 'red', `${source}/file`])
    await execa('setfacl', ['-m', 'u:1234:r', `${source}/file`])
    const made = await snapfs(['init', `${source}/../repository`, '--source', source], as)
    expect(made).toMatchObject({ exitCode: 0, stderr: '' })
    expect(made.stdout).not.toContain('Note:')
    const backup = await snapfs(['backup', '--json'], as)
    expect(backup).toMatchObject({ exitCode: 0, stderr: '' })
    const { path } = (JSON.parse(backup.stdout) as Answer).snapshots[0]!
    const attribute = await execa('getfattr', [
      '-n',
      'user.colour',
      '--only-values',
      `${path}/tree/file`,
    ])
    expect(attribute.stdout).toBe('red')
    expect((await execa('getfacl', ['-n', `${path}/tree/file`])).stdout).toContain('user:1234:r--')
  })

  test('is told of the devices that only root could have stored', async () => {
    const { source, as } = await homeOfUser()
    await writeFile(`${source}/file`, 'x')
    await execa('mknod', [`${source}/null`, 'c', '1', '3'])
    await snapfs(['init', `${source}/../repository`, '--source', source], as)
    const backup = await snapfs(['backup'], as)
    expect(backup.exitCode).toBe(3)
    expect(backup.stderr).toMatch(/partial.*\n.*null/u)
  })

  test('gets names as they are, whatever rsync is told by the environment', async () => {
    const { source, as } = await homeOfUser()
    await writeFile(`${source}/café`, 'x')
    await chown(`${source}/café`, USER, USER)
    await snapfs(['init', `${source}/../repository`, '--source', source], as)
    const env = { ...as.env, RSYNC_ICONV: 'latin1,utf8', RSYNC_CHECKSUM_LIST: 'none' }
    const backup = await snapfs(['backup', '--json'], { ...as, env })
    const { path } = (JSON.parse(backup.stdout) as Answer).snapshots[0]!
    expect(await readdir(`${path}/tree`)).toEqual(['café'])
    expect(await readFile(`${path}/tree/café`, 'utf8')).toBe('x')
  })

  test('prunes what forbids it, changes no mode of what stays, and links all of it again', async () => {
    const { source, as } = await homeOfUser()
    for (const [name, mode] of DIRECTORIES) {
      await mkdir(`${source}/${name}`)
      await writeFile(`${source}/${name}/file`, name, { mode: 0o400 })
      await chmod(`${source}/${name}`, mode)
    }
    await execa('chown', ['-R', `${USER}:${USER}`, '--', source])
    // What changed less than three seconds before a backup is compared in the next (scan/evidence.ts).
    await sleep(3500)
    await snapfs(['init', `${source}/../repository`, '--source', source], as)
    const config = `${as.env!['HOME']!}/config.toml`
    const profile = await readFile(config, 'utf8')
    await writeFile(config, `${profile.trimEnd()}\nkeep = { last = 1 }\n`)
    const paths: string[] = []
    for (const content of ['one', 'two', 'three']) {
      await writeFile(`${source}/changes`, content)
      const { stdout } = await snapfs(['backup', '--json'], as)
      paths.push((JSON.parse(stdout) as Answer).snapshots[0]!.path)
    }
    const modes = async () =>
      (await execa('find', [`${paths[2]!}/tree`, '-printf', '%P %m %i %T@\n'])).stdout
    const before = await modes()
    const pruned = await snapfs(['prune', '--json'], as)
    expect(pruned).toMatchObject({ exitCode: 0, stderr: '' })
    const { series } = JSON.parse(pruned.stdout) as { series: { removed: string[] }[] }
    expect(series[0]!.removed).toHaveLength(2)
    expect(await readdir(`${paths[2]!}/../.trash`)).toEqual([])
    expect(await modes()).toBe(before)
    await writeFile(`${source}/changes`, 'four')
    const again = await snapfs(['backup', '--json'], as)
    expect(JSON.parse(again.stdout)).toMatchObject({
      snapshots: [{ counts: { linkedEntries: DIRECTORIES.length } }],
    })
  })

  test('keeps the last whole snapshot while others are partial, however many', async () => {
    const { source, as } = await homeOfUser()
    await writeFile(`${source}/file`, 'x')
    await snapfs(['init', `${source}/../repository`, '--source', source], as)
    const config = `${as.env!['HOME']!}/config.toml`
    const profile = await readFile(config, 'utf8')
    await writeFile(config, `${profile.trimEnd()}\nkeep = { last = 1 }\nprune = "after backup"\n`)
    const { stdout } = await snapfs(['backup', '--json'], as)
    const whole = (JSON.parse(stdout) as Answer).snapshots[0]!.path
    // Of root, who lets nobody in.
    await mkdir(`${source}/closed`, { mode: 0o700 })
    for (const content of ['one', 'two', 'three', 'four']) {
      await writeFile(`${source}/file`, content)
      expect(await snapfs(['backup'], as)).toMatchObject({ exitCode: 3 })
    }
    expect(await snapfs(['prune'], as)).toMatchObject({ exitCode: 0 })
    expect(await readFile(`${whole}/tree/file`, 'utf8')).toBe('x')
    // And goes with the next whole one.
    await execa('rmdir', [`${source}/closed`])
    const next = await snapfs(['backup', '--json'], as)
    expect(JSON.parse(next.stdout)).toMatchObject({ snapshots: [{ outcome: 'complete' }] })
    await expect(readFile(`${whole}/tree/file`)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
