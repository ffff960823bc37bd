/** What the benchmarks share: a temporary place, timed processes, and the lines they print. */
/* global AbortController, performance */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, statfs } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readOptions } from './options.mjs'

const EXT4_MAGIC = 0xef53
const FILE_SYSTEMS = new Map([
  [EXT4_MAGIC, 'ext4'],
  [0x9123683e, 'btrfs'],
  [0x58465342, 'xfs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlayfs'],
])
const POLL_MS = 50

/** @typedef {import('./options.mjs').Options} Options */
/** @typedef {{ directory: string, signal: AbortSignal, options: Options, defer: (undo: () => Promise<void>) => void }} Bench */

/**
 * Runs a benchmark in a fresh directory, and leaves nothing behind: what was deferred is undone, the
 * last first, and the directory removed, also after a failure or a signal.
 * @param {{ files: number, rounds: number }} defaults
 * @param {(bench: Bench) => Promise<void>} body
 */
export async function runBenchmark(defaults, body) {
  const options = readOptions(defaults)
  const controller = new AbortController()
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(name, () => controller.abort(new Error(`ended by ${name}`)))
  }
  const directory = await mkdtemp(join(await realpath(options.dir), 'snapfs-bench-'))
  /** @type {(() => Promise<void>)[]} */
  const undoing = []
  try {
    const defer = (/** @type {() => Promise<void>} */ undo) => void undoing.push(undo)
    const place =
      options.ram > 0 ? await makeDiskInMemory(directory, options.ram, defer) : directory
    print(await describeMachine(place, options))
    await body({ directory: place, signal: controller.signal, options, defer })
  } catch (error) {
    remark(error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exitCode = 1
  } finally {
    remark('cleaning up')
    for (const undo of undoing.reverse()) await undo().catch((error) => remark(String(error)))
    await rm(directory, { recursive: true, force: true })
  }
}

/**
 * An ext4 in a file in memory: the same for every side and every run, where a disk may be slow just now.
 * @param {string} directory
 * @param {number} gib
 * @param {Bench['defer']} defer
 * @returns {Promise<string>} where it is mounted
 */
async function makeDiskInMemory(directory, gib, defer) {
  const [memory, disk] = [`${directory}/memory`, `${directory}/disk`]
  for (const path of [memory, disk]) await mkdir(path)
  await run('mount', ['-t', 'tmpfs', '-o', `size=${gib + 1}G`, 'tmpfs', memory])
  defer(async () => void (await run('umount', [memory])))
  await run('truncate', ['-s', `${gib}G`, `${memory}/image`])
  // An inode for each block, or a million files have none left.
  await run('mkfs.ext4', ['-q', '-i', '4096', '-E', 'lazy_itable_init=0', `${memory}/image`])
  await run('mount', ['-o', 'loop,noatime', `${memory}/image`, disk])
  defer(async () => void (await run('umount', [disk])))
  return disk
}

/** @param {object} record */
export function print(record) {
  process.stdout.write(`${JSON.stringify(record)}\n`)
}

/** @param {string} text */
export function remark(text) {
  process.stderr.write(`${text}\n`)
}

/**
 * @param {string} directory
 * @param {Options} options
 */
async function describeMachine(directory, options) {
  const { type } = await statfs(directory)
  return {
    name: 'machine',
    cores: cpus().length,
    processor: cpus()[0]?.model,
    kernel: release(),
    node: process.version,
    rsync: /version (\S+)/u.exec(await output('rsync', ['--version']))?.[1],
    snapfs: (await output(options.snapfs, ['--version'])).trim(),
    inMemory: options.ram > 0,
    fileSystem: FILE_SYSTEMS.get(type) ?? `0x${type.toString(16)}`,
    loadAverage: Number((await readFile('/proc/loadavg', 'utf8')).split(' ')[0]),
  }
}

/**
 * @typedef {object} RunOptions
 * @property {AbortSignal} [signal]
 * @property {string} [cwd]
 * @property {readonly number[]} [accept] exit codes that are fine; only 0 unless given
 * @property {Readonly<Record<string, string>>} [env] added to the environment
 * @property {'ignore' | 'pipe'} [stdout]
 * @property {(pid: number) => void} [onStart]
 */

/**
 * Runs a program to its end.
 * @param {string} program
 * @param {readonly string[]} words
 * @param {RunOptions} [options]
 * @returns {Promise<{ ms: number, stdout: string }>} elapsed time from start to end, and what it said
 */
