/** The one place that starts rsync. It streams, decides nothing, and never goes through a shell. */
import { execa } from 'execa'
import { missingProgram, SETPRIV_HINT } from '../errors/missing-program.ts'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { systemErrorCode } from '../errors/system-error.ts'
import type { IoClass } from '../model/profile.ts'
import type { RsyncEnd } from './outcome.ts'
import { countReads, endRun, waitForStall } from './supervise-run.ts'
import { compareVersions, OLDEST_RSYNC, parseRsyncVersion, type RsyncVersion } from './version.ts'

/** A program that says nothing for so long when asked for its version is not rsync. */
const VERSION_TIMEOUT_MS = 5000
/** More lines of standard error than this are counted and dropped. */
const MESSAGES_LIMIT = 20_000
/** Some versions of ionice know no names. */
const IO_CLASS_NUMBERS = { 'best-effort': '2', idle: '3' } as const
/** A longer line is cut; a name has at most 4,095 bytes, four characters each when escaped. */
const LINE_LIMIT = 32 * 1024

export interface RsyncRun {
  readonly arguments: readonly string[]
  /** Paths for `--files-from=-`, each ended by NUL, as bytes. */
  readonly input?: Uint8Array
  readonly signal: AbortSignal
  /** For how long nothing may move before the run is ended; Infinity: for ever. */
  readonly stallMs: number
  /** The class of ionice(1) it runs in. Absent: that of this process. */
  readonly ionice?: IoClass
  /** Called twice a second with how many bytes its processes have read so far, by the kernel's count. */
  readonly onRead?: (bytes: number) => void
  /** Called with each line of standard output, without its end; bytes as characters. */
  readonly onLine: (line: string) => void
}

/**
 * Runs rsync to its end. What neither reads, writes, computes nor says anything is ended: not by `--timeout`, for
 * which a peer that only keeps the connection alive is well.
 * @throws SnapfsError RSYNC_MISSING when it cannot be started
 */
export async function runRsync(run: RsyncRun): Promise<RsyncEnd> {
  const messages = new BoundedLines(MESSAGES_LIMIT)
  let lines = 0
  const counting = (then: (line: string) => void) => (line: string) => {
    lines += 1
    then(line)
  }
  // A death signal, since the kill -9 of this process would leave an rsync that goes on writing.
  const gently = run.ionice === undefined ? [] : ['ionice', '-c', IO_CLASS_NUMBERS[run.ionice]]
  const words = ['--pdeathsig', 'KILL', ...gently, 'rsync', ...run.arguments]
  const child = execa('setpriv', words, {
    ...(run.input === undefined ? { stdin: 'ignore' as const } : { input: run.input }),
    // Keeps rsync's numbers and words apart from the user's language, and from asking a terminal for a password.
    env: { LC_ALL: 'C', RSYNC_PASSWORD: '' },
    buffer: false,
    reject: false,
  })
  const finished = Promise.all([
    child,
    eachLine(child.stdout, counting(run.onLine)),
    eachLine(
      child.stderr,
      counting((line) => messages.add(line)),
    ),
  ])
  const watched = await supervise(run, finished, child.pid, () => lines)
  const stall = watched.isStalled ? { stalledMs: run.stallMs } : {}
  if (!watched.hasEnded) {
    return {
      exitCode: undefined,
      signal: undefined,
      ...stall,
      isUndying: true,
      messages: messages.lines(),
    }
  }
  const [result] = await finished
  if (result.code === 'ENOENT') throw missingProgram('setpriv', SETPRIV_HINT)
  // The same code comes from another machine that lacks it; there is an rsync here then, and it says so.
  const isHere = messages.lines().some((line) => line.startsWith('rsync error: '))
  if (result.exitCode === 127 && !isHere) throw missingProgram('rsync', INSTALL_HINT)
  return { exitCode: result.exitCode, signal: result.signal, ...stall, messages: messages.lines() }
}

