/**
 * Mounting, and getting the descriptor through which the kernel asks. fusermount3 may mount for every user, and sends the
 * descriptor through a socket; root can have mount(8) do it with one that is open already.
 */
import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { messageOf } from '../../errors/system-error.ts'
import { MOUNT_TYPE, SUBTYPE } from '../driver.ts'
import { FUSE_DEVICE } from '../fuse-device.ts'
import type { SystemLibrary } from './system-library.ts'

/** A mount as it is attached: the descriptor, and what ends with it. */
export interface Attached {
  readonly device: number
  /** Closes the descriptor; what waits at the mountpoint for the end of it goes on. */
  close(): void
}

/** Why it is not mounted, in a sentence of the program that was to do it. */
export class AttachFailure extends Error {}

/** The kernel is told once; fusermount3 adds `fd` and who mounts. */
const OPTIONS = ['ro', 'nosuid', 'nodev', 'noatime', 'default_permissions']
const LOOK_MS = 2
/** fusermount3 looks at the mountpoint, which may lie on a disk that is slow. */
const LIMIT_MS = 20_000

/**
 * By fusermount3. It stays, and takes the mount away when this process is gone, however that ends.
 * @throws AttachFailure
 */
export async function attachByFusermount(
  library: SystemLibrary,
  mountpoint: string,
  allowOther: boolean,
): Promise<Attached> {
  const ends = library.socketPair()
  if (ends === undefined) throw new AttachFailure('no socket could be made')
  const [ours, theirs] = ends
  const options = [
    ...OPTIONS,
    `fsname=${SUBTYPE}`,
    `subtype=${SUBTYPE}`,
    'auto_unmount',
    ...(allowOther ? ['allow_other'] : []),
  ]
  const program = startProgram(
    // env(1) adds to the environment that this process has.
    ['env', '_FUSE_COMMFD=3', 'fusermount3', '-o', options.join(','), '--', mountpoint],
    theirs,
  )
  closeSync(theirs)
  try {
    for (let waitedMs = 0; waitedMs < LIMIT_MS; waitedMs += LOOK_MS) {
      const device = library.receiveDescriptor(ours)
      if (device !== undefined) {
        program.leaveAlone()
        return { device, close: () => [device, ours].forEach((one) => closeSync(one)) }
      }
      const end = program.end()
      if (end !== undefined) throw new AttachFailure(end.words)
      await setTimeout(LOOK_MS)
    }
    program.kill()
    throw new AttachFailure('fusermount3 did not answer')
  } catch (error) {
    closeSync(ours)
    throw error
  }
}

/**
 * By mount(8), as root. Nothing takes the mount away when this process is killed; the next `snapfs mount` does.
 * @throws AttachFailure
 */
export async function attachByMount(mountpoint: string, allowOther: boolean): Promise<Attached> {
  const handle = await open(FUSE_DEVICE, 'r+')
  const options = [
    ...OPTIONS,
    ...['fd=3', 'rootmode=40000', 'user_id=0', 'group_id=0'],
    ...(allowOther ? ['allow_other'] : []),
  ]
  // -i: not by way of mount.fuse.
  const words = ['-i', '-t', MOUNT_TYPE, '-o', options.join(','), '--', SUBTYPE, mountpoint]
  const program = startProgram(['mount', ...words], handle.fd)
  const { exitCode, words: said } = await program.ended
  if (exitCode !== 0) {
    await handle.close()
    throw new AttachFailure(said)
  }
  return { device: handle.fd, close: () => void handle.close() }
}

interface ProgramEnd {
  readonly exitCode: number | null
  /** What it said, or how it ended. */
  readonly words: string
}

/** A program with a descriptor as its third. */
function startProgram([program = '', ...words]: readonly string[], descriptor: number) {
  const child = spawn(program, words, {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
  })
  const stderr = child.stderr
  let said = ''
  let over: ProgramEnd | undefined
  stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<ProgramEnd>((resolve) => {
    const end = (exitCode: number | null, words: string): void => {
      over ??= { exitCode, words }
      resolve(over)
    }
    child.once('error', (error) => end(null, messageOf(error)))
    child.once('close', (code) => end(code, said.trim() || `${program} ended with ${code}`))
  })
  return {
    ended,
    end: () => over,
    kill: () => child.kill('SIGKILL'),
    /** It goes on, and is not waited for. */
    leaveAlone: () => {
      child.unref()
      stderr?.destroy()
    },
  }
}
