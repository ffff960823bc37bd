/**
 * Programs as children: each leads a process group of its own and carries the room's path in its
 * environment, so that it and all it starts can be found and ended, and nobody else is.
 */
/* global clearTimeout, performance, setTimeout */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The variable that marks a backup of a room and what it started. */
const BACKUP = 'SNAPFS_TORTURE_ROOM'
/** The variable that marks all that a torture started, its tools too. */
export const OWNED = 'SNAPFS_TORTURE'
const LOOK_MS = 20
/** As a shell has it: what was to be started is not there. */
const NOT_STARTED = 127

/** @typedef {{ exitCode: number | null, signal: string | null, stdout: string, stderr: string, hung: boolean }} Ended */
/** @typedef {{ env?: Readonly<Record<string, string>>, limitMs?: number, cwd?: string }} StartOptions */

/** @type {Set<Group>} those that have not ended */
const running = new Set()
let over = false

export class Group {
  /**
   * @param {string} room
   * @param {string} program
   * @param {readonly string[]} words
   * @param {StartOptions} [options]
   */
  constructor(room, program, words, { env = {}, limitMs = 30_000, cwd } = {}) {
    if (over) throw new Error('the torture is over')
    const child = spawn(program, words, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC', ...env, [BACKUP]: room },
      ...(cwd === undefined ? {} : { cwd }),
    })
    this.pid = child.pid
    running.add(this)
    let hung = false
    const limit = setTimeout(() => {
      hung = true
      // Afterwards nobody can say any more what it waited for.
      if (room !== '') stderr += processesOf(room).map(whatItDoes).join('')
      this.kill()
    }, limitMs)
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('latin1').on('data', (text) => (stdout += text))
    child.stderr.setEncoding('latin1').on('data', (text) => (stderr += text))
    /** @type {Promise<Ended>} by the exit, since an orphan may hold the pipes for longer */
    this.ended = new Promise((resolve) => {
      const leave = () => {
        clearTimeout(limit)
        running.delete(this)
      }
      child.on('error', (error) => {
        leave()
        resolve({ exitCode: NOT_STARTED, signal: null, stdout, stderr: String(error), hung })
      })
      child.on('exit', (exitCode, signal) => {
        leave()
        const tell = () => resolve({ exitCode, signal, stdout, stderr, hung })
        const late = setTimeout(tell, 300)
        child.on('close', () => {
          clearTimeout(late)
          tell()
        })
      })
    })
  }

  /** SIGKILL to the whole group. */
  kill() {
    if (this.pid !== undefined) sendKill(-this.pid)
  }

  /** SIGKILL to the process that was started, and to none that it has started. */
  killLeader() {
    if (this.pid !== undefined) sendKill(this.pid)
  }
}

/** Ends every group, and lets none begin: what waits for one fails then, or finds that it may not go on. */
export function endForGood() {
  over = true
  for (const group of running) group.kill()
}

/**
 * Runs a tool of ours that must succeed.
 * @param {string} program
 * @param {readonly string[]} words
 * @param {{ accept?: readonly number[], cwd?: string }} [options]
 * @returns {Promise<string>} its standard output, bytes as characters
 */
export async function run(program, words, { accept = [0], cwd } = {}) {
  const { ended } = new Group('', program, words, cwd === undefined ? {} : { cwd })
  const { exitCode, signal, stdout, stderr } = await ended
  if (exitCode !== null && accept.includes(exitCode)) return stdout
  throw new Error(`${program} ${words.join(' ')}: ${exitCode ?? signal}\n${stderr}`)
}

/**
 * What a room started and is still alive.
 * @param {string} room
 * @param {string} [mark] whether all, or what belongs to a backup
 * @returns {{ pid: number, words: string }[]}
 */
export function processesOf(room, mark = BACKUP) {
  const found = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/u.test(name)) continue
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'utf8').includes(`${mark}=${room}\0`)) continue
      const words = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
      found.push({ pid: Number(name), words })
    } catch {
      // It has ended between two looks, or is the kernel's.
    }
  }
  return found
}

/**
 * What a process waits for, as far as the kernel tells.
 * @param {{ pid: number, words: string }} process
 */
function whatItDoes({ pid, words }) {
  const look = (/** @type {string} */ file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1').trim()
    } catch {
      return '?'
    }
  }
  const state = /^State:\s*(.*)$/mu.exec(look('status'))?.[1] ?? '?'
  return `\n${pid} ${state}, in ${look('wchan')}, call ${look('syscall')}: ${words}\n${look('stack')}`
}

/**
 * Waits until nothing of a room is alive; what is left after the limit is ended.
 * @param {string} room
 * @param {number} limitMs
 * @param {string} [mark]
 * @returns {Promise<string[]>} what had to be ended
 */
export async function endAll(room, limitMs, mark = BACKUP) {
  const end = performance.now() + limitMs
  for (;;) {
    const left = processesOf(room, mark)
    if (left.length === 0) return []
    if (performance.now() > end) {
      for (const { pid } of left) sendKill(pid)
      return left.map(({ words }) => words)
    }
    await sleep(LOOK_MS)
  }
}

/** @param {number} pid of a process, or of a group when negative */
function sendKill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
