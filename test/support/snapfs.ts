/** The built program, run as a user runs it. */
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'

export const PROGRAM = fileURLToPath(new URL('../../dist/snapfs', import.meta.url))

export interface Finished {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  /** Added to the environment; HOME and SNAPFS_CONFIG keep a test away from the user's own files. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Runs as this user; needs root. */
  readonly uid?: number
  readonly gid?: number
}

/** Runs `snapfs` to its end; a non-zero exit code is a result, not an error. */
export async function snapfs(
  words: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  // Empty counts as unset, so that HOME decides, whatever the user who runs the tests has set.
  const env = { XDG_STATE_HOME: '', ...options.env }
  const result = await execa(PROGRAM, words, { stdin: 'ignore', reject: false, ...options, env })
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr }
}
