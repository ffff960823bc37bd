/**
 * A backup is made by a process of its own, the engine, and watched by the one that was started. A disk may keep the
 * engine in the kernel for ever, where it hears no signal. This process touches no disk of the user, so it always
 * hears signals, sees that nothing moves any more, and ends with a sentence and an exit code.
 */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { missingProgram, SETPRIV_HINT } from '../errors/missing-program.ts'
import type { SnapfsError } from '../errors/snapfs-error.ts'
import { systemErrorCode } from '../errors/system-error.ts'
import type { EndSignal } from '../model/end-signal.ts'
import type { Sign, Stretch } from '../model/sign-of-life.ts'
import { DEFAULT_STALL_MS } from '../model/stall-limit.ts'
import { diskEvents } from './disk-events.ts'
import { endedError, killedError, type LastSeen, stalledError } from './engine-failure.ts'
import { endsWithin, killTree, UNDYING_AFTER_MS } from './end-processes.ts'
import { type EngineLook, hasEngineMoved } from './movement.ts'
import { readProcessTree } from './process-tree.ts'
import { lookAgain, looksFor, NOTHING_SEEN, type StallWatch } from './stall-watch.ts'

/** The engine watches rsync itself, by the same limit, and needs this to end one that does not want to. */
const ENDING_MS = 10_000
/** For so long after a signal nothing may move: it has to end rsync, and tidies up. */
const PATIENCE_MS = 3500
/** Who has asked for the end does not wait for what cannot be ended. */
const UNDYING_AFTER_SIGNAL_MS = 500

/** What the engine says, where that is a pipe. */
export type EngineStreams = Pick<ChildProcess, 'stdout' | 'stderr'>

export interface EngineTask {
  readonly program: string
  readonly arguments: readonly string[]
  /** Of the engine; a channel for its signs is added. */
  readonly stdio: readonly ('inherit' | 'pipe')[]
  /** Called once it is started, to connect what is not inherited. */
  readonly onStart: (streams: EngineStreams) => void
  /** Registers who hears the signals that this process is sent. */
  readonly onSignal: (hear: (signal: EndSignal) => void) => void
}

export type EngineEnd =
  /** It has said itself what there was to say. */
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'failed'; readonly profile: string | undefined; readonly error: SnapfsError }

type Over =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'not started'; readonly error: Error }

/**
 * Starts an engine, and returns when it has ended or is given up.
 * @throws SnapfsError RSYNC_MISSING without setpriv(1), and the operating system's error
 */
export async function watchEngine(task: EngineTask): Promise<EngineEnd> {
  // A death signal, since the kill -9 of this process is meant for the backup.
  const words = ['--pdeathsig', 'KILL', task.program, ...task.arguments]
  const stdio: StdioOptions = [...task.stdio, 'ipc']
  const child = spawn('setpriv', words, { stdio, serialization: 'advanced' })
  task.onStart(child)
  const over = endOf(child)
  const watch = new EngineWatch(child)
  task.onSignal((signal) => watch.passOn(signal))
  const cause = await Promise.race([over, watch.untilGivenUp()])
  watch.stop()
  if (cause.kind === 'not started') {
    if (systemErrorCode(cause.error) === 'ENOENT') throw missingProgram('setpriv', SETPRIV_HINT)
    throw cause.error
  }
  if (cause.kind === 'exited') return cause
  const { profile, later, stretch } = watch
  const undying = cause.kind === 'killed' ? [] : await killEngine(child, over, cause.waitMs)
  const seen = { later, stretch, undying }
  return { kind: 'failed', profile, error: watch.errorOf(cause, seen) }
}

function endOf(child: ChildProcess): Promise<Over> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ kind: 'not started', error }))
    // Not `exit`: what it has said last is still to be passed on.
    child.once('close', (exitCode, signal) =>
      resolve(
        exitCode === null
          ? { kind: 'killed', signal: signal ?? 'an unknown signal' }
          : { kind: 'exited', exitCode },
      ),
    )
  })
}

/** Kills an engine with all it started. @returns the processes that live on */
async function killEngine(
  { pid }: ChildProcess,
  over: Promise<unknown>,
  waitMs: number,
): Promise<readonly number[]> {
  if (pid === undefined) return []
  await killTree(pid)
  if (await endsWithin(over, waitMs)) return []
  return (await readProcessTree(pid)).map((process) => process.pid)
}

