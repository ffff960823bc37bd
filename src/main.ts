/**
 * The process boundary: command line, environment, clock, signals and streams come in here and nowhere
 * else, and the exit code goes out.
 */
import { readFileSync } from 'node:fs'
import { getPriority, homedir, hostname, setPriority } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { Interruption } from './actions/interruption.ts'
import type { Context } from './cli/context.ts'
import { flushed } from './cli/flushed.ts'
import type { Output } from './cli/output.ts'
import { exitCodeOf } from './errors/exit-code.ts'
import { ServingWorker } from './fuse/kernel/serving-worker.ts'
import { END_SIGNALS } from './model/end-signal.ts'
import { hearSigns } from './model/sign-of-life.ts'

/** Signs of life are for a watch that looks ten times a second at most. */
const SIGN_EVERY_MS = 50

/** Set when `start.ts` watches this process. */
const isWatched = process.argv[2] === 'backup' && process.send !== undefined

function listenToSignals(): AbortSignal {
  const controller = new AbortController()
  for (const signal of END_SIGNALS) {
    process.on(signal, () => {
      // Who presses Ctrl-C twice means it: rsync dies with this process, and the next run tidies up. A terminal sends
      // it to the watching process, too, which passes the first one on and acts upon the second.
      const isSecond = controller.signal.aborted && signal === 'SIGINT'
      if (isSecond && !isWatched) process.exit(exitCodeOf('INTERRUPTED'))
      controller.abort(new Interruption(signal))
    })
  }
  return controller.signal
}

/** Passes signs of life on to the process that watches this one, and ends when that has gone. */
function reportToWatch(): void {
  const send = process.send?.bind(process)
  if (send === undefined) return
  let saidMs = 0
  let known: string | undefined
  hearSigns((sign) => {
    const nowMs = performance.now()
    const isNews = sign.kind !== 'moved' || (sign.stretch !== undefined && sign.stretch !== known)
    if (!isNews && nowMs - saidMs < SIGN_EVERY_MS) return
    saidMs = nowMs
    if (sign.kind === 'moved') known = sign.stretch ?? known
    if (process.connected) send(sign, undefined, {}, () => undefined)
  })
  process.on('disconnect', () => process.exit(exitCodeOf('HANGUP')))
}

function standardStreams(): Output {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // `snapfs list | head -1` has got what it wanted.
      if (error.code === 'EPIPE') process.exit(exitCodeOf('DONE'))
      throw error
    })
  }
  return {
    answer: (line) => process.stdout.write(`${line}\n`),
    remark: (line) => process.stderr.write(`${line}\n`),
    answerIsWatched: process.stdout.isTTY,
    terminal: process.stderr.isTTY ? process.stderr : undefined,
  }
}

async function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
  await setTimeout(durationMs, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

// Of what a mount is asked little is kept and much is garbage, which V8 would let grow to several times as much. An engine
// was started with it.
if (!isWatched) setFlagsFromString('--heap-growing-percent=20')

const program = fileURLToPath(import.meta.url)
const words = process.argv.slice(2)
const servingThread = new URL('serving-thread.js', import.meta.url)
// A thread that serves takes as long to begin as all else that there is to load, and somebody waits for the mount.
const servingAhead =
  words[0] === 'mount' && words[1] === '--foreground' && !words.includes('--driver=fuse-native')
    ? new ServingWorker(servingThread)
    : undefined
// A process that serves a mount tells its starter once that it does, or why not.
const tell = isWatched ? undefined : process.send?.bind(process)
if (isWatched) reportToWatch()
let told: Promise<void> | undefined

// Options of rsync from the environment, such as RSYNC_ICONV, would change what a snapshot holds.
for (const name of Object.keys(process.env)) {
  if (name.startsWith('RSYNC_')) Reflect.deleteProperty(process.env, name)
}

const context: Context = {
  world: {
    // Never less nice than it was started: only root may do that, and whoever said nice meant it.
    lowerPriority: (nice) => setPriority(Math.max(getPriority(), nice)),
    clock: { now: () => Date.now(), elapsed: () => performance.now(), sleep },
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    host: hostname(),
    userId: process.getuid?.() ?? 0,
    groupId: process.getgid?.() ?? 0,
    homeDirectory: homedir(),
    // Empty counts as unset (XDG base directories).
    cacheDirectory: join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'snapfs'),
    version: ownVersion(),
    // Beside this file when it is bundled; `scripts/rolldown.config.mjs` names it.
    linkWorker: new URL('link-worker.js', import.meta.url),
    removeWorker: new URL('remove-worker.js', import.meta.url),
    mountThreads: {
      serving: servingThread,
      telling: new URL('telling-thread.js', import.meta.url),
      pushing: new URL('pushing-thread.js', import.meta.url),
    },
  },
  output: standardStreams(),
  signal: listenToSignals(),
  environment: {
    config: process.env['SNAPFS_CONFIG'],
    configHome: process.env['XDG_CONFIG_HOME'],
    stateHome: process.env['XDG_STATE_HOME'],
    dataHome: process.env['XDG_DATA_HOME'],
    configDirectories: process.env['XDG_CONFIG_DIRS'],
  },
  programPath: resolve(process.env['SNAPFS_PROGRAM'] ?? program),
  startAgain: (commandLine) => ({
    program: process.execPath,
    arguments: [program, ...commandLine],
  }),
  servingAhead,
  tellStarter:
    tell === undefined
      ? undefined
      : (message) => {
          told = new Promise((done) => {
            tell(message, () => {
              process.disconnect()
              done()
            })
          })
        },
}

const { runProgram } = await import('./cli/program.ts')
const exitCode = await runProgram(words, context)
// The starter of a mount waits for word; it must be on its way before this process ends.
await told
// Who does not read is not waited for after a signal.
const stopped = new Promise((resolve) => {
  if (context.signal.aborted) resolve(undefined)
  else context.signal.addEventListener('abort', resolve)
})
await Promise.race([flushed(process.stdout, process.stderr), stopped])
process.exit(exitCode)
