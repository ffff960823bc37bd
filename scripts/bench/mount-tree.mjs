/** The parts of the mount's benchmark that walk through whole snapshots. */
import { setTimeout as sleep } from 'node:timers/promises'
import { between, writesOf } from './count-answers.mjs'
import { inTurn, median, memoryOf, print, remark } from './measure.mjs'
import { findPrintf, grep, makeTreeJobs, timed } from './mount-jobs.mjs'
import { DRIVERS, snapfsServer, startSides } from './mount-sides.mjs'
import { Times } from './times.mjs'

/** What a server frees when the kernel has forgotten, it frees within this time. */
const FREEING_MS = 3000

/** @typedef {import('./measure.mjs').Bench} Bench */
/** @typedef {import('./mount-sides.mjs').Side} Side */
/** @typedef {import('./mount-sides.mjs').Made} Made */
/** @typedef {import('./mount-jobs.mjs').Jobs} Jobs */

/**
 * @param {Bench} bench
 * @param {Made} made
 */
export async function measureTree(bench, made) {
  const { rounds, files } = bench.options
  const jobs = makeTreeJobs(bench)
  const sides = await fit(bench, await startSides(bench, made), jobs)
  const times = new Times()
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, job] of jobs) {
      for (const { server, ...side } of inTurn(sides, round)) {
        await forgetAll(server)
        for (const state of ['cold', 'warm']) {
          times.add(`${name}, ${state}`, side.name, await timed(bench, job(side.newer)))
        }
      }
    }
    for (const { server, ...side } of inTurn(sides, round)) {
      await forgetAll(server)
      const first = await timed(bench, grep(side.older))
      const second = await timed(bench, grep(side.newer))
      times.add('second snapshot', side.name, second)
      times.add('second snapshot', `${side.name}, the first`, first)
    }
    remark(`tree, round ${round + 1} of ${rounds}`)
  }
  const names = sides.map(({ name }) => name)
  const [kernel] = DRIVERS
  times.print(
    [
      ...names.filter((name) => name !== 'direct').map((name) => pair(name, 'direct')),
      ...names
        .filter((name) => name !== 'direct' && name !== kernel)
        .map((name) => pair(kernel, name)),
      ...names.map((name) => pair(name, `${name}, the first`)),
    ],
    files,
  )
  times.remarkTable('direct', names)
  await countOperations(bench, sides, jobs)
  for (const { name, server } of sides) {
    const pid = server?.child?.pid
    if (pid === undefined) continue
    print({ name: 'tree, peak memory', what: name, peakMiB: (await memoryOf(pid)).peakMiB, files })
    await server?.stop()
  }
}

/** @returns {readonly [string, string]} */
function pair(/** @type {string} */ what, /** @type {string} */ against) {
  return [what, against]
}

/**
 * Does every job once on every side, untimed: it fills the caches below, and shows who can do it.
 * @param {Bench} bench
 * @param {readonly Side[]} sides
 * @param {Jobs} jobs
 */
async function fit(bench, sides, jobs) {
  const able = []
  for (const side of sides) {
    try {
      for (const job of jobs.values()) await timed(bench, job(side.newer))
      await timed(bench, grep(side.older))
      able.push(side)
    } catch (error) {
      // It holds a descriptor for each inode, of which there may not be enough.
      if (side.name !== 'passthrough_ll' || bench.signal.aborted) throw error
      remark(`passthrough_ll is left out; has it as many descriptors as files? ${String(error)}`)
      await side.server?.stop()
    }
  }
  return able
}

/**
 * The kernel knows nothing of the mount any more; where only mounting anew does that, it is done.
 * @param {Side['server']} server
 */
async function forgetAll(server) {
  if (server === undefined || (await server.dropKernelCaches())) return
  await server.stop()
  await server.start()
}

/**
 * @param {Bench} bench
 * @param {readonly Side[]} sides
 * @param {Jobs} jobs
 */
async function countOperations(bench, sides, jobs) {
  const [driver] = DRIVERS
  const side = sides.find(({ name }) => name === driver)
  if (side?.server === undefined) return
  for (const [name, job] of jobs) {
    await forgetAll(side.server)
    for (const state of ['cold', 'warm']) {
      const pid = side.server.child?.pid ?? 0
      const before = await writesOf(pid)
      await timed(bench, job(side.newer))
      await side.server.idle()
      const after = await writesOf(pid)
      if (before === undefined || after === undefined) {
        remark('operations are left out: the kernel does not count them for us')
        return
      }
      const { files } = bench.options
      print({
        name: `operations, ${name}, ${state}`,
        what: driver,
        ...between(before, after),
        files,
      })
    }
  }
}

/**
 * @param {Bench} bench
 * @param {Made} made
 */
export async function measureMemory(bench, { repository }) {
  const { rounds, files } = bench.options
  for (const driver of DRIVERS) {
    const server = snapfsServer(bench, driver, repository, `memory-${driver}`)
    /** @type {Record<string, number[]>} */
    const looks = {}
    const look = async (/** @type {string} */ state) => {
      const { residentMiB } = await memoryOf(server.child?.pid ?? 0)
      looks[state] = [...(looks[state] ?? []), residentMiB]
    }
    for (let round = 0; round < rounds; round += 1) {
      await server.start()
      await look('mounted')
      await timed(bench, findPrintf(`${server.mountpoint}/by-date/latest/`))
      await look('listed')
      if (await server.dropKernelCaches()) {
        await sleep(FREEING_MS)
        await look('forgotten')
      }
      await server.stop()
    }
    const residentMiB = Object.fromEntries(
      Object.entries(looks).map(([state, sizes]) => [state, median(sizes)]),
    )
    print({ name: `memory after ${files} files`, what: driver, residentMiB, files, rounds })
  }
}
