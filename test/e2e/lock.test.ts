/** Two backups of one profile: one works, the other says who does. With real processes, users and containers. */
import { execa } from 'execa'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import {
  closeGate,
  leaveUnfinished,
  openGate,
  snapshotsIn,
  stagedIn,
  startGated,
  useGatedPlace,
} from '../support/gated-backup.ts'
import { engineOf } from '../support/processes.ts'
import { testWith } from '../support/requirements.ts'
import { expectSentences, SILENCE } from '../support/sentences.ts'
import { PROGRAM, snapfs } from '../support/snapfs.ts'

/** A user without rights of his own. */
const NOBODY = 65_534

const place = useGatedPlace()

describe('two backups at once', () => {
  testWith('rsync')(
    'are one that works and one that says who does, every time',
    async () => {
      for (let round = 1; round <= 12; round += 1) {
        await writeFile(join(place().source, `letter-${round}`), `${round}`)
        // In every other round both find the lock of a run that was killed.
        if (round % 2 === 0) {
          await leaveUnfinished(place())
          expect(await readdir(place().series)).toContain('.lock')
        }
        const both = [place().start(), place().start()] as const
        const loser = await Promise.race(
          both.map(async (running) => ({ ...running, result: await running.ended })),
        )
        const winner = both.find(({ pid }) => pid !== loser.pid)!
        const engine = await engineOf(winner.pid)
        expectSentences(loser.result, 11, [
          `"data": snapfs backup, process ${engine} on ${hostname()}, since 20`,
          /since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+05:45 \(.+ ago\)\.\n {2}Wait for it to end/u,
        ])
        await openGate(place())
        expect(await winner.ended).toEqual(SILENCE)
        await closeGate(place())
        expect(await snapshotsIn(place())).toHaveLength(round)
        const own = (await readdir(place().series)).filter((name) => name.startsWith('.'))
        expect(own.sort()).toEqual(['.incoming', '.state'])
        expect(await stagedIn(place())).toEqual([])
      }
    },
    300_000,
  )

  testWith('rsync')('respect one that was stopped', async () => {
    const first = await startGated(place())
    process.kill(first.engine, 'SIGSTOP')
    expectSentences(await snapfs(['backup'], { env: place().env }), 11, [
      `process ${first.engine} `,
    ])
    process.kill(first.engine, 'SIGCONT')
    await openGate(place())
    expect(await first.ended).toEqual(SILENCE)
  })

  testWith('rsync', 'root')('respect a lock of another user that they cannot read', async () => {
    await mkdir(place().series)
    const lock = join(place().series, '.lock')
    await writeFile(lock, '{}', { mode: 0o600 })
    await execa('chown', ['-R', `${NOBODY}:${NOBODY}`, place().root])
    await execa('chown', ['root:root', lock])
    const result = await snapfs(['backup'], { env: place().env, uid: NOBODY, gid: NOBODY })
    expectSentences(result, 11, [lock, /belongs to another user/u, /owns the repository/u])
  })
})

describe('in containers', () => {
  testWith('rsync', 'root')('a process of another one is respected', async () => {
    const first = await startGated(place())
    const inside = await execa('unshare', ['-pf', '--mount-proc', PROGRAM, 'backup'], {
      env: place().env,
      reject: false,
    })
    const { exitCode, stdout, stderr } = inside
    expectSentences({ exitCode, stdout, stderr }, 11, [
      `process ${first.engine} `,
      /another container/u,
      join(place().series, '.lock'),
    ])
    await openGate(place())
    expect(await first.ended).toEqual(SILENCE)
  })

  testWith('rsync', 'root')('a process number that was given again proves death', async () => {
    const script = `
set -u
"$0" backup &
first=$!
until [ -n "$(ls -A "$1/.incoming" 2>/dev/null)" ]; do sleep 0.05; done
read -r engine < /proc/$first/task/$first/children
kill -9 $first
wait $first
until ! [ -e /proc/$engine ]; do sleep 0.02; done
again=0
for attempt in $(seq 50); do
  echo $((engine - 1)) > /proc/sys/kernel/ns_last_pid
  sleep 600 &
  again=$!
  [ $again = $engine ] && break
  kill $again
done
echo "$engine $again"
grep '"pid"' "$1/.lock"
: > "$2"
"$0" backup
echo "exit $?"
kill $again && echo "the other lives"
`
    const words = [
      '-pf',
      '--mount-proc',
      'bash',
      '-c',
      script,
      PROGRAM,
      place().series,
      place().gate,
    ]
    const { stdout } = await execa('unshare', words, { env: place().env, stderr: 'ignore' })
    const [numbers, inLock, ...rest] = stdout.split('\n')
    const [first, again] = numbers!.split(' ')
    expect(again).toBe(first)
    expect(inLock).toContain(`"pid": ${first!},`)
    expect(rest).toEqual(['exit 0', 'the other lives'])
    expect(await snapshotsIn(place())).toHaveLength(1)
    expect(await readFile(join(place().series, 'latest/tree/letter'), 'utf8')).toBe('Dear reader\n')
  })
})
