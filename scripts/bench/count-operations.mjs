/**
 * What programs ask of a mount: the operations of the FUSE protocol by name, while the process that serves it is traced.
 *
 *   node scripts/bench/count-operations.mjs PID [SECONDS]
 *
 * PID is that of "snapfs status". Prints one JSON object when the seconds (10) are over, or on Ctrl-C. Needs strace, and to be
 * root or the same user.
 */
/* global clearTimeout, setTimeout */
import { spawn } from 'node:child_process'

/** enum fuse_opcode of the kernel's linux/fuse.h. */
const OPERATIONS = new Map([
  [1, 'lookup'],
  [2, 'forget'],
  [3, 'getattr'],
  [5, 'readlink'],
  [14, 'open'],
  [15, 'read'],
  [17, 'statfs'],
  [18, 'release'],
  [22, 'getxattr'],
  [23, 'listxattr'],
  [25, 'flush'],
  [27, 'opendir'],
  [28, 'readdir'],
  [29, 'releasedir'],
  [34, 'access'],
  [36, 'interrupt'],
  [40, 'poll'],
  [42, 'batch_forget'],
  [44, 'readdirplus'],
  [46, 'lseek'],
  [52, 'statx'],
])
/** A request begins with its length and its opcode, 32 bits each; no other read of the process is of a header's size. */
const REQUEST = /"((?:\\x[0-9a-f]{2}){8})/u
const HEADER_BYTES = 40

const [pid, seconds = '10'] = process.argv.slice(2)
if (pid === undefined) throw new Error('usage: count-operations.mjs PID [SECONDS]')
const tracer = spawn(
  'strace',
  ['-f', '-qq', '-xx', '-s', '8', '-e', 'trace=read', '-e', 'signal=none', '-p', pid],
  { stdio: ['ignore', 'ignore', 'pipe'] },
)
const stop = () => tracer.kill('SIGINT')
const timer = setTimeout(stop, Number(seconds) * 1000)
process.on('SIGINT', stop)
/** @type {Map<string, number>} */
const counts = new Map()
let rest = ''
tracer.stderr.setEncoding('latin1').on('data', (/** @type {string} */ text) => {
  const lines = (rest + text).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) count(line)
})
tracer.on('close', () => {
  clearTimeout(timer)
  process.stdout.write(`${JSON.stringify(Object.fromEntries([...counts].sort()))}\n`)
})

/** @param {string} line */
function count(line) {
  const bytes = REQUEST.exec(line)?.[1]
  const length = Number(/= (\d+)$/u.exec(line)?.[1] ?? 0)
  if (bytes === undefined || length < HEADER_BYTES) return
  const header = Buffer.from(bytes.replaceAll(String.raw`\x`, ''), 'hex')
  // The first field says how long the request is: what does not is a read of a file.
  if (header.readUInt32LE(0) !== length) return
  const name = OPERATIONS.get(header.readUInt32LE(4)) ?? `opcode ${header.readUInt32LE(4)}`
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
