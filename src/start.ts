/**
 * What is started: it makes a backup in a process of its own, and watches that; every other command runs here. It
 * loads no more than that needs, since it stands before every backup.
 */
import { fstatSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { flushed } from './cli/flushed.ts'
import { END_SIGNALS } from './model/end-signal.ts'
import type { EngineStreams } from './watch/watch-engine.ts'

/**
 * V8 would let garbage grow to several times what is alive before it looks for it. A scan makes much of it and keeps
 * little: collecting it early costs no time that can be measured, and saves a quarter of the memory.
 */
const LITTLE_MEMORY = ['--heap-growing-percent=20']

/** What a killed engine leaves on a terminal: half a line of progress, and no cursor (ECMA-48; DECTCEM of the VT220). */
const CLEAR_LINE = '\r\x1b[2K'
const SHOW_CURSOR = '\x1b[?25h'

/** For so long after its end the last words of an engine are waited for, when somebody else holds the pipe. */
const LAST_WORDS_MS = 1000
/** The same of one that was killed: what it had said has come long ago, and somebody waits for the end. */
const KILLED_WORDS_MS = 100
/** What the engine says by pipes. */
const waysIn: Readable[] = []

const words = process.argv.slice(2)
if (words[0] === 'backup') await backUpWatched()
else await import('./main.ts')

async function backUpWatched(): Promise<never> {
  const { watchEngine } = await import('./watch/watch-engine.ts')
  const report = async (error: unknown, profile?: string): Promise<number> => {
    const { errorReport, exitCodeFor } = await import('./cli/render-error.ts')
    const form = words.includes('--json') ? 'json' : 'text'
    process.stderr.write(`${errorReport(error, form, profile).join('\n')}\n`)
    return exitCodeFor(error)
  }
  try {
    const end = await watchEngine({
      program: process.execPath,
      arguments: [...LITTLE_MEMORY, fileURLToPath(new URL('main.js', import.meta.url)), ...words],
      stdio: ['inherit', wayOut(1), wayOut(2)],
      onStart: connect,
      onSignal: (hear) => END_SIGNALS.forEach((signal) => process.on(signal, hear)),
    })
    await drained(end.kind === 'exited' ? LAST_WORDS_MS : KILLED_WORDS_MS)
    if (end.kind === 'exited') process.exit(end.exitCode)
    if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE + SHOW_CURSOR)
    process.exit(await report(end.error, end.profile))
  } catch (error) {
    process.exit(await report(error))
  }
}

/**
 * A pipe is not handed on: an engine that cannot be ended would keep its end of it, and whoever reads the other,
 * such as cron, would wait for as long.
 */
function wayOut(descriptor: number): 'inherit' | 'pipe' {
  const status = fstatSync(descriptor)
  return status.isFIFO() || status.isSocket() ? 'pipe' : 'inherit'
}

/**
 * Waits until all that the engine has said is passed on, however slowly it is read. Whoever has outlived the engine may
 * hold a pipe, too; then until nothing more has come for so long.
 */
async function drained(silenceMs: number): Promise<void> {
  // Who does not read is not waited for after a signal.
  const stopped = new Promise((resolve) =>
    END_SIGNALS.forEach((signal) => process.on(signal, resolve)),
  )
  const passedOn = Promise.all(waysIn.map((from) => untilSilent(from, silenceMs)))
  await Promise.race([passedOn.then(() => flushed(process.stdout, process.stderr)), stopped])
}

async function untilSilent(from: Readable, silenceMs: number): Promise<void> {
  if (from.closed) return
  await new Promise<void>((resolve) => {
    let words = 0
    from.on('data', () => (words += 1))
    from.on('close', resolve)
    const look = (before: number): void => {
      // What has come while this process was kept from its turn comes first.
      setImmediate(() => {
        if (words === before && !from.isPaused()) resolve()
        else setTimeout(look, silenceMs, words)
      })
    }
    setTimeout(look, silenceMs, words)
  })
}

function connect({ stdout, stderr }: EngineStreams): void {
  for (const [from, to] of [
    [stdout, process.stdout],
    [stderr, process.stderr],
  ] as const) {
    if (from === null) continue
    waysIn.push(from)
    from.pipe(to, { end: false })
    // Nobody reads any more. The engine finds out by its own next word.
    to.on('error', () => from.destroy())
  }
}
