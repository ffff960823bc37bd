/** `snapfs mount`: start the process that serves the mount, and return when it answers. */
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { SnapfsError } from '../errors/snapfs-error.ts'
import { EXIT_CODES } from '../errors/exit-code.ts'
import * as v from 'valibot'
import { messageOf } from '../errors/system-error.ts'
import { resolveMountpoint } from '../fuse/check-mountpoint.ts'
import { mountFiles, openMountLog } from './mount-record.ts'

/** The program and its arguments, with `--foreground`. */
export interface ServingCommand {
  readonly program: string
  readonly arguments: readonly string[]
}

/** A disk that has to spin up first, and a series of thousands of snapshots, fit in. */
const START_LIMIT_MS = 60_000

const messageSchema = v.variant('kind', [
  v.object({ kind: v.literal('serving') }),
  v.object({
    kind: v.literal('failed'),
    code: v.picklist(EXIT_CODES.map(({ name }) => name).filter((name) => name !== 'DONE')),
    message: v.string(),
    hint: v.optional(v.string()),
    details: v.array(v.string()),
  }),
])
/** What the serving process tells the one that started it. */
export type ServingMessage = v.InferOutput<typeof messageSchema>

/**
 * @param stateDirectory where the log of the mount is kept
 * @returns a sentence when there is no log
 * @throws SnapfsError with the reason the serving process gave
 */
export async function mountInBackground(
  command: ServingCommand,
  mountpoint: string,
  stateDirectory: string,
): Promise<string | undefined> {
  const files = mountFiles(stateDirectory, await resolveMountpoint(mountpoint))
  const log = await openMountLog(files).catch((error: unknown) => messageOf(error))
  const child = spawn(command.program, command.arguments, {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'ignore', typeof log === 'string' ? 'ignore' : log.fd, 'ipc'],
  })
  try {
    const message = await firstMessage(child)
    if (message.kind === 'failed') {
      throw new SnapfsError(message.code, message.message, {
        details: message.details,
        ...(message.hint === undefined ? {} : { hint: message.hint }),
      })
    }
    // The proof that it answers; from here, since the serving process must not ask itself.
    await readdir(mountpoint)
    return typeof log === 'string' ? `The mount has no log: ${log}.` : undefined
  } finally {
    if (typeof log !== 'string') await log.close()
    if (child.connected) child.disconnect()
    child.unref()
  }
}

function firstMessage(child: ReturnType<typeof spawn>): Promise<ServingMessage> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      // Whatever it waits for, it may not hear another signal.
      child.kill('SIGKILL')
      reject(new SnapfsError('MOUNT_FAILED', 'The mount did not answer within a minute.'))
    }, START_LIMIT_MS)
    child.once('message', (received) => {
      clearTimeout(timer)
      const parsed = v.safeParse(messageSchema, received)
      if (parsed.success) resolve(parsed.output)
      else reject(new Error(`the serving process said ${JSON.stringify(received)}`))
    })
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      reject(
        new SnapfsError('MOUNT_FAILED', 'The process that was to serve the mount ended at once.', {
          hint: 'Run the same command with --foreground to see why.',
          details: [signal === null ? `exit code ${code ?? 'unknown'}` : `ended by ${signal}`],
        }),
      )
    })
  })
}
