/**
 * A fresh directory for one torture. `clear-room.mjs` makes it and clears it: the one way for every ending, be
 * it the last line, a failure, a signal, a reader that is gone, or kill -9.
 */
/* global AbortController */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { realpath } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { endForGood, OWNED } from './processes.mjs'
import { remark } from './session.mjs'

const CLEANER = fileURLToPath(new URL('clear-room.mjs', import.meta.url))

/**
 * Runs a body in a room, and leaves nothing of it behind. A failure becomes the exit code 1.
 * @param {string} directory in which the room is made
 * @param {(room: string, signal: AbortSignal) => Promise<void>} body
 */
export async function inRoom(directory, body) {
  // Not one of those that it ends when the room is in another room.
  const env = { ...process.env, [OWNED]: '' }
  const cleaner = spawn(process.execPath, [CLEANER, await realpath(directory)], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env,
  })
  const cleared = once(cleaner, 'exit')
  const { value: room } = await createInterface(cleaner.stdout)[Symbol.asyncIterator]().next()
  if (room === undefined) throw new Error(`no room could be made in ${directory}`)
  // Whatever is started from here on bears it, also what mends and mounts.
  process.env[OWNED] = room
  const controller = new AbortController()
  const end = (/** @type {string} */ reason) => {
    controller.abort(reason)
    endForGood()
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => end(`by ${name}`))
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => end('since nobody reads what it says'))
  }
  try {
    await body(room, controller.signal)
  } catch (error) {
    const known = error instanceof Error ? (error.stack ?? error.message) : String(error)
    remark(controller.signal.aborted ? `ended ${String(controller.signal.reason)}` : known)
    process.exitCode = 1
  } finally {
    cleaner.stdin.end()
    const [exitCode] = await cleared
    if (exitCode !== 0) process.exitCode = 1
  }
}
