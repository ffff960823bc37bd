import { execa } from 'execa'
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { beforeEach, describe, expect } from 'vitest'
import { EXIT_CODES } from '../../src/errors/exit-code.ts'
import { testWith } from '../support/requirements.ts'
import { type Finished, PROGRAM, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const test = testWith('rsync')
const testAsRoot = testWith('rsync', 'root')
let repository = ''
let config = ''
let env: Readonly<Record<string, string>>

beforeEach(async () => {
  repository = `${directory()}/repository`
  config = `${directory()}/config/snapfs.toml`
  env = { HOME: `${directory()}/home`, SNAPFS_CONFIG: config }
  await mkdir(`${directory()}/home/letters`, { recursive: true })
})

async function init(...words: string[]): Promise<Finished> {
  return snapfs(['init', ...words], { env })
}

/** Everything below a directory, so that a test can say that nothing came or went. */
async function everything(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true })).sort()
}

describe('init', () => {
  test('makes a private repository and the first configuration, whatever the umask', async () => {
    const { exitCode, stderr } = await execa(
      'sh',
      ['-c', 'umask 000; exec "$@"', 'sh', PROGRAM, 'init', repository],
      { env, reject: false },
    )
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect((await lstat(repository)).mode & 0o777).toBe(0o700)
    expect((await lstat(config)).mode & 0o777).toBe(0o600)
    expect(await everything(repository)).toEqual(['README.txt', 'snapfs.json'])
    expect(JSON.parse(await readFile(`${repository}/snapfs.json`, 'utf8'))).toMatchObject({
      format: 1,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/u) as string,
    })
    expect(await readFile(config, 'utf8')).toContain(`[profile.home]\nsource = "${env['HOME']!}"`)
  })

  test('says what to type next, with a line for the crontab', async () => {
    const { stdout } = await init(repository, '--source', `${directory()}/home/letters`)
    expect(stdout).toContain('Next:  snapfs backup')
    expect(stdout).toContain(`0 */12 * * * ${PROGRAM} backup`)
    expect(await readFile(config, 'utf8')).toContain('[profile.letters]')
  })

  test('leaves a repository and a configuration as they are', async () => {
    await init(repository)
    const marker = await readFile(`${repository}/snapfs.json`, 'utf8')
    await writeFile(config, '# mine\n')
    const again = await init(repository)
    expect(again).toMatchObject({ exitCode: 0, stderr: '' })
    expect(again.stdout).toMatch(/is a repository already/u)
    expect(await readFile(`${repository}/snapfs.json`, 'utf8')).toBe(marker)
    expect(await readFile(config, 'utf8')).toBe('# mine\n')
  })

  test('says what to type when the configuration speaks of something else', async () => {
    await init(repository)
    const first = await init(repository)
    expect(first.stdout).toMatch(/left as it is\.\n\nNext: {2}snapfs backup\n/u)
    const other = `${directory()}/an 'other' 100%`
    const second = await init(other)
    expect(second.stdout).toMatch(/does not back up this source to this repository\./u)
    const [, words] = /^Next: {2}snapfs (.*)$/mu.exec(second.stdout) ?? []
    expect(words).toContain('--repository')
    const typed = await execa('sh', ['-c', `"$0" ${words!}`, PROGRAM], { env })
    expect(typed.stderr).toBe('')
    expect(await readdir(other)).toContain('home')
    expect(second.stdout).toMatch(/\* \* \* .* --repository .*100\\%/u)
  })

  test('refuses a directory with other things in it, and leaves them alone', async () => {
    await mkdir(repository)
    await writeFile(`${repository}/photo.jpg`, 'x')
    const { exitCode, stderr } = await init(repository)
    expect(exitCode).toBe(13)
    expect(stderr).toMatch(/is not empty[^]*photo\.jpg/u)
    expect(await everything(repository)).toEqual(['photo.jpg'])
    expect(await everything(directory())).not.toContain('config')
  })

  test('takes an empty disk, which has a lost+found', async () => {
    await mkdir(`${repository}/lost+found`, { recursive: true })
    expect(await init(repository)).toMatchObject({ exitCode: 0 })
  })

  test('does not make the place where a disk should be mounted', async () => {
    const { exitCode, stderr } = await init(`${directory()}/mnt/disk/repository`)
    expect(exitCode).toBe(10)
    expect(stderr).toMatch(/does not exist/u)
    expect(await everything(directory())).toEqual(['home', 'home/letters'])
  })

  test('refuses a file, a source that is not there, and a source in the repository', async () => {
    await writeFile(repository, 'x')
    expect(await init(repository)).toMatchObject({ exitCode: 13 })
    const missing = await init(`${directory()}/r`, '--source', `${directory()}/nothing`)
    expect(missing.exitCode).toBe(14)
    const inside = await init(directory(), '--source', `${directory()}/home`)
    expect(inside.exitCode).toBe(14)
    expect(await init(`${directory()}/r`, '--profile', '../x')).toMatchObject({ exitCode: 2 })
    expect((await everything(directory())).sort()).toEqual(['home', 'home/letters', 'repository'])
  })

  testAsRoot('refuses a file system without hard links, with the reason', async () => {
    const image = `${directory()}/image`
    const disk = `${directory()}/disk`
    await mkdir(disk)
    await execa('truncate', ['-s', '16M', image])
    await execa('mkfs.exfat', [image])
    const device = (await execa('losetup', ['--find', '--show', image])).stdout
    try {
      await execa('mount.exfat-fuse', [device, disk])
      const { exitCode, stderr } = await init(`${disk}/repository`)
      expect(exitCode).toBe(13)
      expect(stderr).toMatch(/has no hard links[^]*ext4/u)
      expect(await everything(disk)).toEqual([])
    } finally {
      await execa('umount', [disk], { reject: false })
      await execa('losetup', ['--detach', device])
    }
  })

  testAsRoot('says what a file system would lose', async () => {
    const disk = `${directory()}/disk`
    await mkdir(disk)
    await execa('mount', ['-t', 'ramfs', 'none', disk])
    const { exitCode, stdout } = await init(`${disk}/repository`)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Extended attributes and access control lists cannot be stored.')
    const { stdout: elsewhere } = await init(repository)
    expect(elsewhere).not.toContain('Note:')
  })

  testAsRoot('refuses a read-only file system', async () => {
    const disk = `${directory()}/disk`
    await mkdir(disk)
    await execa('mount', ['-t', 'tmpfs', '-o', 'ro', 'none', disk])
    const { exitCode, stderr } = await init(`${disk}/repository`)
    expect(exitCode).toBe(13)
    expect(stderr).toMatch(/read-only/u)
  })
})

describe('help', () => {
  test.each(['init', 'backup', 'list', 'mount', 'unmount'])(
    'of %s has an example and its exit codes, and ends with 0',
    async (command) => {
      for (const words of [
        [command, '--help'],
        ['help', command],
      ]) {
        const { exitCode, stdout, stderr } = await snapfs(words, { env })
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
        expect(stdout).toMatch(/^Usage: snapfs /u)
        expect(stdout).toMatch(/\nEXAMPLE\n {2}\$ snapfs /u)
        expect(stdout).toMatch(/\nEXIT STATUS\n {4}0 {2}done\n/u)
      }
    },
  )

  test('has every exit code there is', async () => {
    const { stdout } = await snapfs(['--help'], { env })
    for (const { exitCode, meaning } of EXIT_CODES) {
      expect(stdout).toContain(`${String(exitCode).padStart(3)}  ${meaning}`)
    }
  })
})
