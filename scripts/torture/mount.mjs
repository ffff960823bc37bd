#!/usr/bin/env node
/**
 * Hostile use of a mount: many readers ask for everything at random, are killed in the middle, and try to write, while
 * backups are made and snapshots are removed. Is all that is read what was stored? Does a new snapshot appear within two
 * seconds, and a removed one disappear? Does the process stay as large as it was, with no more open files?
 *
 *   node scripts/torture/mount.mjs [--seconds 3600] [--seed N] [--driver NAME] [--snapfs PROGRAM] [--dir DIR]
 *
 * Needs root, FUSE, rsync and a loop device. Prints one line of JSON. Exit status: 0 nothing was violated; 1 otherwise.
 */
/* global performance */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { appendFile, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeImage, mountImage } from './file-system.mjs'
import { MovingSource } from './mount-source.mjs'
import { Group, run } from './processes.mjs'
import { randomFrom } from './random.mjs'
import { inRoom } from './room.mjs'
import { remark } from './session.mjs'

const READERS = 3
const READER = fileURLToPath(new URL('mount-readers.mjs', import.meta.url))
/** Programs that walk and read in their own ways, each killed at some moment. */
const PROGRAMS = [
  ['find', '.', '-ls'],
  ['tar', '-cf', '-', '--ignore-failed-read', '.'],
  ['grep', '-rs', 'end', 'by-date'],
  ['du', '-a', '.'],
  ['ls', '-lR', '.'],
  ['find', 'deleted', 'changes', '-type', 'f'],
]
const KEPT_SNAPSHOTS = 12
/** It goes on until so many were made: few seconds of a slow machine would show nothing. */
const LEAST_BACKUPS = 3
/** What the issue of liveness allows. */
const LIVENESS_MS = 2000
const SAMPLE_MS = 5000
/** Then a mount is said not to answer. */
const ANSWER_MS = 20_000
/** Caches are full by then. */
const WARM_SHARE = 0.3
const GROWTH_MIB = 16
const IMAGE_MIB = 1024

const { values } = parseArgs({
  options: {
    driver: { type: 'string', default: 'auto' },
    seconds: { type: 'string', default: '3600' },
    seed: { type: 'string', default: '1' },
    snapfs: {
      type: 'string',
      default: fileURLToPath(new URL('../../dist/snapfs', import.meta.url)),
    },
    dir: { type: 'string', default: tmpdir() },
  },
})
const seed = Number(values.seed)
const limitMs = Number(values.seconds) * 1000
/** @type {Map<string, { count: number, first: string }>} */
const violations = new Map()
/** @type {Record<string, number>} */
const did = { backups: 0, removed: 0, killed: 0 }

/**
 * @param {string} check
 * @param {string} detail
 */
function violate(check, detail) {
  const known = violations.get(check)
  if (known === undefined) {
    violations.set(check, { count: 1, first: detail.slice(0, 1000) })
    remark(`${check}: ${detail.slice(0, 1000)}`)
  } else known.count += 1
}

