import { execa } from 'execa'
import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import { testWith } from '../support/requirements.ts'
import { snapfs, type RunOptions } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
/** `nobody` of Debian; any user but root will do. */
const USER = 65_534
const test = testWith('rsync', 'root')

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
})
