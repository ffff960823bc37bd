/**
 * Runs a backup in which strace watches the programs in question, and may let a fault strike. A program of
 * the same name comes first in PATH and starts the true one under strace, so that snapfs needs no hook for
 * it. Never with --seccomp-bpf, which silently disables the injection of signals (strace 6.1).
 */
import { constants, openSync, writeSync } from 'node:fs'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { run } from './processes.mjs'
import { startBackUp } from './scene.mjs'

const END = 'the end of the trace\n'

/** @typedef {import('./scene.mjs').Place} Place */
/** @typedef {import('./processes.mjs').Ended} Ended */
/** @typedef {import('./processes.mjs').Group} Group */
/** @typedef {import('./fault-points.mjs').Point} Point */

/**
 * @typedef {object} Tracing
 * @property {readonly string[]} programs
 * @property {number | 'each'} run which start of the program is traced
 * @property {string} output a file for one start; the beginning of the names of several
 * @property {readonly string[]} words for strace
 */

/**
 * @param {Place} place
 * @param {Tracing} tracing
 * @returns {Promise<Group>}
 */
export async function startTraced(place, { programs, run: wanted, output, words }) {
  const { room } = place.scene.session
  const bin = `${room}/bin`
  await rm(bin, { recursive: true, force: true })
  await mkdir(bin)
  for (const program of programs) {
    const real = program === 'node' ? process.execPath : await whereIs(program)
    // What node starts is traced under its own name, or not at all. A backup is a child that its parent passes
    // messages to and that is to die with it, so it must not become a grandchild: strace is (-D).
    const alone = program === 'node' ? ['--detach-on=execve', '-D'] : []
    const strace = [
      await whereIs('strace'),
      '-f',
      '-y',
      '-qq',
      '-e',
      'signal=KILL',
      ...alone,
      ...words,
    ]
    const file = wanted === 'each' ? `'${output}.${program}.'"$start"` : `'${output}'`
    const script = [
      '#!/bin/sh',
      `echo >>'${bin}/${program}.starts'`,
      `start=$(wc -l <'${bin}/${program}.starts')`,
      ...(wanted === 'each' ? [] : [`[ "$start" -eq ${wanted} ] || exec '${real}' "$@"`]),
      `exec ${strace.map((word) => `'${word}'`).join(' ')} -o ${file} '${real}' "$@"`,
    ]
    await writeFile(`${bin}/${program}`, `${script.join('\n')}\n`)
    await chmod(`${bin}/${program}`, 0o755)
  }
  if (programs.includes('node')) await traceEngine(bin)
  const start = place.start ?? startBackUp
  return start(place, { env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` } })
}

/**
 * snapfs starts the process that makes a backup by setpriv, with the path of node, and not by its name: a setpriv
 * of ours puts the tracing one in its place.
 * @param {string} bin
 */
async function traceEngine(bin) {
  const script = [
    '#!/bin/sh',
    'for word do',
    '  shift',
    `  [ "$word" != '${process.execPath}' ] || word='${bin}/node'`,
    '  set -- "$@" "$word"',
    'done',
    `exec '${await whereIs('setpriv')}' "$@"`,
  ]
  await writeFile(`${bin}/setpriv`, `${script.join('\n')}\n`)
  await chmod(`${bin}/setpriv`, 0o755)
}

/**
 * Lets a fault strike at one point of a backup.
 * @param {Place} place
 * @param {Point} point
 * @param {string} fault in strace's language: signal=KILL, error=EIO, delay_enter=60s
 * @param {(trace: string, group: Group) => void} [onTrace] called with all of the trace so far
 * @returns {Promise<{ ended: Ended, trace: string }>}
 */
export async function strike(place, { program, run: start, call, number }, fault, onTrace) {
  const fifo = `${place.scene.session.room}/trace`
  await rm(fifo, { force: true })
  await run('mkfifo', [fifo])
  // Open for writing too: the trace does not end with the first of several writers.
  const descriptor = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
  const socket = new Socket({ fd: descriptor, readable: true, writable: false })
  try {
    const group = await startTraced(place, {
      programs: [program],
      run: start,
      output: fifo,
      words: [`--trace=${call}`, `--inject=${call}:${fault}:when=${number}`],
    })
    let trace = ''
    const drained = new Promise((resolve) => {
      socket.setEncoding('latin1').on('data', (text) => {
        trace += text
        if (trace.endsWith(END)) resolve(undefined)
        else onTrace?.(trace, group)
      })
    })
    const ended = await group.ended
    writeSync(descriptor, END)
    await drained
    return { ended, trace: trace.slice(0, -END.length) }
  } finally {
    socket.destroy()
  }
}

/**
 * What a trace says of the call that a fault was meant for: which thread has come to it, since strace prints a
 * call when it begins, and how it ended, unless it has not.
 * @param {string} trace
 * @param {Point} point
 * @returns {{ thread: string, line: string, result: string | undefined } | undefined}
 */
export function callAt(trace, { call, number }) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const begun of trace.matchAll(new RegExp(`^(\\d+) +${call}\\((.*)$`, 'gmu'))) {
    const [line, thread = '', rest = ''] = begun
    const count = (counts.get(thread) ?? 0) + 1
    counts.set(thread, count)
    if (count < number) continue
    const later = new RegExp(`^${thread} +<\\.\\.\\. ${call} resumed>(.*)$`, 'mu')
    const end = rest.endsWith('<unfinished ...>')
      ? later.exec(trace.slice(begun.index + line.length))?.[1]
      : rest
    const result = /\) += (.*)$/u.exec(end ?? '')?.[1]
    // A question mark stands for what a killed thread never learned.
    return { thread, line, result: result?.startsWith('?') ? undefined : result }
  }
  return undefined
}

/** @type {Map<string, string>} */
const places = new Map()

async function whereIs(/** @type {string} */ program) {
  const known = places.get(program)
  if (known !== undefined) return known
  const place = (await run('sh', ['-c', `command -v ${program}`])).trim()
  places.set(program, place)
  return place
}
