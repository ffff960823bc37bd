/** Two backups of one profile: one works, the other says who does. With real processes, users and containers. */
import { execa } from 'execa'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { untilYes } from '../support/eventually.ts'
import { processesOf, sendSignal } from '../support/processes.ts'
import { binWith, whereIs } from '../support/programs.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences, SILENCE } from '../support/sentences.ts'
import { type Finished, PROGRAM, snapfs } from '../support/snapfs.ts'
import { useTemporaryDirectory } from '../support/temporary-directory.ts'

/** A user without rights of his own. */
const NOBODY = 65_534

const directory = useTemporaryDirectory()
let source = ''
let series = ''
/** While it is not there, rsync copies nothing. */
let gate = ''
let env: Readonly<Record<string, string>>

beforeEach(async () => {
  source = join(directory(), 'source')
  series = join(directory(), 'repository/data')
  gate = join(directory(), 'gate')
  await mkdir(source)
  await writeFile(join(source, 'letter'), 'Dear reader\n')
  const bin = await binWith(directory(), [])
  const rsync = await whereIs('rsync')
  const waiting = `case "$*" in *--version* | *--fake-super*) ;; *) until [ -e '${gate}' ]; do sleep 0.02; done ;; esac`
  await writeFile(join(bin, 'rsync'), `#!/bin/sh\n${waiting}\nexec ${rsync} "$@"\n`, {
    mode: 0o755,
  })
  env = {
    HOME: directory(),
    SNAPFS_CONFIG: join(directory(), 'config.toml'),
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    TZ: 'Asia/Kathmandu',
  }
  const words = ['init', join(directory(), 'repository'), '--source', source, '--profile', 'data']
  expect(await snapfs(words, { env })).toMatchObject({ exitCode: 0, stderr: '' })
})

// Registered after useTemporaryDirectory, so it runs before that removes the directory.
afterEach(async () => {
  for (const { pid } of await processesOf(directory())) sendSignal(pid, 'SIGKILL')
})

interface Running {
  readonly pid: number
  readonly ended: Promise<Finished>
}

function start(words: readonly string[] = ['backup']): Running {
  const child = execa(PROGRAM, words, { env, stdin: 'ignore', reject: false })
  const ended = child.then(({ exitCode, stdout, stderr }) => ({ exitCode, stdout, stderr }))
  return { pid: child.pid!, ended }
}

/** Starts a backup, and returns when it holds the lock and stands before the gate. */
async function startWaitingAtGate(): Promise<Running> {
  const running = start()
  await untilYes('it stages', 20_000, async () => {
    return (await readdir(join(series, '.incoming')).catch(() => [])).length > 0
  })
  return running
}

async function namesIn(path: string): Promise<readonly string[]> {
  return (await readdir(path)).sort()
}

async function snapshotCount(): Promise<number> {
  return (await readdir(series)).filter((name) => /^\d{4}-.*Z$/u.test(name)).length
}

describe('two backups at once', () => {
  testWith('rsync')(
    'are one that works and one that says who does, every time',
    async () => {
      for (let round = 1; round <= 30; round += 1) {
        await writeFile(join(source, `letter-${round}`), `${round}`)
        // In every other round both find the lock of a run that was killed.
        if (round % 2 === 0) {
          const killed = await startWaitingAtGate()
          process.kill(killed.pid, 'SIGKILL')
          await killed.ended
          expect(await readdir(series)).toContain('.lock')
        }
        const both = [start(), start()] as const
        const loser = await Promise.race(
          both.map(async (running) => ({ ...running, result: await running.ended })),
        )
        const winner = both.find(({ pid }) => pid !== loser.pid)!
        expectSentences(loser.result, 11, [
          `"data": snapfs backup, process ${winner.pid} on ${hostname()}, since 20`,
          /since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+05:45 \(.+ ago\)\.\n {2}Wait for it to end/u,
        ])
        await writeFile(gate, '')
        expect(await winner.ended).toEqual(SILENCE)
        await execa('rm', [gate])
        expect(await snapshotCount()).toBe(round)
        expect((await namesIn(series)).filter((name) => name.startsWith('.'))).toEqual([
          '.incoming',
        ])
        expect(await readdir(join(series, '.incoming'))).toEqual([])
      }
    },
    300_000,
  )

  testWith('rsync')('respect one that was stopped', async () => {
    const first = await startWaitingAtGate()
    process.kill(first.pid, 'SIGSTOP')
    expectSentences(await snapfs(['backup'], { env }), 11, [`process ${first.pid} `])
    process.kill(first.pid, 'SIGCONT')
    await writeFile(gate, '')
    expect(await first.ended).toEqual(SILENCE)
  })

  testWith('rsync', 'root')('respect a lock of another user that they cannot read', async () => {
    await mkdir(series)
    const lock = join(series, '.lock')
    await writeFile(lock, '{}', { mode: 0o600 })
    await execa('chown', ['-R', `${NOBODY}:${NOBODY}`, directory()])
    await execa('chown', ['root:root', lock])
    const result = await snapfs(['backup'], { env, uid: NOBODY, gid: NOBODY })
    expectSentences(result, 11, [lock, /belongs to another user/u, /owns the repository/u])
  })
})

describe('in containers', () => {
  testWith('rsync', 'root')('a process of another one is respected', async () => {
    const first = await startWaitingAtGate()
    const inside = await execa('unshare', ['-pf', '--mount-proc', PROGRAM, 'backup'], {
      env,
      reject: false,
    })
    const { exitCode, stdout, stderr } = inside
    expectSentences({ exitCode, stdout, stderr }, 11, [
      `process ${first.pid} `,
      /another container/u,
      join(series, '.lock'),
    ])
    await writeFile(gate, '')
    expect(await first.ended).toEqual(SILENCE)
  })

  testWith('rsync', 'root')('a process number that was given again proves death', async () => {
    const script = `
set -u
"$0" backup &
first=$!
until [ -n "$(ls -A "$1/.incoming" 2>/dev/null)" ]; do sleep 0.05; done
kill -9 $first
wait $first
again=0
for attempt in $(seq 50); do
  echo $((first - 1)) > /proc/sys/kernel/ns_last_pid
  sleep 600 &
  again=$!
  [ $again = $first ] && break
  kill $again
done
echo "$first $again"
grep '"pid"' "$1/.lock"
: > "$2"
"$0" backup
echo "exit $?"
kill $again && echo "the other lives"
`
    const words = ['-pf', '--mount-proc', 'bash', '-c', script, PROGRAM, series, gate]
    const { stdout } = await execa('unshare', words, { env, stderr: 'ignore' })
    const [numbers, inLock, ...rest] = stdout.split('\n')
    const [first, again] = numbers!.split(' ')
    expect(again).toBe(first)
    expect(inLock).toContain(`"pid": ${first!},`)
    expect(rest).toEqual(['exit 0', 'the other lives'])
    expect(await snapshotCount()).toBe(1)
    expect(await readFile(join(series, 'latest/tree/letter'), 'utf8')).toBe('Dear reader\n')
  })
})