/** Why an engine is given up, and how long to wait for its end. */
type GivenUp =
  | { readonly kind: 'stalled'; readonly waitMs: number; readonly stallMs: number }
  | { readonly kind: 'deaf'; readonly waitMs: number; readonly signal: EndSignal }
  | { readonly kind: 'asked twice'; readonly waitMs: number; readonly signal: EndSignal }

/** What an engine has let be known, and for how long nothing has moved. */
class EngineWatch {
  profile: string | undefined
  later: readonly string[] = []
  stretch: Stretch = 'begin'
  readonly #child: ChildProcess
  readonly #askedTwice: Promise<void>
  #askTwice: () => void = () => undefined
  #asked: EndSignal | undefined
  #stallMs = DEFAULT_STALL_MS
  #device: number | undefined
  #signs = 0
  #isOver = false
  /** Aborted when the limit is another one. */
  #limit = new AbortController()

  constructor(child: ChildProcess) {
    this.#child = child
    this.#askedTwice = new Promise((resolve) => (this.#askTwice = resolve))
    // The engine is this program; nobody else has the other end of the channel.
    child.on('message', (message) => this.#hear(message as Sign))
  }

  /** Passes a signal on. A second SIGINT is from somebody who does not want to wait. */
  passOn(signal: EndSignal): void {
    if (this.#asked !== undefined && signal === 'SIGINT') this.#askTwice()
    if (this.#asked === undefined) {
      this.#asked = signal
      this.#limit.abort()
    }
    this.#child.kill(signal)
  }

  async untilGivenUp(): Promise<GivenUp> {
    return Promise.race([
      this.#untilQuiet(),
      this.#askedTwice.then((): GivenUp => {
        const signal = this.#asked ?? 'SIGINT'
        return { kind: 'asked twice', waitMs: UNDYING_AFTER_SIGNAL_MS, signal }
      }),
    ])
  }

  stop(): void {
    this.#isOver = true
    this.#limit.abort()
  }

  errorOf(cause: GivenUp | (Over & { readonly kind: 'killed' }), seen: LastSeen): SnapfsError {
    switch (cause.kind) {
      case 'stalled':
        return stalledError(cause.stallMs, seen)
      case 'deaf':
        return endedError(cause.signal, 'did not answer', seen)
      case 'asked twice':
        return endedError(cause.signal, 'was not waited for', seen)
      case 'killed':
        // A signal that came before it listened to any.
        return this.#asked === cause.signal
          ? endedError(this.#asked, 'was not waited for', seen)
          : killedError(cause.signal, seen)
    }
  }

  async #untilQuiet(): Promise<GivenUp> {
    let watch: StallWatch<EngineLook> = NOTHING_SEEN
    for (;;) {
      const stallMs = this.#stallMs
      const { everyMs, limit } = looksFor(
        this.#asked === undefined ? stallMs + ENDING_MS : PATIENCE_MS,
      )
      if (watch.quietLooks >= limit) {
        return this.#asked === undefined
          ? { kind: 'stalled', waitMs: UNDYING_AFTER_MS, stallMs }
          : { kind: 'deaf', waitMs: UNDYING_AFTER_SIGNAL_MS, signal: this.#asked }
      }
      const { signal } = this.#limit
      await setTimeout(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) {
        this.#limit = new AbortController()
        watch = NOTHING_SEEN
      }
      // Whoever waits for this has got another answer by then.
      if (this.#isOver) return new Promise(() => undefined)
      watch = lookAgain(watch, await this.#look(), (before, now) =>
        hasEngineMoved(before, now, everyMs),
      )
    }
  }

  async #look(): Promise<EngineLook> {
    const { pid } = this.#child
    const processes = pid === undefined ? [] : await readProcessTree(pid)
    const isSyncing = processes.some(({ name }) => name === 'sync')
    const events =
      isSyncing && this.#device !== undefined ? await diskEvents(this.#device) : undefined
    return { signs: this.#signs, processes, diskEvents: events }
  }

  #hear(sign: Sign): void {
    this.#signs += 1
    switch (sign.kind) {
      case 'moved':
        this.stretch = sign.stretch ?? this.stretch
        return
      case 'disk':
        this.#device = sign.device
        return
      case 'profile':
        this.profile = sign.name
        this.later = sign.later
        this.stretch = 'begin'
        this.#stallMs = sign.stallMs
        this.#limit.abort()
    }
  }
}
