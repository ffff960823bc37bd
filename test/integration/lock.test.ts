/** Locks of real processes, and real things where a lock should be. */
import { execa } from 'execa'
import { spawn } from 'node:child_process'
import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, truncate } from 'node:fs/promises'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { judgeLock, type LockAttempt, takeLock } from '../../src/repository/lock.ts'
import { encodeLock, lockIdentity, type LockRecord } from '../../src/repository/lock-record.ts'
import { untilYes } from '../support/eventually.ts'
import { sendSignal } from '../support/processes.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

const directory = useTemporaryDirectory()
const started: number[] = []
let series = ''
let file = ''

beforeEach(async () => {
  series = join(directory(), 'home')
  file = join(series, '.lock')
  await mkdir(series)
})

afterEach(() => {
  for (const pid of started.splice(0)) sendSignal(pid, 'SIGKILL')
})

function take(now = Date.now()): Promise<LockAttempt> {
  return takeLock({ repository: directory(), profile: 'home' }, 'snapfs backup', now)
}

/** That the lock can be taken, and that nothing but what was there stays behind when it is given back. */
async function expectTaken(): Promise<void> {
  const attempt = await take()
  expect(attempt).toMatchObject({ kind: 'taken' })
  expect(await readdir(series)).toEqual(['.lock'])
  const verdict = await judgeLock(file)
  expect(verdict).toMatchObject({ kind: 'held', record: { pid: process.pid } })
  if (attempt.kind === 'taken') await attempt.lock.release()
  expect(await readdir(series)).toEqual([])
}

/** That it cannot, and that what is there stays as it is. */
async function expectRefused(obstacle: Readonly<Record<string, unknown>>): Promise<void> {
  const before = await lstat(file)
  expect(await take()).toMatchObject({ kind: 'refused', obstacle })
  const after = await lstat(file)
  expect([after.ino, after.size, after.mtimeMs]).toEqual([before.ino, before.size, before.mtimeMs])
  expect(await readdir(series)).toEqual(['.lock'])
}

async function statField(pid: number, number: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[number - 3]!
}

function startSleeping(): number {
  const { pid } = spawn('sleep', ['600'], { stdio: 'ignore' })
  started.push(pid!)
  return pid!
}

/** The record a process of this machine would have written. */
async function recordOf(pid: number, startTicks?: string): Promise<LockRecord> {
  const line = async (path: string) => (await readFile(path, 'utf8').catch(() => '')).trim()
  return {
    host: await line('/proc/sys/kernel/hostname'),
    bootId: await line('/proc/sys/kernel/random/boot_id'),
    machineId: await line('/etc/machine-id'),
    pidNamespace: await readlink('/proc/self/ns/pid'),
    pid,
    startTicks: startTicks ?? (await statField(pid, 22)),
    command: 'snapfs backup',
    since: '2026-11-22T00:00:00.000Z',
  }
}

/** The record of a process that has ended. */
async function recordOfTheDead(): Promise<LockRecord> {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' })
  const record = await recordOf(child.pid!)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  return record
}

