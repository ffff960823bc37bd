/** Servers of FUSE mounts as child processes: started, made to forget, and always ended again. */
/* global AbortSignal */
import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from './measure.mjs'

const POLL_MS = 5
const START_LIMIT_MS = 20_000
const END_LIMIT_MS = 5000
/** The kernel counts a process's time in hundredths of a second. */
const IDLE_LOOK_MS = 30
const IDLE_LIMIT_MS = 20_000

/** Whether something is mounted on a directory; asks the kernel, never the mount. */
async function isMounted(/** @type {string} */ mountpoint) {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return table.split('\n').some((line) => line.split(' ')[4] === mountpoint)
}

/**
 * Takes a mount away, whoever uses it.
 * @param {string} mountpoint
 */
export async function unmount(mountpoint) {
  if (!(await isMounted(mountpoint))) return
  await run('fusermount', ['-u', '--', mountpoint]).catch(() =>
    run('fusermount', ['-uz', '--', mountpoint]),
  )
}

/** One program that serves one mount, in the foreground, so that its process is ours to end. */
export class Server {
  /**
   * @param {string} mountpoint
   * @param {string} program
   * @param {readonly string[]} words
   * @param {AbortSignal} signal
   */
  constructor(mountpoint, program, words, signal) {
    this.mountpoint = mountpoint
    this.program = program
    this.words = words
    this.signal = signal
    /** @type {import('node:child_process').ChildProcess | undefined} */
    this.child = undefined
  }

  /** Mounts, and returns when the mount has answered. */
  async start() {
    this.signal.throwIfAborted()
    await mkdir(this.mountpoint, { recursive: true })
    const child = spawn(this.program, this.words, { stdio: ['ignore', 'ignore', 'inherit'] })
    this.child = child
    child.on('error', () => undefined)
    const limit = AbortSignal.timeout(START_LIMIT_MS)
    while (!(await isMounted(this.mountpoint))) {
      if (child.exitCode !== null || child.pid === undefined || limit.aborted) {
        throw new Error(`${this.program} did not mount`)
      }
      await sleep(POLL_MS)
    }
    await readdir(this.mountpoint)
  }

  /** Unmounts and waits for the process to end. */
  async stop() {
    const child = this.child
    if (child === undefined) return
    this.child = undefined
    await unmount(this.mountpoint)
    child.kill('SIGTERM')
    const limit = AbortSignal.timeout(END_LIMIT_MS)
    while (child.exitCode === null && child.signalCode === null) {
      if (limit.aborted) child.kill('SIGKILL')
      await sleep(POLL_MS)
    }
  }

  /**
   * Makes the kernel forget what it knows of the mount: names, attributes and pages. Mounting again in
   * place does that. The server is told what was forgotten, which is no part of what comes next: this
   * returns when it has nothing left to do.
   * @returns {Promise<boolean>} false where that is not allowed, because we are not root
   */
  async dropKernelCaches() {
    if (process.getuid?.() !== 0) return false
    await run('mount', ['-i', '-o', 'remount,ro', this.mountpoint], { signal: this.signal })
    await this.idle()
    return true
  }

  /** Waits until the process has nothing left to do. */
  async idle() {
    const limit = AbortSignal.timeout(IDLE_LIMIT_MS)
    let before = -1
    for (let now = await this.#ticks(); now !== before && !limit.aborted;) {
      await sleep(IDLE_LOOK_MS)
      before = now
      now = await this.#ticks()
    }
  }

  /** @returns {Promise<number>} the processor time that the process has used */
  async #ticks() {
    const text = await readFile(`/proc/${this.child?.pid}/stat`, 'utf8').catch(() => '')
    // A program's name may hold spaces; what follows it does not.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
  }
}
