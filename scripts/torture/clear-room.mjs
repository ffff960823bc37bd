/**
 * Makes the room of a torture, and clears it when the torture is over: no process, no mount, no loop device and
 * no file stays. A process of its own, since a torture that meets kill -9 can do nothing any more. It waits for
 * the end of its standard input, which the torture holds and the kernel closes, however the torture ends.
 *
 *   node scripts/torture/clear-room.mjs DIR
 *
 * Prints the room, a new directory in DIR. `room.mjs` starts it, in a session of its own.
 */
/* global performance */
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endAll, OWNED, processesOf, run } from './processes.mjs'

/** After so long a mount is taken out of the tree, whoever is still in it. */
const BUSY_LIMIT_MS = 5000
const LIMIT_MS = 20_000
const LOOK_MS = 50

// It ends when the torture does, and not before.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE']) process.on(name, () => undefined)
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

const room = await mkdtemp(join(process.argv[2] ?? '', 'snapfs-torture-'))
process.stdout.write(`${room}\n`)
process.stdin.resume()
await once(process.stdin, 'close')
const startedMs = performance.now()
let left = await clear()
while (left.length > 0 && performance.now() < startedMs + LIMIT_MS) {
  await sleep(LOOK_MS)
  left = await clear()
}
if (left.length > 0) {
  process.stderr.write(`${room} could not be cleared: ${left.join('; ')}\n`)
  process.exitCode = 1
}

/** @returns {Promise<string[]>} what is left; then it is to be tried again */
async function clear() {
  await endAll(room, 0, OWNED)
  const processes = processesOf(room, OWNED)
  // They may mount something, or write.
  if (processes.length > 0) return processes.map(({ words }) => `process ${words}`)
  const late = performance.now() > startedMs + BUSY_LIMIT_MS ? ['-l'] : []
  for (const mountpoint of (await mountsBelow()).reverse()) {
    await run('umount', [...late, '--', mountpoint]).catch(() => undefined)
  }
  const mounts = await mountsBelow()
  if (mounts.length > 0) return mounts.map((mountpoint) => `mount ${mountpoint}`)
  // A loop device goes with its mount; one is left when mount was killed before it had mounted.
  for (const device of await loopDevices()) {
    await run('losetup', ['-d', device]).catch(() => undefined)
  }
  const devices = await loopDevices()
  if (devices.length > 0) return devices.map((device) => `loop device ${device}`)
  const failure = await rm(room, { recursive: true, force: true }).catch(String)
  return failure === undefined ? [] : [failure]
}

async function mountsBelow() {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  const mounts = table.split('\n').map((line) => line.split(' ')[4] ?? '')
  return mounts.filter((mountpoint) => mountpoint.startsWith(`${room}/`))
}

async function loopDevices() {
  const names = (await readdir('/sys/block')).filter((name) => name.startsWith('loop'))
  const files = await Promise.all(
    names.map((name) => readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '')),
  )
  return names
    .filter((_, index) => files[index]?.startsWith(`${room}/`))
    .map((name) => `/dev/${name}`)
}
