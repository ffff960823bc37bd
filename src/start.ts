/**
 * What is started: it makes a backup in a process of its own, and watches that; every other command runs here. It
 * loads no more than that needs, since it stands before every backup.
 */
import { fstatSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { END_SIGNALS } from './model/end-signal.ts'
import type { EngineStreams } from './watch/watch-engine.ts'

/** What a killed engine leaves on a terminal: half a line of progress, and no cursor (ECMA-48; DECTCEM of the VT220). */
const CLEAR_LINE = '\r\x1b[2K'
const SHOW_CURSOR = '\x1b[?25h'

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
      arguments: [fileURLToPath(new URL('main.js', import.meta.url)), ...words],
      stdio: ['inherit', wayOut(1), wayOut(2)],
      onStart: connect,
      onSignal: (hear) => END_SIGNALS.forEach((signal) => process.on(signal, hear)),
    })
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

function connect({ stdout, stderr }: EngineStreams): void {
  for (const [from, to] of [
    [stdout, process.stdout],
    [stderr, process.stderr],
  ] as const) {
    if (from === null) continue
    from.pipe(to, { end: false })
    // Nobody reads any more. The engine finds out by its own next word.
    to.on('error', () => from.destroy())
  }
}
