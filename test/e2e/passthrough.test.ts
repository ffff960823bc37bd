import { mkdir, open, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { beforeEach, describe, expect } from 'vitest'
import { backUpOnce } from '../support/back-up-once.ts'
import { eventually } from '../support/eventually.ts'
import { initialize } from '../support/initialize.ts'
import { processesOf, sendSignal } from '../support/processes.ts'
import { testWith } from '../support/requirements.ts'
import { type Finished, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const testAsRoot = testWith('rsync', 'fuse', 'root')
/** An older kernel is to be refused. */
const [MAJOR = 0, MINOR = 0] = release().split('.').map(Number)
const PASSES = MAJOR > 6 || (MAJOR === 6 && MINOR >= 9)
const LARGE = Buffer.alloc(3 * 2 ** 20, 'snapfs')
let source = ''
let history = ''
let env: Readonly<Record<string, string>>

beforeEach(async () => {
  source = `${directory()}/source`
  history = `${directory()}/history`
  env = { HOME: directory(), SNAPFS_CONFIG: `${directory()}/config.toml`, TZ: 'UTC' }
  await mkdir(source)
  await mkdir(history)
  const repository = `${directory()}/repository`
  await initialize(`${directory()}/config.toml`, { name: 'home', source, repository })
  await writeFile(`${source}/large`, LARGE)
  await writeFile(`${source}/small`, 'small')
})

async function backUp(): Promise<string> {
  const { id } = await backUpOnce(`${directory()}/repository`, source)
  return `${history}/by-date/${id.replace('T', '_').replace('Z', '')}`
}

function mount(...words: string[]): Promise<Finished> {
  return snapfs(['mount', '--passthrough', ...words, history], { env })
}

async function server(): Promise<number> {
  const processes = await processesOf(directory())
  return processes.find(({ commandLine }) => commandLine.includes('--foreground'))!.pid
}

describe('snapfs mount --passthrough', () => {
  testAsRoot('reads large files past the process that serves', async () => {
    const first = await backUp()
    await writeFile(`${source}/other`, 'x')
    const second = await backUp()
    const mounted = await mount()
    if (!PASSES) {
      expect(mounted.exitCode).toBe(31)
      return
    }
    expect(mounted).toMatchObject({ exitCode: 0, stderr: '' })
    const pid = await server()
    const bothAreRight = async (): Promise<string> =>
      (await Promise.all([`${first}/large`, `${second}/large`].map((path) => readFile(path))))
        .map((content) => content.equals(LARGE))
        .join()
    expect(await bothAreRight()).toBe('true,true')
    {
      // One inode, opened by two paths.
      await using one = await open(`${first}/large`)
      await using other = await open(`${second}/large`)
      await using small = await open(`${second}/small`)
      expect(await small.readFile('utf8')).toBe('small')
      sendSignal(pid, 'SIGSTOP')
      try {
        expect((await one.readFile()).equals(LARGE)).toBe(true)
        expect((await other.readFile()).equals(LARGE)).toBe(true)
        await other.close()
      } finally {
        sendSignal(pid, 'SIGCONT')
      }
    }
    expect(await bothAreRight()).toBe('true,true')
    expect(await readFile(`${first}/small`, 'utf8')).toBe('small')
  })

  testAsRoot('is refused with a sentence where it cannot be', async () => {
    await backUp()
    const byOldKernel = await mount('--without', 'passthrough', '--')
    expect(byOldKernel.exitCode).toBe(31)
    expect(byOldKernel.stderr).toContain('The kernel was not agreed with: it passes no files')
    const byLibfuse = await mount('--driver=fuse-native')
    expect(byLibfuse.exitCode).not.toBe(0)
    expect(byLibfuse.stderr).toContain('To pass files through takes the driver "kernel".')
    expect(byLibfuse.stderr).toContain('Without --passthrough more can be mounted')
    const options = { env, uid: 65_534, gid: 65_534 }
    const { stdout } = await snapfs(['mount', '--passthrough', '--explain'], options)
    expect(stdout).toContain('Nothing can be mounted here.')
    expect(stdout).toContain('To pass files through takes root.')
  })

  testAsRoot('leaves nothing open when it is read no more', async () => {
    const first = await backUp()
    if (!PASSES) return
    expect(await mount()).toMatchObject({ exitCode: 0 })
    const pid = await server()
    for (let time = 0; time < 50; time += 1) {
      const file = await open(`${first}/large`)
      await file.read(Buffer.alloc(10), 0, 10, 0)
      await file.close()
    }
    await eventually(async () => {
      const fds = await readdir(`/proc/${pid}/fd`)
      const places = await Promise.all(
        fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
      )
      expect(places.filter((place) => place.endsWith('/large'))).toEqual([])
    })
  })
})