describe('a lock of a process', () => {
  test('that is alive is held', async () => {
    const record = await recordOf(startSleeping())
    await writeFile(file, encodeLock(record))
    await expectRefused({ kind: 'held', because: 'running', record })
  })

  test('that was stopped is held', async () => {
    const pid = startSleeping()
    await writeFile(file, encodeLock(await recordOf(pid)))
    process.kill(pid, 'SIGSTOP')
    await untilYes('it stops', 5000, async () => (await statField(pid, 3)) === 'T')
    await expectRefused({ kind: 'held', because: 'running' })
  })

  test('that ended is taken over', async () => {
    await writeFile(file, encodeLock(await recordOfTheDead()))
    await expectTaken()
  })

  test('that ended, and whose parent does not care, is taken over', async () => {
    const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    started.push(parent.pid!)
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
    started.push(pid)
    await untilYes('the parent forgets', 5000, async () => {
      return (await readFile(`/proc/${parent.pid}/comm`, 'utf8')) === 'sleep\n'
    })
    await writeFile(file, encodeLock(await recordOf(pid)))
    await expectRefused({ kind: 'held', because: 'running' })
    process.kill(pid, 'SIGKILL')
    await untilYes('it is a zombie', 5000, async () => (await statField(pid, 3)) === 'Z')
    await expectTaken()
  })

  test('whose number another process has now is taken over, and that one is let be', async () => {
    const pid = startSleeping()
    await writeFile(file, encodeLock(await recordOf(pid, '1')))
    await expectTaken()
    expect(await statField(pid, 3)).toBe('S')
  })

  test('that died while it broke another is taken over, with all it left', async () => {
    const [first, second, third] = [
      await recordOfTheDead(),
      await recordOfTheDead(),
      await recordOfTheDead(),
    ]
    await writeFile(file, encodeLock(first))
    await writeFile(`${file}.dead-${lockIdentity(first)}`, encodeLock(second))
    await writeFile(`${file}.dead-${lockIdentity(second)}`, encodeLock(third))
    await expectTaken()
  })

  test('that is breaking another is held, and both are let be', async () => {
    const dead = await recordOfTheDead()
    const breaking = await recordOf(startSleeping())
    await writeFile(file, encodeLock(dead))
    const claim = `${file}.dead-${lockIdentity(dead)}`
    await writeFile(claim, encodeLock(breaking))
    expect(await take()).toMatchObject({
      kind: 'refused',
      obstacle: { kind: 'held', record: { pid: breaking.pid } },
    })
    expect(await readFile(file, 'utf8')).toBe(encodeLock(dead))
    expect(await readFile(claim, 'utf8')).toBe(encodeLock(breaking))
  })

  test('is taken over by exactly one of many', async () => {
    const dead = await recordOfTheDead()
    for (let round = 0; round < 30; round += 1) {
      await writeFile(file, encodeLock(dead))
      // Not all in step: some must come when others have looked and not yet acted.
      const attempts = await Promise.all(
        Array.from({ length: 24 }, async (_, n) => {
          await new Promise((resolve) => setTimeout(resolve, (n * (round % 6)) / 2))
          return take(n)
        }),
      )
      const taken = attempts.filter(({ kind }) => kind === 'taken')
      expect(taken).toHaveLength(1)
      expect(await readdir(series)).toEqual(['.lock'])
      for (const attempt of taken) if (attempt.kind === 'taken') await attempt.lock.release()
    }
  })
})

describe('what is no lock', () => {
  test('is not taken over when it is empty', async () => {
    await writeFile(file, '')
    await expectRefused({ kind: 'unknown', because: 'empty' })
  })

  test('is not taken over when it is garbage', async () => {
    await writeFile(file, '{"pid": 1')
    await expectRefused({ kind: 'unknown', because: 'garbage' })
  })

  test('is not read when it has a gigabyte', async () => {
    await writeFile(file, '')
    await truncate(file, 1024 ** 3)
    const readSoFar = async () =>
      Number(/rchar: (\d+)/u.exec(await readFile('/proc/self/io', 'utf8'))![1])
    const before = await readSoFar()
    await expectRefused({ kind: 'unknown', because: 'huge' })
    expect((await readSoFar()) - before).toBeLessThan(1024 ** 2)
  })

  test('is not followed when it is a link', async () => {
    const target = join(directory(), 'target')
    await writeFile(target, encodeLock(await recordOfTheDead()))
    await symlink(target, file)
    await expectRefused({ kind: 'unknown', because: 'link' })
    await rm(target)
    await expectRefused({ kind: 'unknown', because: 'link' })
    expect(await readdir(directory())).toEqual(['home'])
  })

  test('is not removed when it is a directory', async () => {
    await mkdir(file)
    await expectRefused({ kind: 'unknown', because: 'directory' })
  })

  test('is not waited for when it is a pipe', async () => {
    await execa('mkfifo', [file])
    await expectRefused({ kind: 'unknown', because: 'special' })
  })

  test('is not talked to when it is a socket', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(file, resolve))
    await expectRefused({ kind: 'unknown', because: 'special' })
    server.close()
  })
})

describe('a lock that is given back', () => {
  test('is not taken from who has it by now', async () => {
    const attempt = await take()
    const other = encodeLock(await recordOf(startSleeping()))
    await rm(file)
    await writeFile(file, other)
    if (attempt.kind === 'taken') await attempt.lock.release()
    expect(await readFile(file, 'utf8')).toBe(other)
  })
})