export function run(program, words, options = {}) {
  const { signal, cwd, accept = [0], env = {}, stdout = 'ignore', onStart } = options
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(program, words, {
      stdio: ['ignore', stdout, 'pipe'],
      env: { ...process.env, LC_ALL: 'C', ...env },
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
    })
    let ended = 0
    let said = ''
    let complaint = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => (said += text))
    child.stderr?.setEncoding('utf8').on('data', (text) => (complaint += text))
    child.on('error', reject)
    child.on('exit', () => (ended = performance.now()))
    child.on('close', (code, name) => {
      if (code !== null && accept.includes(code)) resolve({ ms: ended - started, stdout: said })
      else reject(new Error(`${program} ${words.join(' ')}: ${code ?? name}\n${complaint}`))
    })
    if (child.pid !== undefined) onStart?.(child.pid)
  })
}

/**
 * @param {string} program
 * @param {readonly string[]} words
 */
export async function output(program, words) {
  return (await run(program, words, { stdout: 'pipe' })).stdout
}

/**
 * Runs something and looks at the memory of the processes it starts. Looking costs time, so this is
 * never a timed run.
 * @param {(onStart: (pid: number) => void) => Promise<unknown>} body
 * @returns {Promise<number>} the most that all of them together had at one time, in MiB; what several share, such as
 *   the program itself, counts once
 */
export async function peakMemory(body) {
  let peak = 0
  let done = false
  /** @type {number | undefined} */
  let root
  const watching = (async () => {
    while (!done) {
      if (root !== undefined) peak = Math.max(peak, await sharesBelow(root))
      await sleep(POLL_MS)
    }
  })()
  try {
    await body((pid) => (root = pid))
  } finally {
    done = true
    await watching
  }
  return Math.round(peak / 1024)
}

/**
 * The proportional shares of a process and of those below it.
 * @param {number} pid
 * @returns {Promise<number>} KiB
 */
async function sharesBelow(pid) {
  try {
    const shares = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    let sum = Number(/^Pss:\s*(\d+)/mu.exec(shares)?.[1] ?? 0)
    for (const child of children.split(' ').filter(Boolean)) sum += await sharesBelow(Number(child))
    return sum
  } catch {
    // It has ended between two looks.
    return 0
  }
}

/** @param {string} program */
export async function isInstalled(program) {
  try {
    await run('sh', ['-c', 'command -v -- "$0"', program])
    return true
  } catch {
    return false
  }
}

/** @param {number} pid */
export async function memoryOf(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const program = /^Name:\s*(.*)$/mu.exec(status)?.[1] ?? ''
  const mib = (/** @type {RegExp} */ field) =>
    Math.round(Number(field.exec(status)?.[1] ?? 0) / 1024)
  return {
    program,
    peakMiB: mib(/^VmHWM:\s*(\d+)/mu),
    residentMiB: mib(/^VmRSS:\s*(\d+)/mu),
  }
}

/** @param {readonly number[]} numbers */
export function median(numbers) {
  const sorted = numbers.toSorted((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * Prints one comparison. Each round gives a ratio of its own, so that a slow minute of the machine
 * weighs on both sides; the middle one counts.
 * @param {{ name: string, what: string, against: string, files: number }} about
 * @param {readonly number[]} whatMs one per round
 * @param {readonly number[]} againstMs one per round
 */
export function compare(about, whatMs, againstMs) {
  const ratios = whatMs.map((ms, round) => ms / (againstMs[round] ?? Number.NaN))
  print({
    ...about,
    medianMs: {
      [about.what]: roundTo(median(whatMs), 1),
      [about.against]: roundTo(median(againstMs), 1),
    },
    ratio: {
      median: roundTo(median(ratios), 2),
      min: roundTo(Math.min(...ratios), 2),
      max: roundTo(Math.max(...ratios), 2),
    },
    rounds: ratios.length,
  })
}

/**
 * @param {number} value
 * @param {number} digits
 */
export function roundTo(value, digits) {
  return Number(value.toFixed(digits))
}

/**
 * What takes turns: in every other round the order is turned round, since the second in a row may find
 * caches that the first has filled.
 * @template Item
 * @param {readonly Item[]} items
 * @param {number} round
 * @returns {readonly Item[]}
 */
export function inTurn(items, round) {
  return round % 2 === 0 ? items : items.toReversed()
}
