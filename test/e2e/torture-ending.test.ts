/** How scripts/torture ends when it cannot go on: it mounts and starts much, and nothing of it may stay. */
import { execa } from 'execa'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test as plainTest } from 'vitest'
import { untilYes } from '../support/eventually.ts'
import { processesOf } from '../support/processes.ts'
import { testWith } from '../support/requirements.ts'
import { PROGRAM } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const TORTURE = fileURLToPath(new URL('../../scripts/torture/torture.mjs', import.meta.url))
const LIMIT_MS = 60_000
const BEGIN_LIMIT_MS = 30_000
const CLEAR_LIMIT_MS = 20_000

describe('a torture', { timeout: LIMIT_MS }, () => {
  const directory = useTemporaryDirectory()
  const test = testWith('rsync', 'root', 'strace', 'loop')

  test('that meets kill -9 leaves no process, mount, loop device or file', async () => {
    const words = [TORTURE, '--only', 'kill', '--snapfs', PROGRAM, '--dir', directory()]
    const torture = execa(process.execPath, words, { stdio: 'ignore', reject: false })
    await untilYes('a backup runs, on a mount', BEGIN_LIMIT_MS, async () => {
      const { mounts, devices, processes } = await thingsOf(directory())
      return mounts.length > 0 && devices.length > 0 && processes.some(isBackup)
    })
    torture.kill('SIGKILL')
    await torture
    await untilYes('nothing of it is there', CLEAR_LIMIT_MS, async () => {
      const things = await thingsOf(directory())
      return Object.values(things).every((names) => names.length === 0)
    })
  })

  plainTest('that is asked for what there is not says so in a sentence', async () => {
    const { exitCode, stderr } = await execa(process.execPath, [TORTURE, '--only', 'nothing'], {
      reject: false,
    })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^--only is one of .*, and not "nothing"\.$/u)
  })
})

/** All that belongs to a torture in a directory, by its names. */
async function thingsOf(directory: string) {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  const loops = (await readdir('/sys/block')).filter((name) => name.startsWith('loop'))
  const files = await Promise.all(
    loops.map((name) => readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '')),
  )
  return {
    mounts: table.split('\n').filter((line) => line.includes(` ${directory}/`)),
    devices: files.filter((file) => file.startsWith(`${directory}/`)),
    processes: (await processesOf(`${directory}/`)).map(({ commandLine }) => commandLine),
    files: await readdir(directory),
  }
}

function isBackup(commandLine: string): boolean {
  return commandLine.includes(' backup --repository ')
}