/** Waits for the end of a run; brings it about when the signal is given or nothing moves any more. */
async function supervise(
  run: RsyncRun,
  finished: Promise<unknown>,
  pid: number | undefined,
  lines: () => number,
): Promise<{ readonly isStalled: boolean; readonly hasEnded: boolean }> {
  // Without a number it could not be started, and has ended already.
  if (pid === undefined) return { isStalled: false, hasEnded: true }
  // What is thrown while its lines are read comes to light where `finished` is awaited.
  const over = finished.then(
    () => undefined,
    () => undefined,
  )
  const child = { pid, over, lines }
  const stopWatching = new AbortController()
  void over.then(() => stopWatching.abort())
  const { signal } = stopWatching
  const abort = (): void => stopWatching.abort()
  run.signal.addEventListener('abort', abort)
  try {
    if (run.signal.aborted) abort()
    if (run.onRead !== undefined) void countReads(pid, signal, run.onRead)
    const isStalled = await waitForStall(child, run.stallMs, signal)
    if (!isStalled && !run.signal.aborted) return { isStalled, hasEnded: true }
    return { isStalled, hasEnded: await endRun(child) }
  } finally {
    run.signal.removeEventListener('abort', abort)
  }
}

const INSTALL_HINT = 'Install it with the package manager, for example: apt-get install rsync.'

/**
 * Which rsync is installed.
 * @throws SnapfsError RSYNC_MISSING when there is none, it is older than 3.2.4, or it is something else
 */
export async function probeRsync(): Promise<RsyncVersion> {
  // In a process group of its own: rsync may be a script, and what it started would hold the pipe open.
  const child = execa('rsync', ['--version'], {
    stdin: 'ignore',
    env: { LC_ALL: 'C' },
    reject: false,
    detached: true,
    maxBuffer: 64 * 1024,
  })
  const limit = AbortSignal.timeout(VERSION_TIMEOUT_MS)
  const killGroup = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  limit.addEventListener('abort', killGroup)
  const result = await child
  limit.removeEventListener('abort', killGroup)
  if (result.code === 'ENOENT' || systemErrorCode(result.cause) === 'EACCES') {
    throw missingProgram('rsync', INSTALL_HINT)
  }
  const version = parseRsyncVersion(result.stdout)
  if (limit.aborted || version === undefined) {
    throw new SnapfsError(
      'RSYNC_MISSING',
      limit.aborted
        ? 'The program rsync did not answer within five seconds when asked for its version.'
        : 'The program rsync did not say which version it is; it may not be rsync at all.',
      { hint: 'Find out with: command -v rsync; rsync --version.' },
    )
  }
  if (compareVersions(version.text, OLDEST_RSYNC) < 0) {
    throw new SnapfsError(
      'RSYNC_MISSING',
      `rsync ${version.text} is too old; snapfs needs ${OLDEST_RSYNC} or newer.`,
      { hint: INSTALL_HINT },
    )
  }
  return version
}

/** Splits a stream at \n and \r (progress ends its lines with the latter). */
async function eachLine(
  stream: AsyncIterable<Uint8Array | string>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = ''
  for await (const chunk of stream) {
    const parts = (rest + Buffer.from(chunk).toString('latin1')).split(/[\r\n]/u)
    rest = (parts.pop() ?? '').slice(0, LINE_LIMIT)
    for (const part of parts) onLine(part.slice(0, LINE_LIMIT))
  }
  if (rest !== '') onLine(rest)
}

/** The first and the last lines of a text that may be endless: the cause and the verdict. */
class BoundedLines {
  readonly #limit: number
  readonly #first: string[] = []
  #last: string[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  add(line: string): void {
    if (this.#first.length < this.#limit) {
      this.#first.push(line)
      return
    }
    this.#last.push(line)
    if (this.#last.length > 2 * this.#limit) this.#last = this.#last.slice(-this.#limit)
  }

  lines(): string[] {
    return [...this.#first, ...this.#last.slice(-this.#limit)]
  }
}