await inRoom(values.dir, async (room, signal) => {
  const disk = `${room}/disk`
  // A small file system: the numbers of inodes that were removed come again soon.
  await makeImage(`${room}/image`, 'ext4', { sizeMiB: IMAGE_MIB, inodes: 20_000 })
  await mountImage(`${room}/image`, disk)
  const place = {
    room,
    source: `${room}/source`,
    repository: `${disk}/repository`,
    mountpoint: `${room}/history`,
    env: { HOME: room, SNAPFS_CONFIG: `${room}/config.toml`, XDG_STATE_HOME: '' },
  }
  await mkdir(place.mountpoint)
  const source = new MovingSource(place.source, seed)
  const words = ['--source', place.source, '--profile', 'home']
  await snapfs(place, 'init', place.repository, ...words)
  await appendFile(place.env.SNAPFS_CONFIG, `keep = { last = ${KEPT_SNAPSHOTS} }\n`)
  await snapfs(place, 'backup')
  await snapfs(place, 'mount', `--driver=${values.driver}`, place.mountpoint)
  const { mounts } = JSON.parse(await snapfs(place, 'status', '--json'))
  const pid = mounts.find(
    (/** @type {any} */ { mountpoint }) => mountpoint === place.mountpoint,
  ).pid
  // Whoever reads a tree has the server begin a thread of its own, which stays.
  await run('cp', ['-r', `${place.mountpoint}/by-date/latest/.`, `${room}/copy`])
  await sleep(1000)
  const before = look(pid)
  const began = performance.now()
  const isOver = () =>
    (performance.now() - began > limitMs && did.backups >= LEAST_BACKUPS) || signal.aborted
  const samples = [{ atMs: 0, ...before }]
  await Promise.all([
    ...Array.from({ length: READERS }, (_, index) => read(place, index, isOver)),
    walk(place, isOver),
    keepTime(place, source, isOver),
    sample(pid, samples, began, isOver),
  ])
  // Nobody reads any more. After news at the latest nothing is kept on the disk that was removed (on Linux 6.18 and newer).
  await snapfs(place, 'backup')
  for (let waits = 0; waits < 20 && keptOpen(pid).length > 0; waits += 1) await sleep(500)
  const kept = keptOpen(pid)
  if (kept.length > 0) violate('kept on the disk', `${kept.length}, as ${kept[0]}`)
  // What the kernel remembers may be open still. Mounted again in place, it remembers only what is in use.
  await run('mount', ['-i', '-o', 'remount,ro', place.mountpoint])
  await sleep(1000)
  const after = look(pid)
  const listed = await within(readdir(place.mountpoint), 'root')
  if (!listed?.includes('by-date')) violate('does not answer', String(listed))
  if (after.descriptors > before.descriptors) {
    violate('open files', `${after.descriptors} after, ${before.descriptors} before`)
  }
  const warm = samples.filter(({ atMs }) => atMs > limitMs * WARM_SHARE)
  const [first, last] = [warm.slice(0, 10), warm.slice(-10)].map(meanOf)
  if (last !== undefined && first !== undefined && last - first > GROWTH_MIB) {
    violate('memory', `${first} MiB at a third of the time, ${last} at the end`)
  }
  const log = await snapfs(place, 'status')
  const logFile = /log\s+(\S+)/u.exec(log)?.[1]
  const logged = logFile === undefined ? '' : readFileSync(logFile, 'utf8')
  if (/EIO|Error/u.test(logged)) violate('logged', logged)
  await snapfs(place, 'unmount', place.mountpoint)
  const result = {
    ...{ seed, seconds: Number(values.seconds), ...did },
    memoryMiB: { begin: before.residentMiB, third: first, end: last, peak: after.peakMiB },
    descriptors: { before: before.descriptors, after: after.descriptors },
    seen: [...violations].map(([check, seen]) => ({ check, ...seen })),
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
  if (violations.size > 0) process.exitCode = 1
})

/** @typedef {{ room: string, source: string, repository: string, mountpoint: string, env: Record<string, string> }} Place */

/**
 * @param {Place} place
 * @param {readonly string[]} words
 */
async function snapfs({ room, env }, ...words) {
  const ended = await new Group(room, values.snapfs, words, { env, limitMs: 120_000 }).ended
  if (ended.exitCode !== 0) violate(`snapfs ${words[0]}`, `${ended.exitCode} ${ended.stderr}`)
  return ended.stdout
}

/** @param {number} pid */
function look(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mib = (/** @type {string} */ name) =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`, 'u').exec(status)?.[1]) / 1024)
  return {
    residentMiB: mib('VmRSS'),
    peakMiB: mib('VmHWM'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  }
}

/**
 * Files that are open and have no name any more, in no snapshot.
 * @param {number} pid
 */
function keptOpen(pid) {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    const link = `/proc/${pid}/fd/${descriptor}`
    try {
      const status = statSync(link)
      return status.isFile() && status.nlink === 0 ? [readlinkSync(link)] : []
    } catch {
      // It was closed meanwhile.
      return []
    }
  })
}

/** @param {readonly { residentMiB: number }[]} samples */
function meanOf(samples) {
  const sum = samples.reduce((total, { residentMiB }) => total + residentMiB, 0)
  return samples.length === 0 ? undefined : Math.round(sum / samples.length)
}

/**
 * @param {number} pid
 * @param {({ atMs: number } & ReturnType<typeof look>)[]} samples
 * @param {number} began
 * @param {() => boolean} isOver
 */
async function sample(pid, samples, began, isOver) {
  while (!isOver()) {
    samples.push({ atMs: performance.now() - began, ...look(pid) })
    if (samples.length % 60 === 0) remark(JSON.stringify({ ...samples.at(-1), ...did }))
    await sleep(SAMPLE_MS)
  }
}

/**
 * Readers, one after another; some are killed wherever they are.
 * @param {Place} place
 * @param {number} index
 * @param {() => boolean} isOver
 */
async function read({ mountpoint }, index, isOver) {
  const random = randomFrom(seed, `readers ${index}`)
  while (!isOver()) {
    const child = spawn(process.execPath, [READER, mountpoint, String(random.below(2 ** 31))], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.on('close', resolve))
    createInterface(child.stdout).on('line', (line) => {
      const said = JSON.parse(line)
      if ('check' in said) violate(said.check, said.detail)
      else for (const [name, count] of Object.entries(said)) did[name] = (did[name] ?? 0) + count
    })
    const end = performance.now() + 5000 + random.below(20_000)
    while (!isOver() && performance.now() < end) await sleep(100)
    if (random.below(3) === 0) {
      did['killed'] = (did['killed'] ?? 0) + 1
      child.kill('SIGKILL')
    } else child.stdin.end()
    await ended
  }
}

/**
 * @param {Place} place
 * @param {() => boolean} isOver
 */
async function walk({ room, mountpoint }, isOver) {
  const random = randomFrom(seed, 'programs')
  while (!isOver()) {
    const [program = '', ...words] = random.pick(PROGRAMS)
    const group = new Group(room, program, words, { cwd: mountpoint, limitMs: 120_000 })
    const over = group.ended.then(() => true)
    const isDone = await Promise.race([over, sleep(random.below(8000), false, { ref: false })])
    if (!isDone) {
      did['killed'] = (did['killed'] ?? 0) + 1
      group.kill()
    }
    const { hung } = await group.ended
    if (hung) violate('hung', [program, ...words].join(' '))
  }
}

/**
 * Makes snapshots, and removes some: the oldest by `snapfs prune`, any as it does, first out of sight, then bit by bit.
 * @param {Place} place
 * @param {MovingSource} source
 * @param {() => boolean} isOver
 */
async function keepTime(place, source, isOver) {
  const random = randomFrom(seed, 'time')
  const series = `${place.repository}/home`
  const trash = `${series}/.trash`
  await mkdir(trash, { recursive: true })
  while (!isOver()) {
    source.change()
    const { snapshots } = JSON.parse(await snapfs(place, 'backup', '--json'))
    did['backups'] = (did['backups'] ?? 0) + 1
    await seen(place, snapshots[0].id, true)
    const ids = (await readdir(series)).filter((name) => /^\d{4}-/u.test(name)).sort()
    if (ids.length > KEPT_SNAPSHOTS && random.below(2) === 0) {
      const pruned = JSON.parse(await snapfs(place, 'prune', '--json'))
      for (const id of pruned.series[0].removed) {
        await seen(place, id, false)
        did['removed'] = (did['removed'] ?? 0) + 1
      }
      did['prunes'] = (did['prunes'] ?? 0) + 1
      continue
    }
    while (ids.length > KEPT_SNAPSHOTS) {
      const [id = ''] = ids.splice(random.below(ids.length - 1), 1)
      await rename(`${series}/${id}`, `${trash}/${id}`)
      const gone = rm(`${trash}/${id}`, { recursive: true })
      await seen(place, id, false)
      await gone
      did['removed'] = (did['removed'] ?? 0) + 1
    }
    await sleep(random.below(3000))
  }
}

/**
 * @param {Place} place
 * @param {string} id
 * @param {boolean} there
 */
async function seen({ mountpoint }, id, there) {
  const name = id.replace('T', '_').replace('Z', '')
  const end = performance.now() + LIVENESS_MS
  for (;;) {
    const names = await within(readdir(`${mountpoint}/by-date`), 'by-date')
    if (names?.includes(name) === there) return
    if (performance.now() > end) return violate('late', `${name} ${there ? 'appears' : 'goes'}`)
    await sleep(50)
  }
}

/**
 * @template Result
 * @param {Promise<Result>} question
 * @param {string} what
 * @returns {Promise<Result | undefined>}
 */
async function within(question, what) {
  const answer = await Promise.race([question, sleep(ANSWER_MS, 'late', { ref: false })])
  if (answer !== 'late') return /** @type {Result} */ (answer)
  violate('does not answer', what)
  return undefined
}
